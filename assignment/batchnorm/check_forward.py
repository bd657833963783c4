"""The checks of sections 1 to 3: training mode, running statistics, test mode."""

import contextlib

import numpy as np
from check_answer import compare, judge, numbers, require_shape, require_unchanged
from check_call import Function, Problem, once, raised_kind, wrong
from check_examples import public
from check_table import Table
from check_text import say

ROUGHLY = 0.3  # in units of a column's standard deviation; dividing by N - 1 = 5 for N = 6 is off by 0.17
LAST_DIGITS = 2.0**-48  # 32 rounding errors: far below the tolerance of a mean over 6 rows, far above one rounding


class Forward(Function):
    """The student's `batchnorm_forward`. The call that most checks look at is made once."""

    def __init__(self, function):
        super().__init__("batchnorm_forward", ("out", "cache"), function)
        self.plain = once(self._plain)

    def __call__(self, *args):
        """As for every function; where `out` came in the second place, a Problem that says so stands in the first."""
        call = super().__call__(*args)
        is_array = isinstance(call.cache, np.ndarray) and call.cache.shape == args[0].shape
        if is_array and not isinstance(call.out, np.ndarray | np.generic | int | float | str):
            call.out = wrong("out_second", name=self.name)
        return call

    def _plain(self):
        """What comes back as `out` for the public example in training mode, with gamma 1 and beta 0."""
        d = public("forward")
        return self(d.x, np.ones_like(d.gamma), np.zeros_like(d.beta), {"mode": "train", "eps": d.eps}).out


def forward_train(batchnorm_forward):
    """Check the output of training mode (6 points). The columns are so large that eps plays no part."""
    return forward_table(Forward(batchnorm_forward))


def forward_table(forward):
    d = public("forward")
    one, zero = np.ones_like(d.gamma), np.zeros_like(d.beta)

    def run(gamma, beta):
        return forward(d.x, gamma, beta, {"mode": "train", "eps": d.eps})

    drawn = once(lambda: run(d.gamma, d.beta))

    def values():
        return compare(("out", forward.plain(), d.x_hat, d.x_hat_scale), n=len(d.x))

    def affine():
        """Against what the function itself makes of gamma 1, beta 0: a mistake in there is for the row above."""
        require_normalising(forward)
        plain, rows = numbers("out", forward.plain(), d.x.shape), np.ones_like(d.x)
        return compare(
            (say("gamma_is_0"), run(zero, d.beta).out, rows * d.beta, rows * np.abs(d.beta)),
            (say("gamma_is_minus_2"), run(-2.0 * one, zero).out, -2.0 * plain, 2.0 * d.x_hat_scale),
            n=len(d.x),
        )

    def shape():
        require_normalising(forward)
        call = drawn()
        if call.complaint is not None:
            raise call.complaint
        require_shape("out", call.out, d.out.shape)

    def unchanged():
        require_normalising(forward)
        x, gamma, beta, _ = drawn().args
        require_unchanged({"x": d.x, "gamma": d.gamma, "beta": d.beta}, {"x": x, "gamma": gamma, "beta": beta})

    rows = [
        judge("out_standardised", 2.5, values),
        judge("out_affine", 2.0, affine),
        judge("out_shape", 1.0, shape),
        judge("inputs_unchanged", 0.5, unchanged),
    ]
    return Table(say("forward_train"), rows)


def require_normalising(forward):
    """Let a row about something else wait until `out` is roughly right in training mode.

    Without it a function that does nothing leaves its inputs alone, and would earn the points for that.
    """
    d = public("forward")
    if not np.all(np.abs(numbers("out", forward.plain(), d.x.shape) - d.x_hat) < ROUGHLY):
        raise Problem("BLOCKED", say("not_normalising"))


def forward_slip(forward):
    """Say "digits" where the forward pass works in single precision, "spread" where it divides by N - 1, else "".

    Both cost points in the first check. What is computed from them is judged on them, so that they cost them once.
    """
    d = public("forward")
    n = len(d.x)
    out = forward.plain()
    for slip, expected in (("", d.x_hat), ("spread", d.x_hat * np.sqrt((n - 1) / n)), ("digits", d.x_hat)):
        with contextlib.suppress(Problem):
            compare(("out", out, expected, d.x_hat_scale), n=n, single=slip == "digits")
            return slip
    return ""


def stored(bn_param, label):
    """What a call left in `bn_param` under this name."""
    if label not in bn_param:
        raise wrong("missing_key", label=label)
    return bn_param[label]


