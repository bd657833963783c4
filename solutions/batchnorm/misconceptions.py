"""What students believe. A misconception replaces one or two steps of the chain: what its holder would return.

A wrong answer is compared with every misconception's, then with every pair of them. What agrees to the same tolerance
as a right answer would is named; where two explanations agree, both are said, unless another input has told already
which of them it is; where none does, nothing is guessed.
The questions that go with them stand in `texts.HINTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import checks
import numpy as np

from solutions.batchnorm.problems import DRAWN, Problem
from solutions.batchnorm.steps import CHAIN_OF, Step, evaluate

MOST_NAMED = 2  # more explanations than this are none
MOST_ROWS = 50  # pairs are not tried on longer batches: the short ones have told them already


def _whole(values: np.ndarray) -> np.ndarray:
    return values.sum() / values.size


BELIEFS: dict[str, Mapping[str, Step]] = {
    # --- forward in train mode
    "eps-outside-root": {"std": lambda s: np.sqrt(s.var) + s.eps},
    "eps-omitted": {"std": lambda s: np.sqrt(s.var)},
    "eps-hard-coded": {"std": lambda s: np.sqrt(s.var + s.one * 1e-5)},
    "default-eps-other": {"std": lambda s: np.sqrt(s.var + s.one * 1e-8)},
    "no-square-root": {"std": lambda s: s.var + s.eps},
    "ddof-one": {"var": lambda s: ((s.x - s.mu) ** 2).sum(axis=0) / (s.n - 1)},
    "divides-by-columns": {
        "mu": lambda s: s.x.sum(axis=0) / s.d_columns,
        "var": lambda s: ((s.x - s.mu) ** 2).sum(axis=0) / s.d_columns,
    },
    "axis-missing": {
        "mu": lambda s: _whole(s.x) + 0 * s.gamma,
        "var": lambda s: _whole((s.x - _whole(s.x)) ** 2) + 0 * s.gamma,
    },
    "axis-one": {
        "mu": lambda s: s.x.mean(axis=1, keepdims=True),
        "var": lambda s: ((s.x - s.mu) ** 2).mean(axis=1, keepdims=True),
    },
    "variance-not-centred": {"var": lambda s: (s.x**2).sum(axis=0) / s.n},
    "gamma-missing": {"out": lambda s: s.x_hat + s.beta},
    "beta-missing": {"out": lambda s: s.gamma * s.x_hat},
    "affine-missing": {"out": lambda s: s.x_hat},
    "gamma-beta-swapped": {"out": lambda s: s.beta * s.x_hat + s.gamma},
    "beta-inside": {"out": lambda s: s.gamma * (s.x_hat + s.beta)},
    "mean-not-subtracted": {"x_hat": lambda s: s.x / s.std},
    "std-multiplied": {"x_hat": lambda s: (s.x - s.mu) * s.std},
    "running-in-train": {
        # the freshly updated running statistics, started from zero
        "x_hat": lambda s: (s.x - (1 - s.momentum) * s.mu) / np.sqrt((1 - s.momentum) * s.var + s.eps)
    },
    # --- running statistics
    "momentum-swapped": {"keep": lambda s: 1 - s.momentum},
    "momentum-hard-coded": {"keep": lambda s: s.one * 0.9},
    "zero-momentum-missing": {"keep": lambda s: s.momentum if s.momentum else s.one * 0.9},
    "default-momentum-other": {"keep": lambda s: s.one * 0.99},
    "eps-in-running-var": {"stored_var": lambda s: s.var + s.eps},
    "std-as-variance": {"stored_var": lambda s: np.sqrt(s.var)},
    "std-as-variance/with eps": {"stored_var": lambda s: s.std},  # what a train mode has at hand
    "running-var-unbiased": {"stored_var": lambda s: s.var * s.n / (s.n - 1)},
    "running-not-updated": {"running_mean": lambda s: s.start_mean, "running_var": lambda s: s.start_var},
    "running-replaced": {"running_mean": lambda s: s.mu, "running_var": lambda s: s.stored_var},
    "batch-weight-missing": {"take": lambda s: s.one},
    "decay-missing": {"running_mean": lambda s: s.start_mean + s.take * s.mu}
    | {"running_var": lambda s: s.start_var + s.take * s.stored_var},
    "var-starts-at-one": {"start_var": lambda s: 0 * s.mu + 1 if s.old_var is None else s.old_var},
    "starts-at-batch": {
        "start_mean": lambda s: s.mu if s.old_mean is None else s.old_mean,
        "start_var": lambda s: s.var if s.old_var is None else s.old_var,
    },
    # --- test mode
    "test-batch-stats": {"test_mu": lambda s: s.mu, "test_var": lambda s: s.var},
    "test-batch-mean": {"test_mu": lambda s: s.mu},
    "test-batch-var": {"test_var": lambda s: s.var},
    "test-eps-omitted": {"test_std": lambda s: np.sqrt(s.test_var)},
    "test-eps-outside-root": {"test_std": lambda s: np.sqrt(s.test_var) + s.eps},
    "test-eps-hard-coded": {"test_std": lambda s: np.sqrt(s.test_var + s.one * 1e-5)},
    "test-no-square-root": {"test_std": lambda s: s.test_var + s.eps},
    "test-affine-missing": {"test_out": lambda s: s.test_x_hat},
    "test-gamma-missing": {"test_out": lambda s: s.test_x_hat + s.beta},
    "test-beta-missing": {"test_out": lambda s: s.gamma * s.test_x_hat},
    "test-mean-not-subtracted": {"test_x_hat": lambda s: s.x / s.test_std},
    # --- backward
    "backward-eps-omitted": {"back_std": lambda s: np.sqrt(s.var)},
    "backward-eps-outside": {"back_std": lambda s: np.sqrt(s.var) + s.eps},
    "backward-eps-hard-coded": {"back_std": lambda s: np.sqrt(s.var + s.one * 1e-5)},
    "mean-path-missing": {"mean_path": lambda s: 0 * s.d},
    "variance-path-missing": {"var_path": lambda s: 0 * s.d},
    "only-direct-path": {"mean_path": lambda s: 0 * s.d, "var_path": lambda s: 0 * s.d},
    "dx-gamma-missing": {"dx_hat": lambda s: s.d},
    "dx-std-missing": {"back_std": lambda s: s.one},
    "dx-std-squared": {"back_std": lambda s: s.std**2},
    "dx-sum-not-mean": {"share": lambda s: s.one},
    "dx-divides-by-columns": {"share": lambda s: s.one / s.d_columns},
    "dx-ddof-one": {"share": lambda s: s.one / (s.n - 1)},
    "mean-path-sum": {"mean_path": lambda s: -s.dx_hat.sum(axis=0)},
    "variance-path-sum": {"var_path": lambda s: -s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0)},
    "variance-path-ddof-one": {"var_path": lambda s: -s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0) / (s.n - 1)},
    "variance-sum-missing": {"var_path": lambda s: -s.x_hat * s.dx_hat * s.x_hat * s.share},
    "variance-path-halved": {
        "var_path": lambda s: -s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0) * s.share / 2,
    },
    "variance-path-doubled": {
        "var_path": lambda s: -s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0) * s.share * 2,
    },
    "dstd-divided-once": {"var_path": lambda s: -s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0) * s.share * s.std},
    "variance-path-sign": {"var_path": lambda s: s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0) * s.share},
    "mean-path-sign": {"mean_path": lambda s: s.dx_hat.sum(axis=0) * s.share},
    "n-times-dout-missing": {"dx": lambda s: (s.dx_hat * s.share + s.mean_path + s.var_path) / s.back_std},
    "dx-times-n": {"dx": lambda s: s.n * (s.dx_hat + s.mean_path + s.var_path) / s.back_std},
    "dgamma-from-x": {"dgamma": lambda s: (s.d * s.x).sum(axis=0)},
    "dgamma-from-out": {"dgamma": lambda s: (s.d * s.out).sum(axis=0)},
    "dgamma-from-centred": {"dgamma": lambda s: (s.d * (s.x - s.mu)).sum(axis=0)},
    "dgamma-not-weighted": {"dgamma": lambda s: s.d.sum(axis=0)},
    "dgamma-dbeta-swapped": {
        "dgamma": lambda s: s.d.sum(axis=0),
        "dbeta": lambda s: (s.d * s.x_hat).sum(axis=0),
    },
    "dgamma-mean": {"dgamma": lambda s: (s.d * s.x_hat).sum(axis=0) / s.n},
    "dbeta-mean": {"dbeta": lambda s: s.d.sum(axis=0) / s.n},
    "dgamma-with-gamma": {"dgamma": lambda s: (s.d * s.gamma * s.x_hat).sum(axis=0)},
    "dbeta-with-gamma": {"dbeta": lambda s: (s.d * s.gamma).sum(axis=0)},
    "dout-ignored": {"d": lambda s: 0 * s.dout + 1},
}
"""Misconceptions that show in the values. Those that show in shapes, dtypes or state are named by their cases.

