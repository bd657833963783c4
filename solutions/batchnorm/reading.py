"""Turn what a student's function handed back into arrays, or say in one short sentence why that is not possible."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from check_table import times as in_digits

from grader.checking import CaseFailed
from solutions.batchnorm.texts import HINTS, MESSAGES

Shape = tuple[int, ...]


def say(key: str, **fields: Any) -> str:
    return MESSAGES[key].format(**fields)


def wrong(key: str, misconception: str | None = None, **fields: Any) -> CaseFailed:
    """A failed case with the sentence `key` and, where the misconception is known, its question.

    `where`, `got` and `ratio_value` are also kept as fields of the result.
    """
    ratio = fields.pop("ratio_value", None)
    return CaseFailed(
        say(key, **fields),
        misconception=misconception,
        hint=HINTS[misconception] if misconception else "",
        ratio=ratio,
        where=fields.get("where"),
        got=fields.get("got"),
    )


def kind_of(value: Any) -> str:
    """The name of the type, also of an object that stayed in the sandbox; a word, however the student named it."""
    return re.sub(r"\W", "", str(getattr(value, "type_name", type(value).__name__)))[:40]


def values_returned(function: str, result: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The values of a call that should have returned `names`. Raises CaseFailed where there is another number."""
    wanted = {"number": len(names), "names": ", ".join(names)}
    if result is None:
        raise wrong("returned_none", "nothing-returned", function=function)
    if not isinstance(result, tuple | list):
        raise wrong("returned_one", function=function, kind=kind_of(result), **wanted)
    if len(result) != len(names):
        raise wrong("returned_count", function=function, count=len(result), **wanted)
    return tuple(result)


class _Second:
    """Stands where a value is missing that came in the second place."""


SECOND = _Second()


def real_array(name: str, value: Any, shape: Shape) -> np.ndarray:
    """`value` as a plain real array of `shape`; superfluous dimensions of length 1 are taken away.

    A `(1, D)` where `(D,)` is asked for has the right numbers, and its form is judged on its own. Raises CaseFailed
    for None, text, lists, complex numbers, objects that are no arrays, and other shapes.
    """
    array = _plain(name, value, "not_array" if shape else "not_number")
    if shape == () != np.squeeze(array).shape:
        raise wrong("not_number", name=name, kind=kind_of(value))
    if array.shape != shape:
        if np.squeeze(array).shape != tuple(size for size in shape if size != 1):
            unsummed = name in ("dgamma", "dbeta") and array.ndim == 2 and array.shape[1:] == shape
            raise wrong("shape", f"{name}-not-summed" if unsummed else None, name=name, shape=array.shape, wanted=shape)
        array = array.reshape(shape)
    return array


def _plain(name: str, value: Any, kind_asked_for: str = "not_array") -> np.ndarray:
    if value is SECOND:
        raise wrong("out_second", "out-cache-swapped", name=name)
    if value is None:
        raise wrong("none", "nothing-returned", name=name)
    if isinstance(value, bool | str | bytes) or not isinstance(value, np.ndarray | np.generic | int | float | complex):
        raise wrong(kind_asked_for, name=name, kind=kind_of(value))
    array = np.array(value, subok=False)  # the buffer itself, whatever a subclass says about it
    if array.dtype.kind == "c":
        raise wrong("complex", name=name)
    if array.dtype.kind not in "fiu":
        raise wrong("not_numbers", name=name, kind=array.dtype.name[:40])
    return array


def check_form(name: str, value: Any, shape: Shape, dtype: type[np.floating]) -> None:
    """Raise CaseFailed unless `value` has this very shape and at least the precision of `dtype`."""
    array = _plain(name, value)
    if array.dtype.kind != "f":
        raise wrong("dtype", "integer-output", name=name, kind=array.dtype, wanted=np.dtype(dtype))
    if np.finfo(array.dtype).eps > np.finfo(dtype).eps:
        raise wrong("dtype", "single-precision", name=name, kind=array.dtype, wanted=np.dtype(dtype))
    if array.shape != shape:
        kept = "dimension-kept" if array.size == math.prod(shape) and array.ndim > len(shape) else None
        raise wrong("shape", kept, name=name, shape=array.shape, wanted=shape)


def at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def shown(number: Any) -> str:
    return f"{float(number):.6g}"


def times(ratio: float) -> str:
    """A ratio as students read it: 0.3, 12, 2e4."""
    return in_digits(ratio) if math.isfinite(ratio) else say("infinitely_many")


def require_same(
    name: str, before: np.ndarray, after: Any, key: str = "changed", misconception: str | None = None
) -> None:
    """Raise CaseFailed (sentence `key`) unless `after` equals `before` to the bit."""
    left = real_array(name, after, before.shape)
    if (left == before).all():
        return
    differs = np.argwhere(~((left == before) | (np.isnan(left) & np.isnan(before))))
    if len(differs):
        index = tuple(int(i) for i in differs[0])
        raise wrong(key, misconception, where=at(name, index), got=shown(left[index]))
