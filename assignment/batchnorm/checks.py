"""The checks that the notebook calls. Each returns a table; none of them raises, whatever it is given.

You may read all of this: what is compared, and how large an error may be (tolerance.py), is no secret.
Expected values are data (public_fixtures.npz); the grader's hidden tests use other inputs in the same way.
"""

import contextlib
import copy
import functools
import platform
import types
from pathlib import Path

import check_threads  # noqa: F401  before NumPy
import numpy as np
from check_answer import compare, judge, numbers, require_shape, require_unchanged
from check_call import Function, Problem, once, raised_kind, when_written, wrong
from check_experiments import experiments
from check_table import Table
from check_text import say
from own_forward import is_derivative
from tolerance import rounding_constant, times_tolerance

__all__ = [
    "backward", "backward_alt", "cmp", "experiments", "first_check", "forward_train", "gradient_ratios",
    "rounding_constant", "running_stats", "staged_example", "test_mode", "times_tolerance", "when_written",
]  # fmt: skip

FIXTURES = Path(__file__).with_name("public_fixtures.npz")

PYTHON = platform.python_version()
ROUGHLY = 0.3  # in units of a column's standard deviation; dividing by N - 1 = 5 for N = 6 is off by 0.17
LAST_DIGITS = 2.0**-48  # 32 rounding errors: far below the tolerance of a mean over 6 rows, far above one rounding

# the nodes of the computation graph whose gradients section 4 asks for, from the output back to the input
NODES = ("dbeta", "dgamma", "dx_hat", "dinv_std", "dxmu1", "dstd", "dvar", "dsq", "dxmu2", "dmu", "dx1", "dx2", "dx")


@functools.cache
def _fixtures():
    examples = {}
    with np.load(FIXTURES, allow_pickle=False) as file:
        for key in file.files:
            group, name = key.split("__")
            array = file[key]
            array.flags.writeable = False
            examples.setdefault(group, {})[name] = array if array.ndim else float(array)
    return examples


with contextlib.suppress(Exception):  # where they are missing or damaged, `first_check` says so
    _fixtures()  # here and now: who starts many processes from this one, as the grader does, reads them once


def public(group):
    """The public example `group`: inputs, expected values and their scales, by name. The arrays are read-only."""
    return types.SimpleNamespace(**_fixtures()[group])


class Forward(Function):
    """The student's `batchnorm_forward`. The call that most checks look at is made once."""

    def __init__(self, function):
        super().__init__("batchnorm_forward", ("out", "cache"), function)
        self.plain = once(self._plain)

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
            own = variance_in_use()
            (found,) = at_rest("running_var", call=lambda: call_at_rest(own))
            rtol = 1e-4 if forward_slip(forward) == "digits" else 1e-9
            if not np.allclose(numbers("running_var", found, own.shape), own, rtol=rtol, atol=0.0):
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


class Gradients:
    """What the checks of both backward passes share: one example, the student's forward, one student's backward."""

    def __init__(self, batchnorm_forward, name, function, d):
        self.forward = Forward(batchnorm_forward)
        self.function = Function(name, ("dx", "dgamma", "dbeta"), function)
        self.d = d
        self.first_call = once(self._first_call)
        self.values = once(self._values)
        self.forward_table = once(lambda: forward_table(self.forward))

    def cache(self):
        """The cache that the student's forward hands to the student's backward."""
        d = self.d
        try:
            call = self.forward(d.x, d.gamma, d.beta, {"mode": "train", "eps": d.eps})
            if call.complaint is None:
                return call.cache
            raise call.complaint
        except Problem as problem:
            forward_problem = problem
        try:
            self.function(d.dout, None)
        except Problem as problem:
            if problem.status == "NOT_ATTEMPTED":
                raise
        if forward_problem.status == "NOT_ATTEMPTED":
            raise Problem("BLOCKED", say("forward_not_written"))
        raise Problem("BLOCKED", say("forward_failed", message=forward_problem.message))

    def _first_call(self):
        """A cache, and the answer of the first call with it."""
        cache = self.cache()
        return cache, self.function(self.d.dout, cache)

    def run(self):
        return self.first_call()[1]

    def _values(self, *labels):
        """Judge some of dx, dgamma, dbeta: right is the true gradient, or that of the student's own forward."""
        found = self.run()
        answers = [
            (label, getattr(found, label), getattr(self.d, label), getattr(self.d, f"{label}_scale"))
            for label in labels
        ]
        try:
            return compare(*answers, n=len(self.d.x))
        except Problem:
            if not (self.carries_slip(answers) or all(self.is_own_derivative(*answer[:3]) for answer in answers)):
                raise
        return {"message": say("own_derivative")}

    def carries_slip(self, answers):
        """True where these are the right formulas, applied to a forward pass with a slip that was charged before."""
        slip = forward_slip(self.forward)
        if not slip:
            return False
        if slip == "spread":
            others = {"dx": self.d.dx_unbiased}
            answers = [(label, got, others.get(label, right), scale) for label, got, right, scale in answers]
        try:
            compare(*answers, n=len(self.d.x), single=slip == "digits")
        except Problem:
            return False
        return True

    def is_own_derivative(self, label, answer, expected):
        """True where the forward pass is mostly right and this is its derivative: one mistake costs points once."""
        passed = self.forward_table()
        return passed.max_points / 2 <= passed.points < passed.max_points and is_derivative(
            self.forward, self.d, label, numbers(label, answer, expected.shape)
        )

    def require_one_right(self):
        """Let a row about shapes or inputs wait until dgamma or dx is right."""
        self.run()  # what is missing or raises is said as it is
        for label in ("dgamma", "dx"):
            with contextlib.suppress(Problem):
                self.values(label)
                return
        raise Problem("BLOCKED", say("no_gradient_right"))

    def shapes(self):
        self.require_one_right()
        found = self.run()
        if found.complaint is not None:
            raise found.complaint
        for label in self.function.wanted:
            require_shape(label, getattr(found, label), getattr(self.d, label).shape)

    def twice(self):
        """dout as it was, and the same answer from the same cache."""
        self.require_one_right()
        cache, first = self.first_call()
        second = self.function(self.d.dout, cache)
        require_unchanged({"dout": self.d.dout}, {"dout": first.args[0]})
        for label in self.function.wanted:
            before, after = (
                numbers(label, getattr(call, label), getattr(self.d, label).shape) for call in (first, second)
            )
            if not np.array_equal(before, after, equal_nan=True):
                raise wrong("second_call", label=label)


