"""What is right: closed forms of batch normalisation, and how far rounding alone can move each answer.

The formulas are written once and work on any array whose elements can add, multiply, divide and take a root:
`np.longdouble` while grading, `decimal.Decimal` objects at 60 digits for the fixtures. Nothing here is a finite
difference and nothing comes from a student's function.

Scales. With u = eps(dtype)/2 a right answer satisfies |error| <= C(N) u S, where C is `checks.rounding_constant` and S
the scale that stands beside each answer below. S comes from carrying one rounding error through the formula:
x - mu is off by u max|x| however small it is, so relative to s = sqrt(var + eps) every x_hat is off by u (|x_hat| + k),
k = max|x| / s, and what is built from x_hat inherits it:

    S_out    = |gamma| (|x_hat| + k) + |beta|
    S_dx     = |gamma|/s (|d| + mean|d| + |x_hat| mean|d x_hat| + k (1 + |x_hat|) mean|d|)
    S_dgamma = sum |d| (|x_hat| + k)            S_dbeta = sum |d|
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

Array = np.ndarray


class NoExtendedPrecision(RuntimeError):
    """This machine's `np.longdouble` is a plain double, so it cannot judge double-precision answers."""


def require_extended() -> None:
    """Raise NoExtendedPrecision where `np.longdouble` has no more digits than float64 (Windows, macOS on arm64)."""
    if np.finfo(np.longdouble).eps > np.finfo(np.float64).eps / 1024:
        raise NoExtendedPrecision(
            "np.longdouble has no more digits than float64 here, so double-precision answers cannot be judged. "
            "Grade on Linux (x86-64 or arm64)."
        )


def extended(values: Any) -> Array:
    """The same numbers as `np.longdouble`."""
    return np.asarray(values, dtype=np.longdouble)


def decimals(values: Any) -> Array:
    """The same numbers, exactly, as an object array of `Decimal`. The caller sets the context's precision."""
    lifted = np.vectorize(lambda number: Decimal(float(number)), otypes=[object])(values)
    return np.asarray(lifted, dtype=object)


@dataclass(frozen=True)
class Train:
    """Train-mode forward: (D,) `mu`, `var`, `std`, `size` (k = max|x| / std); (N, D) `xmu`, `x_hat`, `out`."""

    mu: Array
    xmu: Array
    var: Array
    std: Array
    size: Array
    x_hat: Array
    out: Array
    mu_scale: Array
    var_scale: Array
    x_hat_scale: Array
    out_scale: Array


def train(x: Array, gamma: Array, beta: Array, eps: Any, ddof: int = 0) -> Train:
    """Normalise by the batch. `ddof` = 1 is the student's slip of dividing by N - 1, never the truth."""
    n = x.shape[0]
    mu = x.sum(axis=0) / n
    xmu = x - mu
    var = (xmu * xmu).sum(axis=0) / (n - ddof)
    std = np.sqrt(var + eps)
    x_hat = xmu / std
    largest = abs(x).max(axis=0)
    size = largest / std
    x_hat_scale = abs(x_hat) + size
    return Train(
        mu=mu,
        xmu=xmu,
        var=var,
        std=std,
        size=size,
        x_hat=x_hat,
        out=gamma * x_hat + beta,
        mu_scale=largest,
        # var moves by 2 |x - mu| times the error of x - mu, averaged over the rows
        var_scale=var + 2 * largest * abs(xmu).sum(axis=0) / (n - ddof),
        x_hat_scale=x_hat_scale,
        out_scale=abs(gamma) * x_hat_scale + abs(beta),
    )


@dataclass(frozen=True)
class Blend:
    """One running statistic after a train call, (D,), and its scale."""

    value: Array
    scale: Array


def blend(old: Array, batch: Array, batch_scale: Array, weight: Any, old_scale: Array | None = None) -> Blend:
    """running = weight * running + (1 - weight) * batch. `old_scale` is the scale the old value already carries."""
    carried = abs(old) if old_scale is None else old_scale
    return Blend(
        value=weight * old + (1 - weight) * batch,
        scale=abs(weight) * carried + abs(1 - weight) * batch_scale,
    )


@dataclass(frozen=True)
class Inference:
    """Test-mode forward, (N, D)."""

    out: Array
    out_scale: Array


