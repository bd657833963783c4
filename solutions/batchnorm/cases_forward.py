"""The hidden cases of the train-mode forward pass (`forward_train_hidden`, 9 points)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student
from solutions.batchnorm import calls, problems
from solutions.batchnorm.carried import ForwardSlips, forward_slips, precision, train_answer
from solutions.batchnorm.judging import Precision, follows, judge
from solutions.batchnorm.misconceptions import BELIEFS, Diagnosis
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import check_form, real_array, require_same, say, wrong
from solutions.batchnorm.steps import evaluate
from solutions.batchnorm.texts import TITLES

CELL = "forward_train_hidden"
Run = Callable[[Student], float | None]


def case(cell: str, slug: str, points: float, run: Run) -> Case:
    return Case(f"{cell}/{slug}", cell, points, TITLES[f"{cell}/{slug}"], run)


@dataclass(frozen=True)
class ForwardCases:
    """Everything the forward cases of one run share."""

    salt: str
    diagnosis: Diagnosis
    ordinary: Problem

    def slips(self, student: Student) -> ForwardSlips:
        return forward_slips(student, self.ordinary)

    def value(self, problem: Problem, *, excused: Sequence[str] = (), lossy: str | None = None) -> Run:
        """A case that compares `out`. `excused` misconceptions have cases of their own and pass here.

        `lossy` is the one that costs digits here, in a formula that is right on the ordinary batch.
        """

        def run(student: Student) -> float:
            slips = self.slips(student)
            out = real_array("out", calls.forward_once(student, problem).out, problem.x.shape)
            dtype = precision(problem, out, single=slips.single)
            return self._judge(problem, out, slips, dtype, excused, lossy if slips.right else None)

        return run

    def _judge(
        self,
        problem: Problem,
        out: np.ndarray,
        slips: ForwardSlips,
        dtype: Precision,
        excused: Sequence[str] = (),
        lossy: str | None = None,
    ) -> float:
        answer = train_answer(problem, slips.ddof)
        try:
            return judge(self.diagnosis, problem, "out", out, answer, dtype, lossy)
        except CaseFailed:
            carried = BELIEFS["ddof-one"] if slips.ddof else {}
            for name in excused:
                if follows(
                    out,
                    evaluate(problem, "out", {**carried, **BELIEFS[name]}),
                    answer.scale,
                    problem.n,
                    dtype,
                ):
                    return 1.0
            raise

    def strict(self, student: Student) -> float:
        """The ordinary batch, where N - 1 for N is charged."""
        out = real_array("out", calls.forward_once(student, self.ordinary).out, self.ordinary.x.shape)
        dtype = precision(self.ordinary, out, single=self.slips(student).single)
        return judge(self.diagnosis, self.ordinary, "out", out, train_answer(self.ordinary, 0), dtype)

    def no_spread(self, student: Student) -> float:
        """A constant column, then a single row. Who divides by N - 1 gets 0/0 there, which is charged already."""
        ratio = self.value(problems.constant_column(self.salt, "forward/constant_column"))(student)
        one_row = problems.large(self.salt, "forward/one_row", 1, 4)
        out = real_array("out", calls.forward_once(student, one_row).out, one_row.x.shape)
        if self.slips(student).ddof and np.isnan(out).all():
            return ratio
        dtype = precision(one_row, out, single=self.slips(student).single)
        return max(ratio, judge(self.diagnosis, one_row, "out", out, train_answer(one_row, 0), dtype))

    def require_right(self, student: Student) -> None:
        """Raise Blocked unless train mode is right on the ordinary batch, slips that are charged elsewhere aside.

        What a function leaves alone, or the form of what it returns, is worth points only where it computes something.
        """
        calls.forward_once(student, self.ordinary)
        if not self.slips(student).right:
            raise Blocked(say("blocked_value", name="out"))

    def inputs_unchanged(self, student: Student) -> None:
        self.require_right(student)
        call = calls.forward_once(student, self.ordinary)
        for name in ("x", "gamma", "beta"):
            require_same(name, getattr(self.ordinary, name), getattr(call, name), "changed", "input-overwritten")

    def form(self, student: Student) -> None:
        self.require_right(student)
        call = calls.forward_once(student, self.ordinary)
        if call.cache is calls.NO_CACHE:
            raise wrong("no_cache", "cache-missing", function="batchnorm_forward")
        check_form("out", call.out, self.ordinary.x.shape, np.float64)
        if self.slips(student).single:
            raise wrong("half_precision", "single-precision", name="out")

    def integers(self, student: Student) -> float:
        # with running statistics given, so that moving zeros of x.dtype in place is not asked of whole numbers
        problem = problems.whole_numbers(self.salt, "forward/integers", 6, 3)
        problem = problems.with_running(problem, self.salt, momentum=None)
        out = real_array("out", calls.forward_once(student, problem).out, problem.x.shape)
        if out.dtype.kind != "f":
            raise wrong("not_floating", "integer-output", name="out", kind=out.dtype)
        slips = self.slips(student)
        return self._judge(problem, out, slips, precision(problem, out, single=slips.single))


def make(salt: str, diagnosis: Diagnosis) -> tuple[ForwardCases, list[Case]]:
    ordinary = problems.large(salt, "forward/ordinary", 7, 4)
    on = ForwardCases(salt, diagnosis, ordinary)
    placed = ("eps-outside-root", "eps-omitted")
    offset = on.value(problems.large(salt, "forward/offset", 9, 3, offset=1e4), lossy="one-pass-variance")
    small = problems.unit(salt, "forward/default_eps", 6, 3, None, spread=4e-3)
    listed: list[tuple[str, float, Run]] = [
        ("ordinary", 1.5, on.strict),
        ("eps", 1.5, on.value(problems.unit(salt, "forward/eps", 7, 4, 0.5))),
        ("default_eps", 0.5, on.value(small, excused=placed)),
        ("offset", 1.0, offset),
        ("two_rows", 0.5, on.value(problems.large(salt, "forward/two_rows", 2, 5))),
        ("no_spread", 1.0, on.no_spread),
        ("inputs_unchanged", 0.75, on.inputs_unchanged),
        ("form", 0.5, on.form),
        ("integers", 0.25, on.integers),
        ("float32", 0.25, on.value(problems.single_precision(salt, "forward/float32", 8, 3))),
        ("layout", 0.25, on.value(problems.column_order(salt, "forward/layout", 6, 5))),
        ("one_column", 0.5, on.value(problems.large(salt, "forward/one_column", 8, 1))),
        ("many_rows", 0.5, on.value(problems.large(salt, "forward/many_rows", 2000, 3))),
    ]
    return on, [case(CELL, *item) for item in listed]
