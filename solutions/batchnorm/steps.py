"""Batch normalisation as a chain of named steps, any of which a misconception can replace.

A step is a function of the values so far (`s.x`, `s.mu`, ...) and gives the value of its own name. Three chains:
train-mode forward with the running statistics, test mode, and backward. Everything is (N, D) or (D,), `np.longdouble`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import numpy as np

from solutions.batchnorm import truth
from solutions.batchnorm.problems import Problem

Step = Callable[[SimpleNamespace], np.ndarray]

FORWARD: dict[str, Step] = {
    "mu": lambda s: s.x.sum(axis=0) / s.n,
    "var": lambda s: ((s.x - s.mu) ** 2).sum(axis=0) / s.n,
    "std": lambda s: np.sqrt(s.var + s.eps),
    "x_hat": lambda s: (s.x - s.mu) / s.std,
    "out": lambda s: s.gamma * s.x_hat + s.beta,
}
RUNNING: dict[str, Step] = {
    "start_mean": lambda s: 0 * s.mu if s.old_mean is None else s.old_mean,
    "start_var": lambda s: 0 * s.mu if s.old_var is None else s.old_var,
    "stored_var": lambda s: s.var,
    "keep": lambda s: s.momentum,  # the weight of the old value
    "take": lambda s: 1 - s.keep,  # the weight of the batch
    "running_mean": lambda s: s.keep * s.start_mean + s.take * s.mu,
    "running_var": lambda s: s.keep * s.start_var + s.take * s.stored_var,
}
TEST: dict[str, Step] = {
    "test_mu": lambda s: s.old_mean,
    "test_var": lambda s: s.old_var,
    "test_std": lambda s: np.sqrt(s.test_var + s.eps),
    "test_x_hat": lambda s: (s.x - s.test_mu) / s.test_std,
    "test_out": lambda s: s.gamma * s.test_x_hat + s.beta,
}
BACKWARD: dict[str, Step] = {
    "d": lambda s: s.dout,
    "dbeta": lambda s: s.d.sum(axis=0),
    "dgamma": lambda s: (s.d * s.x_hat).sum(axis=0),
    "dx_hat": lambda s: s.d * s.gamma,
    "back_std": lambda s: s.std,
    "share": lambda s: 1 / s.one / s.n,
    "mean_path": lambda s: -s.dx_hat.sum(axis=0) * s.share,
    "var_path": lambda s: -s.x_hat * (s.dx_hat * s.x_hat).sum(axis=0) * s.share,
    "dx": lambda s: (s.dx_hat + s.mean_path + s.var_path) / s.back_std,
}

CHAIN_OF: dict[str, dict[str, Step]] = {
    "out": FORWARD,
    "running_mean": FORWARD | RUNNING,
    "running_var": FORWARD | RUNNING,
    "test_out": FORWARD | TEST,
    "dx": FORWARD | BACKWARD,
    "dgamma": FORWARD | BACKWARD,
    "dbeta": FORWARD | BACKWARD,
}
"""The steps that lead to each part of an answer that cases look at."""


def given(problem: Problem) -> SimpleNamespace:
    """The values a chain starts from."""
    x, gamma, beta = problem.lifted
    lift = truth.extended
    return SimpleNamespace(
        x=x,
        gamma=gamma,
        beta=beta,
        dout=lift(problem.dout),
        eps=lift(problem.eps_value),
        momentum=lift(problem.momentum_value),
        old_mean=None if problem.running_mean is None else lift(problem.running_mean),
        old_var=None if problem.running_var is None else lift(problem.running_var),
        one=lift(1),
        n=problem.n,
        d_columns=problem.d,
    )


def evaluate(problem: Problem, part: str, replaced: Mapping[str, Step]) -> np.ndarray:
    """The value of `part` for somebody who holds the `replaced` steps to be right."""
    values = given(problem)
    with np.errstate(all="ignore"):
        for name, right in CHAIN_OF[part].items():
            value = replaced.get(name, right)(values)
            if name == part:
                return np.asarray(value, dtype=np.longdouble)
            setattr(values, name, value)
    raise KeyError(part)
