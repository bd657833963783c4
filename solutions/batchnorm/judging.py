"""Compare one array with the truth by the one tolerance rule, and explain it where it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import checks
import numpy as np
from tolerance import allowed_error, times_allowed

from grader.checking import CaseFailed, map_of_errors
from solutions.batchnorm.misconceptions import Diagnosis, Names, agrees
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import at, say, shown, times, wrong
from solutions.batchnorm.texts import HINTS

Precision = type[np.floating]


@dataclass(frozen=True, eq=False)
class Answer:
    """A right answer: what `part` of the chain it is, its value and scale."""

    part: str
    value: np.ndarray
    scale: np.ndarray

    @cached_property
    def _allowed(self) -> dict[tuple[int, Precision], np.ndarray]:
        return {}

    def allowed(self, n: int, dtype: Precision) -> np.ndarray:
        """The tolerance of every element, for `n` rows."""
        if (n, dtype) not in self._allowed:
            self._allowed[n, dtype] = allowed_error(self.scale, n, dtype)
        return self._allowed[n, dtype]


def worst(got: np.ndarray, answer: Answer, n: int, dtype: Precision) -> tuple[float, tuple[int, ...]]:
    """(error / tolerance at the worst element, its index)."""
    ratio = times_allowed(got, answer.value, answer.allowed(n, dtype))
    index = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return float(ratio[index]), tuple(int(i) for i in index)


def judge(
    diagnosis: Diagnosis,
    problem: Problem,
    name: str,
    got: np.ndarray,
    answer: Answer,
    dtype: Precision,
    lossy: str = "single-precision",
    unlikely: frozenset[str] = frozenset(),
) -> float:
    """Return the worst ratio of error to tolerance; raise CaseFailed, with a diagnosis, where it is above 1.

    `lossy` is the misconception to name where only digits are lost and the formula is right; `unlikely` ones are
    ruled out already.
    """
    ratio, index = worst(got, answer, problem.n, dtype)
    if ratio <= 1.0:
        return ratio
    where, value = at(name, index), shown(got[index])
    if only_single(got, answer, problem.n, dtype):
        raise wrong("single", lossy, where=where, got=value, ratio=times(ratio), ratio_value=ratio)
    names = diagnosis.explain(problem, answer.part, got, answer.scale, dtype, unlikely)
    if not got.any():  # with dout taken for ones, dx is zero, too: then both are said
        names = [("zeros-returned",), *(each for each in names if each == ("dout-ignored",))]
    raise failure(name, got, names, checks.times_tolerance(got, answer.value, answer.scale, problem.n, dtype))


def failure(name: str, got: np.ndarray, names: list[Names], ratios: np.ndarray) -> CaseFailed:
    """What to raise for a wrong number: its place, its value, how far off it is, and the questions for `names`.

    `ratios` are the errors in units of the tolerance, of the shape of `got`.
    """
    index = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    where, value, ratio = at(name, tuple(map(int, index))), shown(got[index]), float(ratios[index])
    bad = int(np.count_nonzero(~np.isfinite(got)))
    if bad:
        message = say("not_finite", where=where, got=value, count=bad, size=got.size)
    else:
        message = say("value", where=where, got=value, ratio=times(ratio))
    return CaseFailed(
        message,
        hint=question(names),
        misconception="|".join("+".join(pair) for pair in names) or None,
        ratio=ratio,
        where=where,
        got=value,
        errors=map_of_errors(ratios),
    )


def only_single(got: np.ndarray, answer: Answer, n: int, dtype: Precision) -> bool:
    """Right in single precision, wrong in double: digits were lost, the formula was not."""
    return dtype is not np.float32 and worst(got, answer, n, np.float32)[0] <= 1.0 < worst(got, answer, n, dtype)[0]


def question(explanations: list[Names]) -> str:
    """The question for each explanation: one, two together, or "Either ... Or ..."."""
    each = []
    for names in explanations:
        hints = [HINTS[name] for name in names]
        each.append(hints[0] if len(hints) == 1 else say("both", first=hints[0], second=hints[1]))
    if not each:
        return ""
    return each[0] if len(each) == 1 else say("either", first=each[0], second=each[1])


def follows(got: np.ndarray, predicted: np.ndarray, scale: np.ndarray, n: int, dtype: Precision) -> bool:
    """Is `got` what `predicted` says, to the same tolerance? For answers that carry a slip forward."""
    return agrees(got, predicted, scale, n, dtype, slack=2.0)
