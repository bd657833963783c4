"""Judging one answer: first its dtype, then its shape, then its values."""

import numpy as np
from check_call import Problem, kind_of, wrong
from check_table import Row, times
from check_text import TEXT, say
from tolerance import relative_error, times_tolerance

MOST_LISTED = 100_000  # numbers in lists that are made into an array; the examples have a few hundred


def numbers(label, value, shape):
    """Return `value` as a real array of this shape, a copy; (1, D) and (D, 1) count as (D,) here.

    `require_shape` judges dtype and shape themselves: alone they do not cost the points for the values. A Problem in
    place of the value is raised.
    """
    if isinstance(value, Problem):
        raise value
    if value is None:
        raise wrong("is_none", label=label)
    if isinstance(value, list | tuple) and not lists_numbers(value):
        raise wrong("is_not_array", label=label, kind=kind_of(value))
    try:
        array = np.asarray(value)
    except Exception:
        raise wrong("is_not_array", label=label, kind=kind_of(value)) from None
    if array.dtype.kind == "O":
        raise wrong("is_not_array", label=label, kind=kind_of(value))
    if array.dtype.kind not in "fiub":
        raise wrong("wrong_dtype", label=label, dtype=array.dtype)
    if [size for size in array.shape if size != 1] != [size for size in shape if size != 1]:
        raise wrong("wrong_shape", label=label, got=array.shape, expected=shape)
    return np.array(array).reshape(shape)


def lists_numbers(value):
    """Whether lists in lists hold nothing but numbers and arrays of numbers, and not too many to make one array of.

    NumPy would give numbers and a text a common dtype: each number then takes as many bytes as the longest text.
    """
    left, count = [value], 0
    while left and count <= MOST_LISTED:
        item = left.pop()
        if isinstance(item, list | tuple):
            count += len(item)
            left += item[: MOST_LISTED + 1]
        elif isinstance(item, np.ndarray | np.generic):
            count += item.size
            if item.dtype.kind not in "fiubc":
                return False
        elif not isinstance(item, int | float | complex):
            return False
    return count <= MOST_LISTED


def require_shape(label, value, shape):
    """Judge dtype and shape, in this order, and nothing else."""
    numbers(label, value, shape)
    if not isinstance(value, np.ndarray):
        raise wrong("is_not_array", label=label, kind=kind_of(value))
    if value.dtype.kind != "f":
        raise wrong("wrong_dtype", label=label, dtype=value.dtype)
    if value.dtype.itemsize < np.dtype(np.float64).itemsize:
        raise wrong("low_precision", label=label, dtype=value.dtype)
    if value.shape != shape:
        raise wrong("other_dimensions", label=label, got=value.shape, expected=shape)


def compare(*answers, n, single=False):
    """Judge each (label, got, expected, scale) by `times_tolerance`; return facts about the worst element.

    `single` judges as single precision, whatever the dtype says.
    """
    judged = []
    for label, value, expected, scale in answers:
        got = numbers(label, value, expected.shape)
        # the dtype is for `require_shape`
        precision = np.float32 if single or got.dtype == np.float32 else np.float64
        ratios = times_tolerance(got, expected, scale, n, precision)
        looked_at = label if len(answers) > 1 else "", got, expected, ratios
        if np.any(ratios > 1.0):
            rough = precision is np.float64 and np.all(times_tolerance(got, expected, scale, n, np.float32) <= 1.0)
            raise too_far(label, facts_at_worst(*looked_at), rough)
        judged.append(looked_at)
    return facts_at_worst(*max(judged, key=lambda looked_at: looked_at[-1].max()))


def facts_at_worst(label, got, expected, ratios):
    """The worst element, in the words of a `Row`."""
    where = np.unravel_index(np.argmax(ratios), ratios.shape)
    ratio = float(ratios[where])
    shown = pair(float(got[where]), float(expected[where]), apart=ratio > 1.0)
    return {
        "ratio": ratio if np.isfinite(ratio) else None,
        "where": f"{label} {[int(i) for i in where]}".strip(),
        "got": shown[0],
        "expected": shown[1],
        "relative_error": relative_error(got, expected) if np.all(np.isfinite(got)) else None,
    }


def too_far(label, facts, rough):
    """The Problem for an answer outside the tolerance; `rough` where it is right to single precision.

    In the public examples, which lie near zero and whose rows are few, a wrong formula is never that near.
    """
    words = {"got": facts["got"], "expected": facts["expected"], "where": facts["where"].removeprefix(label)}
    if facts["ratio"] is None:
        return wrong("not_finite", facts, label=label, **words)
    if rough:
        return wrong("half_digits", facts, label=label, **words)
    return wrong("wrong_value", facts, label=label, ratio=times(facts["ratio"]), **words)


def pair(got, expected, apart):
    """Two numbers in six digits, or in as many as it takes to tell them `apart`."""
    for digits in (6, 9, 12, 17):
        texts = f"{got:.{digits}g}", f"{expected:.{digits}g}"
        if not apart or texts[0] != texts[1]:
            break
    return texts


def require_unchanged(before, after):
    """Judge that a call left its arguments alone; both are arrays by label."""
    for label, array in before.items():
        if not np.array_equal(array, after[label]):
            raise wrong("changed", label=label)


def judge(name, points, look):
    """Make a row of one check. `look()` returns facts about the numbers, or None, or raises what it met."""
    row = {"name": name, "title": say(name), "points": 0.0, "max_points": points}
    try:
        facts = look() or {}
    except Problem as problem:
        hint = problem.hint or (TEXT.get(f"{name}?", "") if problem.status == "FAIL" else "")
        return Row(status=problem.status, message=problem.message, hint=hint, **row, **problem.facts)
    except Exception as error:  # something a student returned misbehaves when it is looked at
        return Row(status="ERROR", message=say("unreadable", kind=type(error).__name__), **row)
    return Row(status="PASS", **{**row, "points": points}, **facts)
