"""The hidden cases of both backward passes (`backward_hidden`, 14 points; `backward_alt_hidden`, 9 points)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student, StudentError
from solutions.batchnorm import calls, problems
from solutions.batchnorm.calls import GRADIENTS
from solutions.batchnorm.carried import precision, remembered, was_charged
from solutions.batchnorm.cases_forward import ForwardCases, Run, case
from solutions.batchnorm.gradients import GradientJudge, finite_columns, right_answer
from solutions.batchnorm.judging import follows, only_single, worst
from solutions.batchnorm.misconceptions import Names, believed
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import check_form, real_array, require_same, say, wrong

BACKWARD_EPS = ("backward-eps-omitted", "backward-eps-outside", "backward-eps-hard-coded")
ONE_LESS = ("dx-ddof-one", "variance-path-ddof-one")  # charged in `two_rows`, where they show most


@dataclass(frozen=True)
class Called:
    """What a call of backward returned, not yet looked at; its dout after the call; answers of more calls."""

    found: dict[str, Any]
    dout: np.ndarray
    more: list[Callable[[], dict[str, Any]]]


@dataclass(frozen=True)
class BackwardCases:
    """Everything the cases of one backward function share. `function` is its name in the student's namespace."""

    salt: str
    function: str
    forward: ForwardCases
    gradient: GradientJudge
    ordinary: Problem

    def call(self, student: Student, problem: Problem) -> Called:
        """One call for `problem`, behind the student's own forward; on the ordinary batch two more with its cache."""

        def run() -> Called:
            cache = calls.cache_of(student, problem, self.function)
            dout = problem.dout.copy(order="K")
            found = calls.backward(student, self.function, dout, cache)
            given = (0.0 * dout, dout.copy()) if problem is self.ordinary else ()
            more = [calls.made_now(partial(calls.backward, student, self.function, each, cache)) for each in given]
            return Called(found, dout, more)

        return calls.once(student, (self.function, problem), run)

    def gradients(self, student: Student, problem: Problem, parts: Sequence[str]) -> dict[str, np.ndarray]:
        """These gradients as plain arrays."""
        found = self.call(student, problem).found
        return {part: real_array(part, found[part], getattr(problem.gradients, part).shape) for part in parts}

    def single(self, student: Student) -> bool:
        """Are digits beyond single precision lost, in forward or in here? Charged in `form` alone."""
        return self.forward.slips(student).single or remembered(
            student, f"{self.function}/single", lambda: self._find_single(student)
        )

    def _find_single(self, student: Student) -> bool:
        try:
            got = self.gradients(student, self.ordinary, ["dx"])["dx"]
        except CaseFailed:
            return False
        return only_single(got, right_answer(self.ordinary, "dx"), self.ordinary.n, np.float64)

    def explanations(self, student: Student, part: str) -> list[Names] | None:
        """The mistakes that explain `part` on the ordinary batch; None where it is right there, but for digits."""
        return remembered(student, f"{self.function}/{part}/explanations", lambda: self._explain(student, part))

    def _explain(self, student: Student, part: str) -> list[Names] | None:
        try:
            got = self.gradients(student, self.ordinary, [part])[part]
        except CaseFailed:
            return []
        answer = right_answer(self.ordinary, part)
        if worst(got, answer, self.ordinary.n, np.float32) <= 1.0:
            return None
        dtype = precision(self.ordinary, got, single=self.single(student))
        return self.gradient.diagnosis.explain(self.ordinary, part, got, answer.scale, dtype)

    def value(
        self,
        problem: Problem,
        part: str = "dx",
        *,
        excused: Sequence[str] = (),
        lossy: str | None = None,
    ) -> Run:
        """A case that compares one gradient. `excused` misconceptions have cases of their own and pass here."""

        def run(student: Student) -> float:
            got = self.gradients(student, problem, [part])[part]
            return self._judge(student, problem, part, got, excused=excused, lossy=lossy)

        return run

    def _judge(
        self,
        student: Student,
        problem: Problem,
        part: str,
        got: np.ndarray,
        *,
        excused: Sequence[str] = (),
        lossy: str | None = None,
        columns: np.ndarray | None = None,
    ) -> float:
        chosen = np.ones(problem.d, dtype=bool) if columns is None else columns
        if not chosen.any():
            return 0.0
        try:
            return self.gradient.judge(
                student,
                problem,
                part,
                got,
                single=self.single(student),
                lossy=lossy,
                likely=lambda: self.explanations(student, part),
                columns=chosen,
            )
        except CaseFailed:
            if part == "dx" and problem.n != 2:
                excused = (*excused, *self.one_less(student))
            scale = getattr(problem.gradients, f"{part}_scale")[..., chosen]
            for name in excused:
                predicted = believed(problem, part, name)[..., chosen]
                if follows(got[..., chosen], predicted, scale, problem.n, problem.dtype):
                    return 1.0
            raise

    def one_less(self, student: Student) -> list[str]:
        """Those of ONE_LESS that explain dx on the ordinary batch."""
        found = self.explanations(student, "dx") or []
        return [name for name in ONE_LESS if (name,) in found]

    def no_spread(self, student: Student) -> float:
        """A constant column, then a single row.

        How steep dx is in the constant column is a matter of eps alone, which is judged elsewhere: here it has to be
        finite and a positive multiple of the true one. Columns in which the student's own forward gives no number
        are left out (that is charged to forward), provided forward earned half of its points. Who divides by N - 1 is
        charged in `two_rows` and judged by the ordinary columns here.
        """
        constant = problems.constant_column(self.salt, f"{self.function}/constant_column")
        one_row = problems.large(self.salt, f"{self.function}/one_row", 1, 4)
        return max(self._without_spread(student, problem) for problem in (constant, one_row))

    def _without_spread(self, student: Student, problem: Problem) -> float:
        dx = self.gradients(student, problem, ["dx"])["dx"]
        judged = np.ones(problem.d, dtype=bool)
        charged = was_charged(student, "forward_train_hidden/ordinary", "forward_train_hidden/no_spread")
        if not np.isfinite(dx).all() and charged and self.gradient.forward_earned_half(student):
            judged = finite_columns(student, problem)
        constant = np.ptp(problem.x, axis=0) == 0
        if self.one_less(student):
            judged &= ~constant
        dx[:, constant] = self._rescaled(dx[:, constant], problem.gradients.dx[:, constant])
        return max(
            self._judge(student, problem, "dx", dx, columns=columns)
            for columns in (judged & ~constant, judged & constant)
        )

    def _rescaled(self, got: np.ndarray, right: np.ndarray) -> np.ndarray:
        """`got` stretched to the length of `right`; as it is where that makes no sense."""
        with np.errstate(all="ignore"):
            stretch = np.asarray(np.sum(right * right) / np.sum(got * right), dtype=np.float64)
        return got * stretch if np.isfinite(stretch) and stretch > 0 else got

    def require_right(self, student: Student) -> None:
        """Raise Blocked unless dx is right on the ordinary batch."""
        try:
            self.value(self.ordinary)(student)
        except (StudentError, Blocked):
            raise
        except CaseFailed:
            raise Blocked(say("blocked_value", name="dx")) from None

    def form(self, student: Student) -> None:
        self.require_right(student)
        found = self.call(student, self.ordinary).found
        for part in GRADIENTS:
            check_form(part, found[part], getattr(self.ordinary.gradients, part).shape, np.float64)
        # lost in forward means charged in forward
        if self.single(student) and not self.forward.slips(student).single:
            raise wrong("half_precision", "single-precision", name="dx")

    def twice(self, student: Student) -> None:
        """One cache, three calls: dout, zeros, dout again. Zero in gives zero out, and the third call is the first."""
        self.require_right(student)
        call = self.call(student, self.ordinary)
        first = call.found
        require_same("dout", self.ordinary.dout, call.dout, "changed", "input-overwritten")
        none, again = (answer() for answer in call.more)
        for part in GRADIENTS:
            if not isinstance(first[part], np.ndarray):
                continue  # a matter of form, judged there
            require_same(part, first[part], again[part], "second_call", "cache-overwritten")
            require_same(part, 0.0 * first[part], none[part], "zero_dout")