def inference(x: Array, gamma: Array, beta: Array, eps: Any, running_mean: Array, running_var: Array) -> Inference:
    """Normalise by the running statistics; the rows do not see each other."""
    std = np.sqrt(running_var + eps)
    x_hat = (x - running_mean) / std
    reach = (abs(x) + abs(running_mean)) / std
    return Inference(
        out=gamma * x_hat + beta,
        out_scale=abs(gamma) * (abs(x_hat) + reach) + abs(beta),
    )


@dataclass(frozen=True)
class Gradients:
    """Gradients of sum(dout * out) by `x` (N, D), `gamma` (D,) and `beta` (D,), with their scales."""

    dx: Array
    dgamma: Array
    dbeta: Array
    dx_scale: Array
    dgamma_scale: Array
    dbeta_scale: Array


def backward(forward: Train, gamma: Array, dout: Array) -> Gradients:
    """Closed form of the three gradients. `forward` may be a student's slip as well as the truth."""
    n = dout.shape[0]
    x_hat, std, size = forward.x_hat, forward.std, forward.size
    mean_d = dout.sum(axis=0) / n
    mean_dx = (dout * x_hat).sum(axis=0) / n
    size_d = abs(dout).sum(axis=0) / n
    size_dx = abs(dout * x_hat).sum(axis=0) / n
    return Gradients(
        dx=gamma / std * (dout - mean_d - x_hat * mean_dx),
        dgamma=(dout * x_hat).sum(axis=0),
        dbeta=dout.sum(axis=0),
        dx_scale=abs(gamma) / std * (abs(dout) + size_d + abs(x_hat) * size_dx + size * (1 + abs(x_hat)) * size_d),
        dgamma_scale=(abs(dout) * (abs(x_hat) + size)).sum(axis=0),
        dbeta_scale=abs(dout).sum(axis=0),
    )


def graph(forward: Train, gamma: Array, dout: Array) -> dict[str, tuple[Array, Array]]:
    """Gradient and scale at every node of the staged computation graph, by name, last node first.

    The graph is mu, xmu = x - mu, sq = xmu^2, var = mean(sq), std = sqrt(var + eps), inv_std = 1/std,
    x_hat = xmu * inv_std, out = gamma * x_hat + beta. `dxmu1` and `dxmu2` are what reaches xmu through x_hat and
    through sq, `dx1` and `dx2` what reaches x through xmu and through mu.
    """
    n = dout.shape[0]
    xmu, std, size = forward.xmu, forward.std, forward.size
    inv_std = 1 / std
    off = abs(xmu) + forward.mu_scale  # xmu and the size of its error, in units of u
    dx_hat, dx_hat_scale = dout * gamma, abs(dout * gamma)
    dinv_std, dinv_std_scale = (dx_hat * xmu).sum(axis=0), (dx_hat_scale * off).sum(axis=0)
    dxmu1, dxmu1_scale = dx_hat * inv_std, dx_hat_scale * inv_std * (1 + size)
    dstd, dstd_scale = -dinv_std * inv_std**2, dinv_std_scale * inv_std**2 * (1 + size)
    dvar, dvar_scale = dstd * inv_std / 2, dstd_scale * inv_std / 2
    dsq, dsq_scale = (dvar / n) * (dout * 0 + 1), (dvar_scale / n) * (dout * 0 + 1)
    dxmu2, dxmu2_scale = 2 * xmu * dsq, 2 * off * dsq_scale
    dmu, dmu_scale = -(dxmu1 + dxmu2).sum(axis=0), (dxmu1_scale + dxmu2_scale).sum(axis=0)
    dx1, dx1_scale = dxmu1 + dxmu2, dxmu1_scale + dxmu2_scale
    dx2, dx2_scale = (dmu / n) * (dout * 0 + 1), (dmu_scale / n) * (dout * 0 + 1)
    return {
        "dx_hat": (dx_hat, dx_hat_scale),
        "dinv_std": (dinv_std, dinv_std_scale),
        "dxmu1": (dxmu1, dxmu1_scale),
        "dstd": (dstd, dstd_scale),
        "dvar": (dvar, dvar_scale),
        "dsq": (dsq, dsq_scale),
        "dxmu2": (dxmu2, dxmu2_scale),
        "dmu": (dmu, dmu_scale),
        "dx1": (dx1, dx1_scale),
        "dx2": (dx2, dx2_scale),
    }