def running_stats(batchnorm_forward):
    """Check what training mode leaves in `bn_param` (4 points)."""
    forward = Forward(batchnorm_forward)
    d, one = public("running"), public("forward")

    def three_batches():
        bn_param, answers = {"mode": "train", "eps": d.eps, "momentum": d.momentum}, []
        for k, x in enumerate((d.x0, d.x1, d.x2)):
            forward(x, d.gamma, d.beta, bn_param)
            expected, scale = getattr(d, f"running_mean_{k}"), getattr(d, f"running_mean_{k}_scale")
            found = numbers("running_mean", stored(bn_param, "running_mean"), expected.shape).copy()
            answers.append((say("after_batch", k=k + 1), found, expected, scale))
        return compare(*answers, n=len(d.x0))

    def call_at_rest(variance):
        """Running values, and `bn_param` after a batch whose statistics they have already, but for the last digits.

        Whatever the momentum, they have to stay there. Only the last digits tell whether anything was stored.
        """
        start = {"running_mean": one.mu * (1.0 + LAST_DIGITS), "running_var": variance * (1.0 + LAST_DIGITS)}
        bn_param = {"mode": "train", "eps": one.eps, "momentum": 0.5, **{key: start[key].copy() for key in start}}
        forward(one.x, one.gamma, one.beta, bn_param)
        return start, bn_param

    with_right_variance = once(lambda: call_at_rest(one.var))

    def at_rest(*labels, call=with_right_variance):
        """What such a call stored under these labels."""
        start, bn_param = call()
        for label in labels:
            if np.array_equal(numbers(label, stored(bn_param, label), start[label].shape), start[label]):
                raise wrong("not_updated", label=label)
        return [stored(bn_param, label) for label in labels]

    def variance():
        (found,) = at_rest("running_var")
        try:
            return compare(("running_var", found, one.var, one.var_scale), n=len(one.x))
        except Problem:
            if forward_slip(forward) == "digits":
                compare(("running_var", found, one.var, one.var_scale), n=len(one.x), single=True)
                return {"message": say("single_precision")}
            own = variance_in_use()
            (found,) = at_rest("running_var", call=lambda: call_at_rest(own))
            if not np.allclose(numbers("running_var", found, own.shape), own, rtol=1e-9, atol=0.0):
                raise
        return {"message": say("own_variance")}

    def variance_in_use():
        """What the student's own `out` was divided by: a slip in there is for the check of section 1."""
        require_normalising(forward)
        out = numbers("out", forward.plain(), one.x.shape)
        return (np.ptp(one.x, axis=0) / np.ptp(out, axis=0)) ** 2

    def shapes():
        require_normalising(forward)
        labels = ("running_mean", "running_var")
        for label, found in zip(labels, at_rest(*labels), strict=True):
            require_shape(label, found, one.gamma.shape)

    rows = [
        judge("running_mean", 2.0, three_batches),
        judge("running_var", 1.5, variance),
        judge("running_shape", 0.5, shapes),
    ]
    return Table(say("running_stats"), rows)


def test_mode(batchnorm_forward):
    """Check test mode (3 points). The variances are so large that eps plays no part."""
    forward = Forward(batchnorm_forward)
    d = public("test_mode")

    def run(mode="test"):
        statistics = {"running_mean": d.running_mean.copy(), "running_var": d.running_var.copy()}
        return forward(d.x, d.gamma, d.beta, {"mode": mode, "eps": d.eps, **statistics})

    tested = once(run)

    def values():
        return compare(("out", tested().out, d.out, d.out_scale), n=len(d.x))

    def state():
        require_normalising(forward)
        call = tested()
        numbers("out", call.out, d.out.shape)
        before = {"running_mean": d.running_mean, "running_var": d.running_var}
        require_unchanged(before, {label: stored(call.args[3], label) for label in before})

    def unknown_mode():
        require_normalising(forward)
        try:
            run(mode="predict")
        except Problem as problem:
            if problem.status != "ERROR":
                raise
            if raised_kind(problem) == "ValueError":
                return
            raise wrong("other_error", mode="predict", kind=raised_kind(problem)) from None
        raise wrong("no_error", mode="predict")

    rows = [
        judge("test_output", 2.0, values),
        judge("test_state", 0.5, state),
        judge("unknown_mode", 0.5, unknown_mode),
    ]
    return Table(say("test_mode"), rows)
