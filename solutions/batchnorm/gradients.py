"""Is a gradient right? Against the truth; and where the student's forward is wrong, against that forward itself.

A gradient is accepted if it is
1. the true gradient; or, provided the student's forward earned at least half of its hidden points,
2. what the usual closed form gives with the x_hat and the standard deviation of the student's own forward
   (the backward is right, the cache it was handed is not), or
3. the exact derivative of the student's own forward, where the mistake in it has a name (`misconceptions`): found by
   differences of what that mistake computes. The student's function itself is not asked for them, because it could
   answer as it pleases: right in the cases of forward, something easier near the inputs of backward.
Both backward functions are judged in this way, never against each other. Without the proviso, `out = x` would make
`dx = dout` right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from grader.checking import CaseFailed, Student
from solutions.batchnorm import calls, truth
from solutions.batchnorm.carried import precision, train_answer
from solutions.batchnorm.draw import Draw
from solutions.batchnorm.judging import Answer, Precision, follows, judge, worst
from solutions.batchnorm.misconceptions import Diagnosis, Names, steps_of
from solutions.batchnorm.problems import DRAWN, Problem
from solutions.batchnorm.reading import real_array
from solutions.batchnorm.steps import Step, evaluate

DIRECTIONS = 4
DEGENERATE = 1e3  # times the true spread: beyond it the closed form has lost its paths through mean and variance
STEP = 5e-3  # of a column's spread; three step sizes, so the error left is of order STEP^6
# Relative to the scale. Right gradients on all nine kinds of input: at most 5e-13, with single-precision gamma 1.4e-8.
OWN_TOLERANCE: dict[Precision, float] = {np.float64: 1e-9, np.float32: 1e-6}


@lru_cache(DRAWN)
def right_answer(problem: Problem, part: str, columns: tuple[bool, ...] | None = None) -> Answer:
    """The whole gradient, or these columns of it."""
    chosen = slice(None) if columns is None else np.array(columns)
    value, scale = (getattr(problem.gradients, name)[..., chosen] for name in (part, f"{part}_scale"))
    return Answer(part, value, scale)


@dataclass(frozen=True)
class GradientJudge:
    """Judges single gradients of one run. `forward_earned_half(student)` is the proviso."""

    salt: str
    diagnosis: Diagnosis
    forward_earned_half: Callable[[Student], bool]

    def judge(
        self,
        student: Student,
        problem: Problem,
        part: str,
        got: np.ndarray,
        *,
        single: bool,
        lossy: str | None,
        likely: Callable[[], Sequence[Names] | None],
        columns: np.ndarray,
    ) -> float:
        """Return the ratio of error to tolerance in the `columns` (D bools), or raise CaseFailed.

        `likely` explains the ordinary batch, None where digits at most are wrong there; asked for only where the answer
        here is wrong. `lossy` is the misconception that costs digits here, in a formula that is right there.
        """
        dtype = precision(problem, got, single=single)
        whole = columns.all()
        cut = right_answer(problem, part) if whole else right_answer(problem, part, tuple(columns.tolist()))
        chosen = got if whole else got[..., columns]
        ratio = worst(chosen, cut, problem.n, dtype)
        if ratio <= 1.0:
            return ratio
        if self._follows_own_forward(student, problem, part, got, columns, dtype):
            return 1.0
        explained = likely()
        return judge(
            self.diagnosis,
            problem,
            part,
            chosen,
            cut,
            dtype,
            lossy if explained is None else None,
            likely=explained,
        )

    def _follows_own_forward(
        self, student: Student, problem: Problem, part: str, got: np.ndarray, columns: np.ndarray, dtype: Precision
    ) -> bool:
        """Is it the gradient of what the student's own forward computes, by closed form or by differences?"""
        chosen = got[..., columns]
        if not np.isfinite(chosen).all() or not self.forward_earned_half(student):
            return False
        try:
            if forward_is_right(student, problem):
                return False
            own = getattr(own_forward(student, problem), part)[..., columns]
            scale = getattr(problem.gradients, f"{part}_scale")[..., columns]
            if follows(chosen, own, scale, problem.n, dtype):
                return True
            if not np.isfinite(own).all():
                return False
            steps = self._mistakes_of_forward(student, problem)
            return any(self._is_derivative(problem, each, part, got, columns, dtype) for each in steps)
        except CaseFailed:
            return False

    def _mistakes_of_forward(self, student: Student, problem: Problem) -> list[Mapping[str, Step]]:
        """What the student's forward may compute on this input: the steps of each explanation of its output."""
        out = real_array("out", calls.forward_once(student, problem).out, problem.x.shape)
        scale = train_answer(problem, 0).scale
        explanations = self.diagnosis.explain(problem, "out", out, scale, precision(problem, out))
        return [steps_of(names) for names in explanations]

    def _is_derivative(
        self,
        problem: Problem,
        steps: Mapping[str, Step],
        part: str,
        got: np.ndarray,
        columns: np.ndarray,
        dtype: Precision,
    ) -> bool:
        """<got, v> against the derivative of <dout, forward with `steps`> along v, for a few random v."""
        draw = Draw(self.salt, f"{problem.label}/{part}/directions")
        scale = np.asarray(getattr(problem.gradients, f"{part}_scale"), dtype=np.float64)
        unit = np.asarray(problem.train.std, dtype=np.float64) if part == "dx" else np.ones(problem.d)
        for _ in range(DIRECTIONS):
            direction = np.where(columns, draw.normal(got.shape) * unit, 0.0)
            claimed = float(np.sum((got * direction)[..., columns]))
            found = directional_derivative(problem, steps, part, direction, columns)
            # A wrong element e moves the difference by e v: it can hide behind one random v, hardly behind four.
            allowed = OWN_TOLERANCE[dtype] * float(np.linalg.norm(((scale + np.abs(got)) * direction)[..., columns]))
            if not abs(claimed - found) <= allowed:
                return False
        return True


