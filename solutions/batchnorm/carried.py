"""What is already known about a student, so that one slip is charged once.

Some slips touch every number that follows: dividing by N - 1, working in single precision, momentum the other way
round, keeping the wrong quantity in running_var. Each has a case of its own. The other cases reckon with it, as a
marker does who carries an error forward; they stay as strict as before for everybody else. What is known is found
once per student, on the inputs of the cases in question, and kept in `student.memo`.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from grader.checking import Case, CaseFailed, Student
from solutions.batchnorm import calls, truth
from solutions.batchnorm.judging import Answer, Precision, only_single, worst
from solutions.batchnorm.problems import BLIND_EPS, DEFAULT_MOMENTUM, DRAWN, Problem
from solutions.batchnorm.reading import real_array

T = TypeVar("T")


def remembered(student: Student, key: str, find: Callable[[], T]) -> T:
    """`find()`, at most once per student."""
    memo: dict[Any, Any] = getattr(student, "memo", {})
    if key not in memo:
        memo[key] = find()
    return memo[key]


def noted(case: Case) -> Case:
    """The same case; that it was charged is remembered."""

    @functools.wraps(case.run)
    def run(student: Student) -> float | None:
        try:
            return case.run(student)
        except CaseFailed:
            remembered(student, "charged", set).add(case.id)
            raise

    return replace(case, run=run)


def was_charged(student: Student, *beginnings: str) -> bool:
    """Did a case whose id begins like this cost points, when it was judged?

    What follows from a mistake is excused only where the mistake was paid for. Asked again for comparison, a function
    could answer as it pleases.
    """
    return any(name.startswith(beginnings) for name in remembered(student, "charged", set))


@dataclass(frozen=True)
class ForwardSlips:
    """`ddof` = 1 where the student divides by N - 1; `single` where digits beyond single precision are lost.

    `right` is True where, these slips aside, train mode is right on an ordinary batch.
    """

    ddof: int = 0
    single: bool = False
    right: bool = False


def forward_slips(student: Student, ordinary: Problem) -> ForwardSlips:
    """Found on the ordinary batch, which cannot see eps."""
    return remembered(student, "forward_slips", lambda: _find_forward_slips(student, ordinary))


def _find_forward_slips(student: Student, ordinary: Problem) -> ForwardSlips:
    try:
        out = real_array("out", calls.forward_once(student, ordinary).out, ordinary.x.shape)
    except CaseFailed:
        return ForwardSlips()
    for ddof in (0, 1):
        answer = train_answer(ordinary, ddof)
        if worst(out, answer, ordinary.n, np.float64) <= 1.0:
            return ForwardSlips(ddof, out.dtype == np.float32, right=True)
        if only_single(out, answer, ordinary.n, np.float64):
            return ForwardSlips(ddof, single=True, right=True)
    return ForwardSlips()


def forward_carries(student: Student, problem: Problem, out: np.ndarray) -> bool:
    """May `out`, what the student's train mode gives here, excuse what follows from it?

    Where it is right but for the slips that were found and charged, or where it was charged on inputs of this kind.
    """
    slips = remembered(student, "forward_slips", ForwardSlips)
    dtype = np.float32 if slips.single else np.float64
    if worst(out, train_answer(problem, slips.ddof), problem.n, dtype) <= 1.0:
        return True
    seen = () if problem.eps_value <= BLIND_EPS else ("forward_train_hidden/eps", "forward_train_hidden/default_eps")
    plain = () if slips.right else ("forward_train_hidden/ordinary",)
    return was_charged(student, *seen, *plain)


@lru_cache(DRAWN)
def train_answer(problem: Problem, ddof: int) -> Answer:
    right = problem.train_ddof_one if ddof else problem.train
    return Answer("out", right.out, right.out_scale)


def precision(problem: Problem, got: np.ndarray, *, single: bool = False) -> Precision:
    """Judge in single precision where x is single, where single came back, or where the loss is known already."""
    return np.float32 if single or got.dtype == np.float32 else problem.dtype


# --- running statistics -----------------------------------------------------------------------------------------------

UNBIASED = "unbiased variance"
QUANTITIES: dict[str, Callable[[truth.Train, int], np.ndarray]] = {
    "variance": lambda right, n: right.var,
    UNBIASED: lambda right, n: right.var * n / (n - 1),
    "standard deviation": lambda right, n: np.sqrt(right.var),  # with or without eps: found where eps does not show
    "unbiased standard deviation": lambda right, n: np.sqrt(right.var * n / (n - 1)),
}


@dataclass(frozen=True)
class Weight:
    """How much of the old running value a student keeps.

    `rule` is "right", "swapped", "fixed" (at `fixed`), or "unknown" where no one weight explains what was found.
    """

    rule: str = "unknown"
    fixed: float = 0.0

    def keep(self, momentum: float | None) -> float:
        asked = DEFAULT_MOMENTUM if momentum is None else momentum
        return {"swapped": 1.0 - asked, "fixed": self.fixed}.get(self.rule, asked)


@dataclass(frozen=True)
class RunningSlips:
    """What is kept in running_var, with which weights; `stored` False where one is not touched."""

    stored: bool = False
    mean: Weight = Weight()
    var: Weight = Weight()
    quantity: str = "variance"


def running_slips(student: Student, problem: Problem) -> RunningSlips:
    """Found on one train call with running statistics given (large columns, momentum 0.3)."""
    return remembered(student, "running_slips", lambda: _find_running_slips(student, problem))


def _find_running_slips(student: Student, problem: Problem) -> RunningSlips:
    try:
        left = calls.forward_once(student, problem).bn_param
        mean = real_array("running_mean", left.get("running_mean"), (problem.d,))
        var = real_array("running_var", left.get("running_var"), (problem.d,))
    except CaseFailed:
        return RunningSlips()
    if np.array_equal(mean, problem.running_mean) or np.array_equal(var, problem.running_var):
        return RunningSlips()
    asked = problem.momentum_value
    kept_mean = _weight(problem.running_mean, problem.train.mu, mean, asked)
    for quantity, value in QUANTITIES.items():
        kept_var = _weight(problem.running_var, value(problem.train, problem.n), var, asked)
        if kept_var is not None:
            return RunningSlips(True, kept_mean or Weight(), kept_var, quantity)
    return RunningSlips(True, kept_mean or Weight())


def _weight(old: np.ndarray | None, batch: np.ndarray, new: np.ndarray, asked: float) -> Weight | None:
    """The one weight w in [0, 1) with new = w old + (1 - w) batch in every column; None where there is none."""
    with np.errstate(all="ignore"):
        each = ((new - batch) / (truth.extended(old) - batch)).astype(np.float64)
    kept = statistics.median(each.tolist())
    if not np.all(np.abs(each - kept) <= 1e-6) or not -1e-6 <= kept < 1.0 - 1e-6:
        return None
    for rule in (Weight("right"), Weight("swapped")):
        if abs(rule.keep(asked) - kept) <= 1e-6:
            return rule
    return Weight("fixed", round(kept, 12) if abs(kept - round(kept, 6)) > 1e-6 else round(kept, 6))
