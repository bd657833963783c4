"""The inputs that hidden cases are run on, each drawn from the salt of the run.

A problem is drawn once a run: its truth is dear, and the same for every student. So its arrays are read-only, and what
a student gets is a copy.

Two sizes of columns are used. *Large* columns (spread of millions) with `eps` of 1e-12 do not see `eps` at all: where
it stands, whether it is used and what it is makes less difference than one rounding. *Unit* columns (spread about 1)
with `eps` of 0.5 see it clearly. So a slip with `eps` costs the cases that are made for it and no others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from solutions.batchnorm import truth
from solutions.batchnorm.draw import Draw

BLIND_EPS = 1e-12
DEFAULT_EPS = 1e-5
DEFAULT_MOMENTUM = 0.9
DRAWN = 256  # problems kept of each kind; a run draws about fifty in all


@dataclass(frozen=True, eq=False)
class Problem:
    """One set of arguments. `x`, `dout` are (N, D), the vectors (D,); None means that the key is not in `bn_param`."""

    label: str
    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    dout: np.ndarray
    eps: float | None = None
    momentum: float | None = None
    running_mean: np.ndarray | None = None
    running_var: np.ndarray | None = None

    def __post_init__(self) -> None:
        for array in (self.x, self.gamma, self.beta, self.dout, self.running_mean, self.running_var):
            if array is not None:
                array.flags.writeable = False

    @property
    def n(self) -> int:
        return self.x.shape[0]

    @property
    def d(self) -> int:
        return self.x.shape[1]

    @property
    def eps_value(self) -> float:
        return DEFAULT_EPS if self.eps is None else self.eps

    @property
    def momentum_value(self) -> float:
        return DEFAULT_MOMENTUM if self.momentum is None else self.momentum

    @property
    def dtype(self) -> type[np.floating[Any]]:
        """The precision the student may compute in: single where x is single."""
        return np.float32 if self.x.dtype == np.float32 else np.float64

    def bn_param(self, mode: str = "train") -> dict[str, Any]:
        """A fresh `bn_param` with fresh arrays."""
        given = {
            "eps": self.eps,
            "momentum": self.momentum,
            "running_mean": self.running_mean,
            "running_var": self.running_var,
        }
        present = {key: value for key, value in given.items() if value is not None}
        return {"mode": mode} | {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in present.items()}

    @property
    def arguments(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fresh copies of `x`, `gamma`, `beta`, in the memory order they have here."""
        return self.x.copy(order="K"), self.gamma.copy(), self.beta.copy()

    @cached_property
    def lifted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return truth.extended(self.x), truth.extended(self.gamma), truth.extended(self.beta)

    @cached_property
    def train(self) -> truth.Train:
        return truth.train(*self.lifted, truth.extended(self.eps_value))

    @cached_property
    def train_ddof_one(self) -> truth.Train:
        """What a student computes who divides by N - 1; NaN for a single row, as in his own code."""
        with np.errstate(all="ignore"):
            return truth.train(*self.lifted, truth.extended(self.eps_value), ddof=1)

    @cached_property
    def gradients(self) -> truth.Gradients:
        return truth.backward(self.train, self.lifted[1], truth.extended(self.dout))

    @cached_property
    def inference(self) -> truth.Inference:
        mean, var = truth.extended(self.running_mean), truth.extended(self.running_var)
        return truth.inference(*self.lifted, truth.extended(self.eps_value), mean, var)


@lru_cache(DRAWN)
def with_momentum(problem: Problem, momentum: float) -> Problem:
    return replace(problem, momentum=momentum)


@lru_cache(DRAWN)
def with_batch(problem: Problem, batch: Problem) -> Problem:
    """The same problem, with the x of another."""
    return replace(problem, x=batch.x)


def _problem(draw: Draw, label: str, x: np.ndarray, **given: Any) -> Problem:
    n, d = x.shape
    return Problem(
        label=label,
        x=x,
        gamma=draw.signed(0.5, 2.0, d),
        beta=draw.signed(0.3, 1.5, d),
        dout=draw.normal((n, d)),
        **given,
    )


@lru_cache(DRAWN)
def large(salt: str, label: str, n: int, d: int, offset: float = 0.0) -> Problem:
    """Columns with a spread of millions, `offset` spreads away from zero on top; blind to eps."""
    draw = Draw(salt, label)
    spread = draw.uniform(1.5e6, 4e6, d)
    x = spread * (offset + draw.signed(0.3, 1.5, d) + draw.standard(n, d))
    return _problem(draw, label, x, eps=BLIND_EPS)


@lru_cache(DRAWN)
def unit(salt: str, label: str, n: int, d: int, eps: float | None, spread: float = 1.0) -> Problem:
    """Columns with a spread of about `spread` around centres of the same size."""
    draw = Draw(salt, label)
    x = spread * (draw.signed(0.3, 1.5, d) + draw.uniform(0.6, 1.6, d) * draw.standard(n, d))
    return _problem(draw, label, x, eps=eps)


@lru_cache(DRAWN)
def with_running(problem: Problem, salt: str, *, momentum: float | None, far: float = 3.0) -> Problem:
    """The same problem with running statistics given, `far` spreads away from those of the batch."""
    draw = Draw(salt, f"{problem.label}/running")
    spread = np.asarray(problem.train.xmu, dtype=np.float64).std(axis=0) + np.sqrt(problem.eps_value) / 10
    centre = np.asarray(problem.train.mu, dtype=np.float64)
    return replace(
        problem,
        momentum=momentum,
        running_mean=centre + draw.signed(far, 2 * far, problem.d) * spread,
        running_var=draw.uniform(3.0, 9.0, problem.d) * spread**2,
    )


@lru_cache(DRAWN)
def constant_column(salt: str, label: str) -> Problem:
    """Seven rows; the second of three columns has the same whole number in every row."""
    problem = large(salt, label, 7, 3)
    x = problem.x.copy()
    x[:, 1] = Draw(salt, f"{label}/constant").integers(2, 9, 1)[0]
    return replace(problem, x=x)


@lru_cache(DRAWN)
def single_precision(salt: str, label: str, n: int, d: int) -> Problem:
    problem = large(salt, label, n, d)
    arrays = {name: getattr(problem, name).astype(np.float32) for name in ("x", "gamma", "beta", "dout")}
    return replace(problem, **arrays)


@lru_cache(DRAWN)
def whole_numbers(salt: str, label: str, n: int, d: int) -> Problem:
    problem = large(salt, label, n, d)
    return replace(problem, x=np.rint(problem.x).astype(np.int64))


@lru_cache(DRAWN)
def column_order(salt: str, label: str, n: int, d: int) -> Problem:
    """`x` and `dout` in Fortran order: the bytes of a column lie together."""
    problem = large(salt, label, n, d)
    return replace(problem, x=np.asfortranarray(problem.x), dout=np.asfortranarray(problem.dout))
