"""What the cases of sections 8 and 9 share: one array against its truth, and a backward behind its forward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from tolerance import allowed_error, times_allowed

from grader.checking import Blocked, CaseFailed, Student
from solutions.batchnorm import calls
from solutions.batchnorm.calls import ForwardCall, raise_if_not_attempted
from solutions.batchnorm.carried import ForwardSlips, remembered, train_answer, was_charged
from solutions.batchnorm.judging import Precision, failure, follows, worst
from solutions.batchnorm.misconceptions import MOST_NAMED, Names, agrees
from solutions.batchnorm.problems import BLIND_EPS, Problem
from solutions.batchnorm.reading import real_array, say

Array = np.ndarray
Own = Callable[[], Array]
Gradients = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Part:
    """One array that is asked for: its value and scale (longdouble, as in `truth`), and the length `n` of its sums.

    `beliefs` are the arrays that the holders of misconceptions get, by the names in `texts.HINTS`.
    """

    name: str
    value: Array
    scale: Array
    n: int
    beliefs: Mapping[str, Array] = field(default_factory=dict)

    @cached_property
    def _allowed(self) -> dict[Precision, Array]:
        return {dtype: allowed_error(self.scale, self.n, dtype) for dtype in (np.float64, np.float32)}

    def errors(self, got: Array, dtype: Precision = np.float64) -> Array:
        """The error of every element in units of the tolerance."""
        return times_allowed(got, self.value, self._allowed[dtype])


def compare(student: Student, part: Part, given: Any, *others: Own) -> float:
    """Return the worst ratio of error to tolerance; raise CaseFailed, with a diagnosis, where it is above 1.

    `others` give what follows from a slip that is charged elsewhere (CaseFailed: nothing does): it is right here.
    Where train mode loses digits, which is charged there, what may be built on it is judged in single precision.
    """
    got = real_array(part.name, given, part.value.shape)
    single = remembered(student, "forward_slips", ForwardSlips).single
    ratios = part.errors(got, np.float32 if single else np.float64)
    if (ratio := float(ratios.max())) <= 1.0:
        return ratio
    if any(_follows(part, got, other) for other in others):
        return 1.0
    raise failure(part.name, got, _explanations(part, got), ratios)


def _follows(part: Part, got: Array, other: Own) -> bool:
    try:
        return follows(got, other(), part.scale, part.n, np.float64)
    except CaseFailed:
        return False


def backward_carries(student: Student, flat: Problem, call: ForwardCall, name: str) -> bool:
    """May the student's own backward excuse what follows from it? Where it, or the forward in front, was charged."""
    out = real_array("out", call.out, flat.x.shape)
    right = worst(out, train_answer(flat, 0), flat.n, np.float64) <= 1.0
    seen = () if flat.eps_value <= BLIND_EPS else ("backward_hidden/eps",)
    return not right or was_charged(student, f"backward_hidden/{name}", *seen)


def ddof_dx(flat: Problem, gamma: Array, dout: Array) -> list[Array]:
    """The two dx (N, D) of somebody whose variance divides by N - 1: the usual formula, and his exact derivative."""
    forward, n = flat.train_ddof_one, flat.n
    d = dout * gamma
    shared = d - d.sum(axis=0) / n
    along = forward.x_hat * (d * forward.x_hat).sum(axis=0)
    return [(shared - along / share) / forward.std for share in (n, n - 1)]


def _explanations(part: Part, got: Array) -> list[Names]:
    found: list[Names] = [
        (name,)
        for name, predicted in part.beliefs.items()
        if agrees(got, np.broadcast_to(predicted, got.shape), part.scale, part.n, np.float64)
    ]
    if not got.any():
        return [("zeros-returned",)]
    return found if len(found) <= MOST_NAMED else []


def is_right(student: Student, part: Part, given: Any) -> bool:
    try:
        compare(student, part, given)
    except CaseFailed:
        return False
    return True


def gradients(student: Student, function: str, dout: Array, cache: Any) -> Gradients:
    """What the backward `function` returns for a cache, by name; not yet looked at."""
    return calls.backward(student, function, dout.copy(), cache)


def behind(student: Student, function: str, forward: str, dout: Array, call: Callable[[], T]) -> T:
    """What `call` gives, the part of a call of `forward` that `function` needs.

    Raises Blocked where that forward gives none; where `function` is not written either, that is what is said.
    """
    try:
        return call()
    except CaseFailed as failed:
        raise_if_not_attempted(student, function, dout)
        raise Blocked(say("blocked_by", function=forward, reason=failed.message)) from None
