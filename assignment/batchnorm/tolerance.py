"""How far an answer may be from the expected one. You may read it: how numbers are judged is no secret."""

import math

import numpy as np


def rounding_constant(n):
    """Return C(N) = 16 (sqrt(N) + 1), the head-room over one rounding error for sums over N rows.

    Worst of 3,000 random problems and four correct formulations: 112 where C(1000) = 522. Right code in 18 styles was
    measured on every kind of hidden input, too: at most 0.067 of what is allowed.
    """
    return 16.0 * (np.sqrt(n) + 1.0)


def times_tolerance(got, expected, scale, n, dtype=np.float64):
    """Return |got - expected| / (C(n) u scale), elementwise: below 1 is right, whatever way you computed it.

    `scale` bounds how strongly one rounding error (u = eps(dtype) / 2) can move each element of the answer;
    it comes from a rounding-error analysis of the formula and has the shape of `expected`. `n` is the number
    of rows in the batch. Non-finite elements of `got` are infinitely wrong. Zero scale demands equality.
    """
    return times_allowed(got, expected, allowed_error(scale, n, dtype))


def allowed_error(scale, n, dtype=np.float64):
    """Return C(n) u scale: the error that each element may have."""
    unit = float(np.finfo(dtype).eps) / 2.0
    return rounding_constant(n) * unit * np.asarray(scale, dtype=np.float64)


def times_allowed(got, expected, allowed):
    """Return the error of every element of `got` in units of what is allowed."""
    error = np.abs(np.subtract(got, expected, dtype=np.longdouble)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.asarray(error / allowed)
    if ratio.size and math.isfinite(ratio.flat[ratio.argmax()]):  # no NaN either: argmax finds the first
        return ratio
    return np.where(np.isfinite(error), np.where(error == 0.0, 0.0, ratio), np.inf)


def relative_error(got, expected):
    """max |a - b| / max(1e-8, |a| + |b|). It condemns right answers near zero: shown, it never decides."""
    got = got.astype(np.float64)
    return float(np.max(np.abs(got - expected) / np.maximum(1e-8, np.abs(got) + np.abs(expected)), initial=0.0))