def make(salt: str, forward: ForwardCases, gradient: GradientJudge, function: str, cell: str) -> list[Case]:
    """The cases of `batchnorm_backward` or of `batchnorm_backward_alt`; the second has fewer and other points."""
    alt = function == "batchnorm_backward_alt"
    large = partial(problems.large, salt)
    on = BackwardCases(salt, function, forward, gradient, large(f"{function}/ordinary", 7, 4))
    eps = problems.unit(salt, f"{function}/eps", 7, 4, 0.5)
    two_rows = problems.unit(salt, f"{function}/two_rows", 2, 5, 0.1)
    offset = large(f"{function}/offset", 9, 3, offset=1e4)
    single = problems.single_precision(salt, f"{function}/float32", 8, 3)
    listed: list[tuple[str, tuple[float, float], Run]] = [
        # (slug, (points in backward_hidden, points in backward_alt_hidden), what is checked)
        ("dx", (3.0, 2.5), on.value(on.ordinary, "dx")),
        ("dgamma", (1.5, 1.0), on.value(on.ordinary, "dgamma", lossy="single-precision")),
        ("dbeta", (1.0, 0.5), on.value(on.ordinary, "dbeta", lossy="single-precision")),
        ("eps", (1.5, 1.0), on.value(eps)),
        ("two_rows", (1.0, 0.75), on.value(two_rows, excused=BACKWARD_EPS)),
        ("offset", (1.0, 0.75), on.value(offset, lossy="one-pass-variance")),
        ("no_spread", (1.0, 0.5), on.no_spread),
        ("one_column", (0.5, 0.5), on.value(large(f"{function}/one_column", 8, 1))),
        ("many_rows", (0.5, 0.0), on.value(large(f"{function}/many_rows", 2000, 3))),
        ("float32", (0.5, 0.5), on.value(single)),
        ("layout", (0.5, 0.0), on.value(problems.column_order(salt, f"{function}/layout", 6, 5))),
        ("form", (1.0, 0.5), on.form),
        ("twice", (1.0, 0.5), on.twice),
    ]
    return [case(cell, slug, points[alt], run) for slug, points, run in listed if points[alt]]