What stands behind a slash tells apart two ways of holding the same one: it is no part of the name.
"""

Names = tuple[str, ...]


@lru_cache(DRAWN)
def believed(problem: Problem, part: str, name: str) -> np.ndarray:
    """The value of `part` for somebody with this one misconception."""
    return evaluate(problem, part, BELIEFS[name])


def steps_of(names: Names) -> dict[str, Step]:
    """What somebody replaces who has all of these misconceptions."""
    return {key: step for name in names for key, step in BELIEFS[name].items()}


class Diagnosis:
    """Finds the misconceptions that explain a wrong answer. Keeps what they predict, once per problem and part."""

    def __init__(self) -> None:
        self._single: dict[tuple[int, str], dict[Names, np.ndarray]] = {}
        self._double: dict[tuple[int, str], dict[Names, np.ndarray]] = {}
        self._kept: list[Problem] = []  # so that no id() is used twice

    def explain(
        self,
        problem: Problem,
        part: str,
        got: np.ndarray,
        scale: np.ndarray,
        dtype: type[np.floating],
        unlikely: frozenset[str] = frozenset(),
        likely: Sequence[Names] | None = None,
    ) -> list[Names]:
        """The singles, or where there are none the pairs, whose prediction for `part` is `got`.

        More than MOST_NAMED explanations are none; those with an `unlikely` misconception do not count. The `likely`
        ones are what explains a plainer input: where one of them explains this one, too, no other is looked for. None
        where that was right, empty where nothing explains it: then what fits here fits by chance.
        """
        if likely is not None and not likely:
            return []
        predictions = ((names, evaluate(problem, part, steps_of(names))) for names in likely or ())
        found = [names for names, predicted in predictions if agrees(got, predicted, scale, problem.n, dtype)]
        if found:
            return found
        for table in (self._singles, self._pairs) if problem.n <= MOST_ROWS else (self._singles,):
            found = [
                names
                for names, predicted in table(problem, part).items()
                if unlikely.isdisjoint(names) and agrees(got, predicted, scale, problem.n, dtype)
            ]
            found = list(dict.fromkeys(tuple(name.partition("/")[0] for name in names) for names in found))
            if found:
                return found if len(found) <= MOST_NAMED else []
        return []

    def _singles(self, problem: Problem, part: str) -> dict[Names, np.ndarray]:
        key = (id(problem), part)
        if key not in self._single:
            self._kept.append(problem)
            right = evaluate(problem, part, {})
            self._single[key] = {
                (name,): predicted
                for name, steps in BELIEFS.items()
                if steps.keys() & CHAIN_OF[part].keys() and _visible(predicted := evaluate(problem, part, steps), right)
            }
        return self._single[key]

    def _pairs(self, problem: Problem, part: str) -> dict[Names, np.ndarray]:
        key = (id(problem), part)
        if key not in self._double:
            self._double[key] = {
                (*first, *second): evaluate(problem, part, {**BELIEFS[first[0]], **BELIEFS[second[0]]})
                for first, second in combinations(self._singles(problem, part), 2)
                if not BELIEFS[first[0]].keys() & BELIEFS[second[0]].keys()
            }
        return self._double[key]


def _visible(predicted: np.ndarray, right: np.ndarray) -> bool:
    """Does the misconception change the answer at all here, by more than any rounding?"""
    if predicted.shape != right.shape:
        return False
    return not np.allclose(predicted.astype(float), right.astype(float), rtol=1e-6, atol=0.0, equal_nan=True)


def _scale_of(predicted: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The scale of the right answer, stretched where a column of the prediction is larger than it."""
    size = np.where(np.isfinite(predicted), np.abs(predicted), 0.0)
    return scale * np.maximum(size.max(axis=0) / scale.max(axis=0), 1.0) + size


def _far_apart(got: float, predicted: float, scale: float) -> bool:
    """A look at one number: beyond what any tolerance allows. Most predictions are ruled out by it."""
    return abs(got - predicted) > 1e-2 * (scale + abs(predicted)) and abs(predicted) < 1e3 * scale


def agrees(
    got: np.ndarray,
    predicted: np.ndarray,
    scale: np.ndarray,
    n: int,
    dtype: type[np.floating],
    slack: float = 4.0,
) -> bool:
    """Is `got` the `predicted` value, up to rounding? NaN agrees with NaN. `slack` tolerances are allowed.

    The scale of the right answer stands in for the prediction's own, stretched to the size of what is predicted.
    """
    if got.shape != predicted.shape or _far_apart(float(got.flat[0]), float(predicted.flat[0]), float(scale.flat[0])):
        return False
    finite = np.isfinite(predicted.astype(np.float64))
    if not np.array_equal(finite, np.isfinite(got)):
        return False
    if not finite.any():
        return False
    own_scale = _scale_of(predicted.astype(np.float64), np.broadcast_to(scale.astype(np.float64), got.shape))
    ratio = checks.times_tolerance(got[finite], predicted[finite], own_scale[finite], n, dtype)
    return bool(ratio.max() <= slack)
