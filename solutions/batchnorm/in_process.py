"""Run a solution's functions in this process, the way the sandbox does it: copies in, plain data out.

For our own mutants and variants only. Arguments are copied; what a function leaves in its mutable arguments is written
back; objects that are no data (a cache of any type) come out as opaque handles.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.checking import CaseFailed, NotAttempted, StudentError
from grader.verdict import Status

REFERENCE = Path(__file__).resolve().with_name("reference.py").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Opaque:
    """An object that stays where it is."""

    held: Any

    @property
    def type_name(self) -> str:
        return type(self.held).__name__


class LocalStudent(Mapping[str, Any]):
    """The namespace after running `source`; functions it lacks are the reference's."""

    def __init__(self, source: str, *, fallback: str = REFERENCE) -> None:
        self.memo: dict[Any, Any] = {}
        self._names: dict[str, Any] = {"np": np, "__name__": "__main__"}
        for text in (fallback, source):
            exec(compile(text, "<submission>", "exec"), self._names)  # noqa: S102  (our own mutants and variants)

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise StudentError(f"`{name}` is not defined.")
        function = self._names[name]
        return lambda *args: _call(name, function, args)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _call(name: str, function: Any, args: tuple[Any, ...]) -> Any:
    inside = [_into(arg) for arg in args]
    try:
        with _quiet():
            result = function(*inside)
    except NotImplementedError:
        raise NotAttempted(f"{name} is not written yet.", exception="NotImplementedError") from None
    except Exception as error:
        raise StudentError(f"{name} raised {type(error).__name__}", exception=type(error).__name__) from None
    for original, left in zip(args, inside, strict=True):
        _write_back(name, original, left)
    return tuple(_out(value) for value in result) if isinstance(result, tuple) else _out(result)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _into(value: Any) -> Any:
    if isinstance(value, Opaque):
        return value.held
    if isinstance(value, dict):
        return {key: _into(item) for key, item in value.items()}
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def _out(value: Any) -> Any:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return np.array(value, subok=False)
    if value is None or isinstance(value, bool | int | float | complex | str | np.generic):
        return value
    return Opaque(value)


def _write_back(name: str, original: Any, left: Any) -> None:
    if isinstance(original, dict):
        original.clear()
        original.update({key: _out(item) for key, item in left.items()})
    elif isinstance(original, np.ndarray):
        if (left.shape, left.dtype) != (original.shape, original.dtype):
            raise StudentError(f"{name} changed the shape or the type of an array it was given.")
        original[...] = left


@dataclass(frozen=True)
class Outcome:
    """How one case ended."""

    status: Status
    points: float
    message: str = ""
    hint: str = ""
    misconception: str | None = None
    ratio: float | None = None
    where: str | None = None
    got: str | None = None


def grade(cases: list[Any], source: str, *, fallback: str = REFERENCE) -> dict[str, Outcome]:
    """Run every case on a fresh student. Anything but the words of `grader.checking` is our own fault and is raised."""
    student = LocalStudent(source, fallback=fallback)
    outcomes = {}
    for case in cases:
        try:
            ratio = case.run(student)
            outcomes[case.id] = Outcome(Status.PASS, case.points, ratio=ratio)
        except CaseFailed as failed:
            fields = {
                name: getattr(failed, name) for name in ("message", "hint", "misconception", "ratio", "where", "got")
            }
            outcomes[case.id] = Outcome(failed.status, 0.0, **fields)
    return outcomes
