"""The hidden cases of the running statistics (`running_stats_hidden`, 8 points)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student
from solutions.batchnorm import calls, problems, truth
from solutions.batchnorm.carried import QUANTITIES, UNBIASED, RunningSlips, Weight, precision, running_slips
from solutions.batchnorm.cases_forward import ForwardCases, Run, case
from solutions.batchnorm.judging import Answer, judge, single_precision
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import check_form, real_array, say, wrong

CELL = "running_stats_hidden"
KEYS = ("running_mean", "running_var")
WRONG_WEIGHTS = frozenset(
    {"momentum-swapped", "momentum-hard-coded", "running-replaced", "batch-weight-missing", "decay-missing"}
)


@lru_cache(problems.DRAWN)
def expected(problem: Problem, key: str, slips: RunningSlips, old: Answer | None = None) -> Answer:
    """The running statistic `key` after one train call: from `old`, from what `problem` gives, or from zeros."""
    weight = slips.mean if key == "running_mean" else slips.var
    if old is None:
        given = getattr(problem, key)
        start = truth.extended(np.zeros(problem.d) if given is None else given)
        old = Answer(key, start, abs(start))
    right = problem.train
    batch, scale = right.mu, right.mu_scale
    if key == "running_var":
        batch, scale = QUANTITIES[slips.quantity](right, problem.n), right.var_scale
    moved = truth.blend(old.value, batch, scale, truth.extended(weight.keep(problem.momentum)), old.scale)
    return Answer(key, moved.value, moved.scale)


def unlikely(slips: RunningSlips) -> frozenset[str]:
    """Explanations that the student's weights on the momentum case have ruled out."""
    return WRONG_WEIGHTS if slips.mean.rule == slips.var.rule == "right" else frozenset()


