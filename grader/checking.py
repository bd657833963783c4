"""The words that graded cases are written with (`solutions/NAME/cases.py`).

A case is a function of the student's namespace. It returns (optionally the ratio of error to tolerance) when the
student's code is right and raises one of the exceptions below when it is not. The student's functions are remote
proxies: calling one passes copies into the sandbox, brings the result out as plain data, and leaves in mutable
arguments what the student's function left there, so a case reads like ordinary Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .verdict import Status


class Student(Protocol):
    """One student's namespace, as cases see it.

    `student["double"](x)` calls the student's function in the sandbox; a name that is not defined raises
    `StudentError`. `memo` is a place where the cases of one submission can share what they computed; it is emptied
    when the student's code had to be started again, so it may hold handles.
    """

    memo: dict[Any, Any]

    def __getitem__(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is checked and what it is worth.

    `cell` is the grade_id of the locked test cell whose points the case is part of; the points of a cell's cases
    add up to the points of the cell. `title` says in plain language what is checked; students read it.
    """

    id: str
    cell: str
    points: float
    title: str
    run: Callable[[Student], float | None]


class CaseFailed(Exception):
    """The student's answer is wrong (`FAIL`). The fields are those of `verdict.CaseResult`."""

    status = Status.FAIL

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        misconception: str | None = None,
        ratio: float | None = None,
        where: str | None = None,
        got: str | None = None,
        errors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.misconception = misconception
        self.ratio = ratio
        self.where = where
        self.got = got
        self.errors = errors


MAP_SIDE = 16  # rows and columns of a map of errors at most; larger arrays are shown in blocks


def map_of_errors(ratio: np.ndarray) -> tuple[str, ...]:
    """Where an answer is wrong, for `CaseFailed(errors=…)`: see verdict.CaseResult.

    `ratio`: error divided by what is allowed, of one or two dimensions (others give no map). A block of a large array
    shows its worst element. The letters are so coarse that no expected value can be worked back from them.
    """
    if ratio.ndim not in (1, 2) or ratio.size == 0:
        return ()
    worst = np.atleast_2d(np.where(np.isnan(ratio), np.inf, ratio).astype(float))
    for axis in (0, 1):
        if worst.shape[axis] > MAP_SIDE:
            starts = np.linspace(0, worst.shape[axis], MAP_SIDE, endpoint=False).astype(int)
            worst = np.maximum.reduceat(worst, starts, axis=axis)
    return tuple("".join(_letter(value) for value in row) for row in worst)


def _letter(value: float) -> str:
    if value <= 1:
        return "."
    return str(min(9, max(1, math.ceil(math.log10(value))))) if math.isfinite(value) else "x"


class Blocked(CaseFailed):
    """The case cannot be reached because an earlier function failed (`BLOCKED`)."""

    status = Status.BLOCKED


class StudentError(CaseFailed):
    """The student's code raised, or what it returned cannot be read (`ERROR`)."""

    status = Status.ERROR

    def __init__(self, message: str, *, exception: str = "", **fields: Any) -> None:
        super().__init__(message, **fields)
        self.exception = exception  # name of the exception class the student's code raised, "" if it raised none


class NotAttempted(StudentError):
    """The stub is unchanged, or raises NotImplementedError (`NOT_ATTEMPTED`)."""

    status = Status.NOT_ATTEMPTED


class StudentTimeout(StudentError):
    """The student's code did not come back in time (`TIMEOUT`)."""

    status = Status.TIMEOUT
