"""The hidden cases of test mode (`test_mode_hidden`, 8 points)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student, StudentError
from solutions.batchnorm import calls, problems
from solutions.batchnorm.carried import precision
from solutions.batchnorm.cases_forward import ForwardCases, Run, case
from solutions.batchnorm.draw import Draw
from solutions.batchnorm.judging import Answer, follows, judge, single_precision
from solutions.batchnorm.misconceptions import believed
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import real_array, require_same, say, wrong

CELL = "test_mode_hidden"
KEYS = ("running_mean", "running_var")
VISIBLE = 1e-4  # spread of out; with a mistaken variance (its root, N times it, nearly 0) it is 0.3 at least


@lru_cache(problems.DRAWN)
def answer_of(problem: Problem) -> Answer:
    right = problem.inference
    return Answer("test_out", right.out, right.out_scale)


@dataclass(frozen=True)
class TestModeCases:
    """Everything the test-mode cases of one run share. Nothing here depends on what train mode does."""

    __test__ = False  # not a pytest class

    salt: str
    forward: ForwardCases
    ordinary: Problem

    def value(self, problem: Problem, *, excused: Sequence[str] = ()) -> Run:
        """A case that compares `out`. `excused` misconceptions have cases of their own and pass here."""

        def run(student: Student) -> float:
            out = real_array("out", calls.forward_once(student, problem, "test").out, problem.x.shape)
            dtype = precision(problem, out, single=self.forward.slips(student).single)
            answer = answer_of(problem)
            try:
                return judge(self.forward.diagnosis, problem, "out", out, answer, dtype, single_precision(problem))
            except CaseFailed:
                for name in excused:
                    if follows(out, believed(problem, "test_out", name), answer.scale, problem.n, dtype):
                        return 1.0
                raise

        return run

    def require_right(self, student: Student) -> None:
        try:
            self.value(self.ordinary)(student)
        except StudentError:
            raise
        except CaseFailed:
            raise Blocked(say("blocked_value", name="out")) from None

    def unchanged(self, student: Student) -> None:
        self.require_right(student)
        call = calls.forward_once(student, self.ordinary, "test")
        for key in KEYS:
            try:
                require_same(key, getattr(self.ordinary, key), call.bn_param.get(key))
            except CaseFailed:
                raise wrong("changed_bn_param", "test-updates-running", name=key) from None
        for name in ("x", "gamma", "beta"):
            require_same(name, getattr(self.ordinary, name), getattr(call, name), "changed", "input-overwritten")

    def train_then_test(self, student: Student) -> float:
        """Judged by the running statistics that the student's own train calls stored, whatever they are."""
        train = problems.with_momentum(problems.large(self.salt, "test/train_first", 8, 4), 0.5)
        bn_param = train.bn_param("train")
        for _ in range(2):
            bn_param["mode"] = "train"
            calls.forward(student, train, bn_param=bn_param)
        if any(bn_param.get(key) is None for key in KEYS):
            raise Blocked(say("blocked_stored"))
        mean, var = (real_array(key, bn_param[key], (train.d,)) for key in KEYS)
        if not (np.isfinite(mean).all() and np.isfinite(var).all() and (var > 0).all()):
            raise Blocked(say("blocked_stored"))
        test = problems.large(self.salt, "test/then_test", 5, 4)
        test = replace(test, running_mean=mean, running_var=var, gamma=train.gamma, beta=train.beta)
        if _hides(test):
            raise Blocked(say("blocked_stored"))
        bn_param["mode"] = "test"
        out = real_array("out", calls.forward(student, test, bn_param=bn_param).out, test.x.shape)
        kept_single = np.float32 in (mean.dtype, var.dtype)  # charged in running_stats_hidden/form
        dtype = precision(test, out, single=kept_single or self.forward.slips(student).single)
        return judge(self.forward.diagnosis, test, "out", out, answer_of(test), dtype, single_precision(test))

    def unknown_mode(self, student: Student) -> None:
        """Only where the two modes that exist work in some way: always raising is no achievement."""
        known = [calls.forward_once(student, self.ordinary, mode).out for mode in ("train", "test")]
        for out in known:
            values = real_array("out", out, self.ordinary.x.shape)
            if not np.isfinite(values).all() or (values == values[:1]).all():
                raise Blocked(say("blocked_value", name="out"))
        mode = "predict"
        try:
            calls.forward(student, self.ordinary, mode)
        except StudentError as error:
            if error.exception == "ValueError":
                return
            if not error.exception:
                raise
            raise wrong("other_exception", "any-mode-accepted", mode=mode, kind=error.exception) from None
        except CaseFailed:
            pass  # it returned something unreadable, so it did not refuse
        raise wrong("no_value_error", "any-mode-accepted", mode=mode)

    def other_dtypes(self, student: Student) -> float:
        single = problems.single_precision(self.salt, "test/float32", 5, 3)
        whole = problems.whole_numbers(self.salt, "test/integers", 5, 3)
        return max(self.value(_with_running(problem, self.salt))(student) for problem in (single, whole))


def _hides(problem: Problem) -> bool:
    """Are these running statistics such that x makes hardly a difference? Then any test mode would be right."""
    out = problem.inference.out
    return bool(np.any(np.ptp(out, axis=0) <= VISIBLE * (1.0 + np.abs(out).max(axis=0))))


@lru_cache(problems.DRAWN)
def _with_running(problem: Problem, salt: str) -> Problem:
    """Running statistics in the precision of the problem."""
    seeded, kind = problems.with_running(problem, salt, momentum=None), problem.dtype
    mean, var = seeded.running_mean.astype(kind), seeded.running_var.astype(kind)
    return replace(seeded, running_mean=mean, running_var=var)


def _far(problem: Problem, salt: str, low: float, high: float) -> Problem:
    """Running statistics far from the batch, running variances between `low` and `high`."""
    draw = Draw(salt, f"{problem.label}/far")
    spread = np.sqrt((low + high) / 2)
    centre = np.asarray(problem.train.mu, dtype=np.float64)
    mean = centre + draw.signed(2.0, 5.0, problem.d) * spread
    return replace(problem, running_mean=mean, running_var=draw.uniform(low, high, problem.d))


def make(salt: str, forward: ForwardCases) -> tuple[TestModeCases, list[Case]]:
    def large(label: str, n: int, d: int) -> Problem:
        return _far(problems.large(salt, label, n, d), salt, 2e12, 9e12)

    on = TestModeCases(salt, forward, large("test/ordinary", 7, 4))
    eps = _far(problems.unit(salt, "test/eps", 7, 4, 0.5), salt, 1e-3, 4e-3)
    default = _far(problems.unit(salt, "test/default_eps", 6, 3, None, spread=4e-3), salt, 1e-5, 4e-5)
    placed = ("test-eps-outside-root", "test-eps-omitted")
    listed: list[tuple[str, float, Run]] = [
        ("ordinary", 1.5, on.value(on.ordinary)),
        ("eps", 1.5, on.value(eps)),
        ("one_row", 1.5, on.value(large("test/one_row", 1, 4))),
        ("unchanged", 1.0, on.unchanged),
        ("train_then_test", 1.0, on.train_then_test),
        ("unknown_mode", 0.5, on.unknown_mode),
        ("default_eps", 0.5, on.value(default, excused=placed)),
        ("other_dtypes", 0.5, on.other_dtypes),
    ]
    return on, [case(CELL, *item) for item in listed]