def own_forward(student: Student, problem: Problem) -> truth.Gradients:
    """The closed form of the gradients, with x_hat and standard deviation read off the student's own forward.

    With gamma 1 and beta 0 the output is the student's x_hat. In each column it is (x - mu) / s for some s: the slope.
    """
    plain = calls.forward(student, problem, gamma=np.ones_like(problem.gamma), beta=np.zeros_like(problem.beta))
    x_hat = truth.extended(real_array("out", plain.out, problem.x.shape))
    xmu = problem.train.xmu
    with np.errstate(all="ignore"):
        std = (xmu * xmu).sum(axis=0) / (xmu * x_hat).sum(axis=0)
        x_hat = np.where(abs(std) < DEGENERATE * problem.train.std, x_hat, np.nan)
        return truth.backward(
            replace(problem.train, x_hat=x_hat, std=std), problem.lifted[1], truth.extended(problem.dout)
        )


def forward_is_right(student: Student, problem: Problem) -> bool:
    """Is the student's train mode right on this very input? Then its derivative is the true one."""
    out = real_array("out", calls.forward_once(student, problem).out, problem.x.shape)
    return worst(out, train_answer(problem, 0), problem.n, precision(problem, out)) <= 1.0


def finite_columns(student: Student, problem: Problem) -> np.ndarray:
    """(D,) bool: the columns in which the student's own forward is finite, so that a gradient can be asked for."""
    try:
        out = real_array("out", calls.forward_once(student, problem).out, problem.x.shape)
    except CaseFailed:
        return np.ones(problem.d, dtype=bool)
    return np.isfinite(out).all(axis=0)


def directional_derivative(
    problem: Problem, steps: Mapping[str, Step], part: str, direction: np.ndarray, columns: np.ndarray
) -> float:
    """d/dh of sum(dout * forward) over `columns`, with x, gamma or beta moved by h * direction.

    `steps` replace those of the right forward.
    """
    name = {"dx": "x", "dgamma": "gamma", "dbeta": "beta"}[part]
    dout = truth.extended(problem.dout)

    def objective(h: float) -> np.longdouble:
        moved = np.asarray(getattr(problem, name) + h * direction, dtype=np.float64)
        out = evaluate(replace(problem, **{name: moved}), "out", steps)
        return np.sum((dout * out)[:, columns])

    # (f(x + h) - f(x - h)) / (2h) has an error in h^2, h^4, ...; Richardson takes the first two away.
    slopes = [(objective(h) - objective(-h)) / (2 * h) for h in (STEP, STEP / 2, STEP / 4)]
    first = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(slopes)]
    return float((16 * first[1] - first[0]) / 15)