@dataclass(frozen=True)
class RunningCases:
    """Everything the running-statistics cases of one run share."""

    salt: str
    forward: ForwardCases
    seeded: Problem

    def slips(self, student: Student) -> RunningSlips:
        return running_slips(student, self.seeded)

    def require_stored(self, student: Student) -> None:
        """Raise Blocked where a train call leaves bn_param as it was: there is nothing to look at."""
        calls.forward_once(student, self.seeded)
        if not self.slips(student).stored:
            raise Blocked(say("blocked_stored"))

    def judge_keys(self, student: Student, problem: Problem, slips: RunningSlips, left: dict[str, Any]) -> float:
        """Compare both running statistics that a call left in `bn_param`; the mean first."""
        ratios = []
        for key in KEYS:
            if key not in left:
                raise wrong("not_stored", "running-not-updated", name=key)
            got = real_array(key, left[key], (problem.d,))
            weight = slips.mean if key == "running_mean" else slips.var
            if np.array_equal(got, getattr(problem, key)) and weight.keep(problem.momentum) != 1.0:
                raise wrong("not_updated", "running-not-updated", name=key)
            dtype = precision(problem, got, single=self.forward.slips(student).single)
            answer = expected(problem, key, slips)
            lossy = single_precision(problem)
            ratios.append(judge(self.forward.diagnosis, problem, key, got, answer, dtype, lossy, unlikely(slips)))
        return max(ratios)

    def one_call(self, problem: Problem) -> Run:
        """A case that reckons with the weights and the quantity the student keeps."""

        def run(student: Student) -> float:
            self.require_stored(student)
            left = calls.forward_once(student, problem).bn_param
            return self.judge_keys(student, problem, self.slips(student), left)

        return run

    def momentum(self, student: Student) -> float:
        """The weights are charged here; what is kept in running_var is not."""
        left = calls.forward_once(student, self.seeded).bn_param
        slips = replace(self.slips(student), mean=Weight(), var=Weight())
        return self.judge_keys(student, self.seeded, slips, left)

    def stored_quantity(self, problem: Problem) -> Run:
        """The quantity is charged here, at an eps that shows; the weights are not.

        Whose `out` is divided by the root of the unbiased variance pays for that in train mode, and may keep it.
        """

        def run(student: Student) -> float:
            self.require_stored(student)
            left = calls.forward_once(student, problem).bn_param
            slips = self.slips(student)
            own = slips.quantity == UNBIASED and self.forward.slips(student).ddof == 1
            return self.judge_keys(student, problem, replace(slips, quantity=UNBIASED if own else "variance"), left)

        return run

    def first_call(self, problem: Problem) -> Run:
        """Without running keys. Not blocked: this is where statistics that are never stored are charged."""

        def run(student: Student) -> float:
            left = calls.forward_once(student, problem).bn_param
            return self.judge_keys(student, problem, self.slips(student), left)

        return run

    def extremes(self, student: Student) -> float:
        self.require_stored(student)
        ratios = []
        for momentum in (0.0, 1.0):
            problem = problems.with_momentum(self.seeded, momentum)
            left = calls.forward_once(student, problem).bn_param
            ratios.append(self.judge_keys(student, problem, self.slips(student), left))
        return max(ratios)

    def three_batches(self, student: Student) -> float:
        """The same bn_param through three train calls, each judged from what the one before should have left."""
        self.require_stored(student)
        slips = self.slips(student)
        bn_param = self.seeded.bn_param()
        old: dict[str, Answer | None] = dict.fromkeys(KEYS)
        ratios = []
        for k in range(3):
            batch = problems.large(self.salt, f"running/batch_{k}", 6, self.seeded.d)
            problem = problems.with_batch(self.seeded, batch)
            bn_param["mode"] = "train"
            calls.forward(student, problem, bn_param=bn_param)
            for key in KEYS:
                answer = old[key] = expected(problem, key, slips, old[key])
                got = real_array(key, bn_param.get(key), (problem.d,))
                dtype = precision(problem, got, single=self.forward.slips(student).single)
                lossy = single_precision(problem)
                ratios.append(judge(self.forward.diagnosis, problem, key, got, answer, dtype, lossy))
        return max(ratios)

    def form(self, student: Student) -> None:
        self.require_stored(student)
        left = calls.forward_once(student, self.seeded).bn_param
        try:  # values first: a form is worth something only where the numbers are
            self.judge_keys(student, self.seeded, self.slips(student), left)
        except CaseFailed:
            raise Blocked(say("blocked_value", name=KEYS[0])) from None
        for key in KEYS:
            check_form(key, left[key], (self.seeded.d,), np.float64)

    def train_ignores_them(self, student: Student) -> float:
        """The same batch with other running statistics gives the same out: compared with the student's own."""
        self.forward.require_right(student)
        self.require_stored(student)
        bare = replace(self.seeded, running_mean=None, running_var=None)
        shape = self.seeded.x.shape
        without = real_array("out", calls.forward(student, bare).out, shape)
        with_them = real_array("out", calls.forward_once(student, self.seeded).out, shape)
        scale = np.asarray(self.seeded.train.out_scale) + np.abs(without)
        answer = Answer("out", truth.extended(without), scale)
        return judge(self.forward.diagnosis, self.seeded, "out", with_them, answer, precision(self.seeded, with_them))


def make(salt: str, forward: ForwardCases) -> tuple[RunningCases, list[Case]]:
    def seeded(problem: Problem, momentum: float | None) -> Problem:
        return problems.with_running(problem, salt, momentum=momentum)

    on = RunningCases(salt, forward, seeded(problems.large(salt, "running/momentum", 7, 4), 0.3))
    stored = seeded(problems.unit(salt, "running/stored", 7, 4, 0.5), 0.3)
    # not large, so that a running_var that starts at one shows
    first = replace(problems.unit(salt, "running/first_call", 6, 4, 1e-15, spread=30.0), momentum=0.3)
    default = seeded(problems.large(salt, "running/default_momentum", 6, 3), None)
    listed: list[tuple[str, float, Run]] = [
        ("momentum", 1.5, on.momentum),
        ("stored", 1.5, on.stored_quantity(stored)),
        ("first_call", 1.5, on.first_call(first)),
        ("extremes", 1.0, on.extremes),
        ("three_batches", 1.0, on.three_batches),
        ("form", 0.5, on.form),
        ("default_momentum", 0.5, on.one_call(default)),
        ("train_ignores_them", 0.5, on.train_ignores_them),
    ]
    return on, [case(CELL, *item) for item in listed]
