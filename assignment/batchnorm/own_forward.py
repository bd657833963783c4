"""Is a gradient the derivative of the student's own forward pass, even where that forward pass is not the expected one?

A mistake in the forward pass should cost points once. So a backward pass that differentiates it correctly is accepted,
measured along directions v with central differences (f(x + h v) - f(x - h v)) / (2h), extrapolated from h and h / 2.
"""

import numpy as np
from check_answer import numbers

H = 1e-3  # step in units of a column's spread: after extrapolation h⁴ ~ 1e-12 is cut off, u / h ~ 1e-13 is rounded
NEAR = 1e-9  # what a derivative may miss along a direction, relative to its terms; float32 on the way misses 1e-7
DIRECTIONS = 3
FLAT = 1e-6  # of the sizes of its elements: what a sum that should be zero may miss, float32 on the way included


def is_derivative(forward, d, label, gradient):
    """True where `gradient` (dx, dgamma or dbeta) is the derivative of sum(dout * out) of this very forward pass.

    `forward` is a `Function`, `d` the example with x, gamma, beta, eps and dout. `forward` may raise a `Problem`.
    """
    if label == "dx" and not has_all_paths(d.x, gradient):
        return False
    place = {"dx": "x", "dgamma": "gamma", "dbeta": "beta"}[label]
    at = {name: getattr(d, name) for name in ("x", "gamma", "beta")}
    unit = np.ptp(d.x, axis=0) if place == "x" else np.ones_like(d.gamma)

    def loss(step):
        moved = {**at, place: at[place] + step}
        out = forward(moved["x"], moved["gamma"], moved["beta"], {"mode": "train", "eps": d.eps}).out
        return np.sum(d.dout * numbers("out", out, d.dout.shape).astype(np.float64))

    rng = np.random.default_rng(0)
    for _ in range(DIRECTIONS):
        direction = rng.standard_normal(at[place].shape) * unit
        coarse, fine = ((loss(h * direction) - loss(-h * direction)) / (2.0 * h) for h in (H, H / 2.0))
        measured = (4.0 * fine - coarse) / 3.0
        size = np.sum(np.abs(gradient * direction)) + np.abs(measured)
        if not np.abs(np.sum(gradient * direction) - measured) <= NEAR * size:
            return False
    return True


def has_all_paths(x, dx):
    """True where a step along dx changes neither mean nor variance of a column of x, for eps far below that variance.

    So it is for the gradient of anything standardised, since to add to a column or to scale it changes nothing there. A
    function that is asked for its differences could hide its mean and variance from them.
    """
    moves = (dx, dx * (x - x[0]) / np.ptp(x, axis=0))  # along a shift of the whole column, and along its growth
    return all(np.all(np.abs(move.sum(axis=0)) <= FLAT * np.abs(dx).sum(axis=0)) for move in moves)
