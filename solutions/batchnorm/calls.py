"""Call the student's three functions with fresh copies, and keep what the calls leave behind.

Many cases look at the same call: its values, its form, what it left alone. Such a call is made `once`. A cache is never
shared: backward may overwrite it, which is charged in one case and must not spoil another. Backward is called right
after the forward that its cache comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from grader.checking import Blocked, CaseFailed, NotAttempted, Student
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import SECOND, say, values_returned, wrong

T = TypeVar("T")

GRADIENTS = ("dx", "dgamma", "dbeta")
NUMBERS = np.ndarray | np.generic | bool | int | float | complex


class _NoCache:
    """Stands where a forward that returned `out` alone has no cache."""


NO_CACHE = _NoCache()


@dataclass(frozen=True)
class ForwardCall:
    """What one call of `batchnorm_forward` gave back, and its arguments as the call left them."""

    out: Any
    cache: Any
    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    bn_param: dict[str, Any]


def forward(
    student: Student,
    problem: Problem,
    mode: str = "train",
    *,
    bn_param: dict[str, Any] | None = None,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    x: np.ndarray | None = None,
) -> ForwardCall:
    """Call `batchnorm_forward`. An array handed back alone is taken for `out`: that slip has a case of its own."""
    own_x, own_gamma, own_beta = problem.arguments
    x = own_x if x is None else x
    gamma = own_gamma if gamma is None else gamma
    beta = own_beta if beta is None else beta
    bn_param = problem.bn_param(mode) if bn_param is None else bn_param
    result = student["batchnorm_forward"](x, gamma, beta, bn_param)
    if isinstance(result, np.ndarray):
        out, cache = result, NO_CACHE
    elif result is None and bn_param["mode"] == "test":
        raise wrong("returned_none", "test-returns-none", function="batchnorm_forward")
    else:
        out, cache = values_returned("batchnorm_forward", result, ("out", "cache"))
        if not isinstance(out, NUMBERS | str) and isinstance(cache, np.ndarray) and cache.shape == x.shape:
            out = SECOND
    return ForwardCall(out, cache, x, gamma, beta, bn_param)


def forward_once(student: Student, problem: Problem, mode: str = "train") -> ForwardCall:
    """`forward` for a case that looks at values only, and neither changes them nor hands on the cache."""
    return once(student, ("forward", problem, mode), lambda: forward(student, problem, mode))


def once(student: Student, key: Hashable, run: Callable[[], T]) -> T:
    """What `run` gave, or raised, when it was first asked for with this student."""
    if key not in student.memo:
        student.memo[key] = made_now(run)
    answer: Callable[[], T] = student.memo[key]
    return answer()


def made_now(run: Callable[[], T]) -> Callable[[], T]:
    """A function that gives what `run` gives now, or raises what it raises, whenever it is called."""
    try:
        value = run()
    except CaseFailed as error:
        failed = error

        def answer() -> T:
            raise failed.with_traceback(None)

        return answer
    return lambda: value


def kept(call: ForwardCall) -> Any:
    """The cache of a call. Raises CaseFailed where it came without one, or in the place of out."""
    if call.out is SECOND:
        raise wrong("out_second", "out-cache-swapped", name="out")
    if call.cache is NO_CACHE:
        raise wrong("no_cache", "cache-missing", function="batchnorm_forward")
    return call.cache


def cache_of(student: Student, problem: Problem, function: str) -> Any:
    """The cache the student's own forward gives for `problem`.

    Raises Blocked where forward gives none, so that `function` cannot be reached. Where `function` itself is not
    written yet either, that is what the student should read first.
    """
    try:
        cache = kept(forward(student, problem))
    except CaseFailed as failed:
        raise_if_not_attempted(student, function, problem.dout)
        raise Blocked(say("blocked_by", function="batchnorm_forward", reason=failed.message)) from None
    return cache


def raise_if_not_attempted(student: Student, function: str, dout: np.ndarray) -> None:
    """Raise NotAttempted where the backward `function`, called without a cache, says that it is not written."""
    try:
        once(student, ("attempted", function), lambda: student[function](dout.copy(order="K"), None))
    except NotAttempted:
        raise
    except CaseFailed:
        return  # it did not like having no cache, which says nothing about it


def backward(student: Student, function: str, dout: np.ndarray, cache: Any) -> dict[str, Any]:
    """Call a backward function: {"dx": ..., "dgamma": ..., "dbeta": ...}, not yet looked at but for their order.

    dx has the shape of `dout`, the others its second dimension (N, D) or (N, C, H, W).
    """
    found = values_returned(function, student[function](dout, cache), GRADIENTS)
    shapes = [value.shape if isinstance(value, np.ndarray) else None for value in found]
    for place in (2, 3):
        moved = [dout.shape[1:2], dout.shape[1:2]]
        moved.insert(place - 1, dout.shape)
        if shapes == moved:
            raise wrong("reordered", "gradients-reordered", function=function, place=place)
    return dict(zip(GRADIENTS, found, strict=True))