def gradient_ratios(batchnorm_forward, batchnorm_backward):
    """How many times the tolerance each element of dx misses in the example of `backward`; raises a `Problem`."""
    d = public("backward")
    found = Gradients(batchnorm_forward, "batchnorm_backward", batchnorm_backward, d).run()
    return times_tolerance(numbers("dx", found.dx, d.dx.shape), d.dx, d.dx_scale, n=len(d.x))


def backward(batchnorm_forward, batchnorm_backward):
    """Check the staged backward pass (8 points); only dx, dgamma and dbeta count, however they were found."""
    check = Gradients(batchnorm_forward, "batchnorm_backward", batchnorm_backward, public("backward"))
    rows = [
        judge("dbeta", 1.0, lambda: check.values("dbeta")),
        judge("dgamma", 1.5, lambda: check.values("dgamma")),
        judge("dx", 4.0, lambda: check.values("dx")),
        judge("gradient_shapes", 0.5, check.shapes),
        judge("backward_inputs", 1.0, check.twice),
    ]
    return Table(say("backward"), rows)


def backward_alt(batchnorm_forward, batchnorm_backward_alt):
    """Check the backward pass in one expression (3 points), in the same way."""
    check = Gradients(batchnorm_forward, "batchnorm_backward_alt", batchnorm_backward_alt, public("alt"))
    rows = [
        judge("alt_dx", 2.0, lambda: check.values("dx")),
        judge("alt_dgamma_dbeta", 0.5, lambda: check.values("dgamma", "dbeta")),
        judge("alt_shapes", 0.5, check.shapes),
    ]
    return Table(say("backward_alt"), rows)


def first_check():
    """See that everything the notebook needs is here. Nothing of yours is judged yet."""

    def at_least(wanted, found, key):
        if [int(part) for part in found.split(".")[:2]] < list(wanted):
            raise wrong(key, found=found, wanted=".".join(map(str, wanted)))
        return {"got": found}

    def fixtures():
        if not FIXTURES.exists():
            raise wrong("fixtures_gone")
        try:
            public("forward")
        except Exception:
            raise wrong("fixtures_bad") from None
        return {"got": say("present")}

    rows = [
        judge("python", 0.0, lambda: at_least((3, 11), PYTHON, "python_old")),
        judge("numpy", 0.0, lambda: at_least((1, 26), np.__version__, "numpy_old")),
        judge("fixtures", 0.0, fixtures),
    ]
    notes = (say("first_note"),) if all(row.passed for row in rows) else ()
    return Table(say("first_check"), rows, notes)


def staged_example():
    """The example of section 4: x, gamma, beta, eps, dout, and the value of every forward node."""
    example = vars(public("backward"))
    given = {name: value for name, value in example.items() if name not in NODES and not name.endswith("_scale")}
    return types.SimpleNamespace(**copy.deepcopy(given))


def cmp(grads):
    """Print a line per node for a dict of gradients: exact, approximate, max difference. Not graded."""
    example = public("backward")
    lines = []
    for name in [*NODES, *(name for name in grads if name not in NODES)]:
        if name not in NODES:
            line = say("cmp.unknown", name=name, known=", ".join(NODES))
        elif grads.get(name) is None:
            line = say("cmp.empty", name=name)
        else:
            line = cmp_line(name, grads[name], getattr(example, name), getattr(example, f"{name}_scale"))
        lines.append(line)
    print("\n".join(lines))


def cmp_line(name, value, expected, scale):
    try:
        require_shape(name, value, expected.shape)
        close = np.all(times_tolerance(value, expected, scale, n=len(public("backward").x)) <= 1.0)
        difference = float(np.max(np.abs(value - expected)))
    except Problem as problem:
        return say("cmp.problem", name=name, message=problem.message)
    exact, close = (say("yes" if true else "no") for true in (np.array_equal(value, expected), close))
    return say("cmp.line", name=name, exact=exact, close=close, difference=difference)
