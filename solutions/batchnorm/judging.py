"""Compare one array with the truth by the one tolerance rule, and explain it where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from tolerance import allowed_error, times_allowed

from grader.checking import CaseFailed, map_of_errors
from solutions.batchnorm.misconceptions import Diagnosis, Names, agrees
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import at, say, shown, times, wrong
from solutions.batchnorm.texts import HINTS

Precision = type[np.floating]
LARGE = 1e5  # large columns reach millions, the others 300


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


def worst(got: np.ndarray, answer: Answer, n: int, dtype: Precision) -> float:
    """Error / tolerance at the worst element."""
    return float(times_allowed(got, answer.value, answer.allowed(n, dtype)).max())


def judge(
    diagnosis: Diagnosis,
    problem: Problem,
    name: str,
    got: np.ndarray,
    answer: Answer,
    dtype: Precision,
    lossy: str | None = None,
    unlikely: frozenset[str] = frozenset(),
    likely: Sequence[Names] | None = None,
) -> float:
    """Return the worst ratio of error to tolerance; raise CaseFailed, with a diagnosis, where it is above 1.

    `lossy` is the misconception to name where the answer is right in single precision. It is None where a wrong
    formula can be: where x is far from zero, the rows many, or eps large. `unlikely` and `likely` are
    those of `Diagnosis.explain`.
    """
    ratios = times_allowed(got, answer.value, answer.allowed(problem.n, dtype))
    ratio = float(ratios.max())
    if ratio <= 1.0:
        return ratio
    if lossy and only_single(got, answer, problem.n, dtype):
        where, value = worst_element(name, got, ratios)
        raise wrong("single", lossy, where=where, got=value, ratio=times(ratio), ratio_value=ratio)
    names = diagnosis.explain(problem, answer.part, got, answer.scale, dtype, unlikely, likely)
    if not got.any():  # with dout taken for ones, dx is zero, too: then both are said
        names = [("zeros-returned",), *(each for each in names if each == ("dout-ignored",))]
    raise failure(name, got, names, ratios)


def failure(name: str, got: np.ndarray, names: list[Names], ratios: np.ndarray) -> CaseFailed:
    """What to raise for a wrong number: its place, its value, how far off it is, and the questions for `names`.

    `ratios` are the errors in units of the tolerance, of the shape of `got`.
    """
    where, value = worst_element(name, got, ratios)
    ratio = float(ratios.max())
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
    """Right in single precision, wrong in double. On an ordinary batch, digits were lost and the formula was not."""
    return dtype is not np.float32 and worst(got, answer, n, dtype) > 1.0 >= worst(got, answer, n, np.float32)


def single_precision(problem: Problem) -> str | None:
    """The name for lost digits in statistics and in test mode, where the columns are large.

    In others, an eps that is slightly off, or anything small that was added, would look like them.
    """
    return "single-precision" if np.abs(problem.x).max() > LARGE else None


def worst_element(name: str, got: np.ndarray, ratios: np.ndarray) -> tuple[str, str]:
    """Where the largest of `ratios` is, and the number there."""
    index = np.unravel_index(int(ratios.argmax()), ratios.shape)
    return at(name, tuple(map(int, index))), shown(got[index])


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
