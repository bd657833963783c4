"""The checks of sections 4 and 5: the backward pass, in stages and in one expression."""

import contextlib

import numpy as np
from check_answer import compare, judge, numbers, require_shape, require_unchanged
from check_call import Function, Problem, once, wrong
from check_examples import public
from check_forward import Forward, forward_slip, forward_table
from check_table import Table
from check_text import say
from own_forward import is_derivative
from tolerance import times_tolerance


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
            if isinstance(call.out, Problem):
                raise call.out
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
        found = self.function(self.d.dout, cache)
        values = [getattr(found, label) for label in self.function.wanted]
        shapes = [value.shape if isinstance(value, np.ndarray) else None for value in values]
        dx, per_column = self.d.dx.shape, self.d.dbeta.shape
        if shapes in ([per_column, dx, per_column], [per_column, per_column, dx]):
            raise wrong("dx_not_first", name=self.function.name)
        return cache, found

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
            slip = forward_slip(self.forward)
            carried = self.carries(slip, answers)
            if carried and slip == "digits":
                return {"message": say("single_precision")}
            if not carried and not all(self.is_own_derivative(*answer[:3]) for answer in answers):
                raise
        return {"message": say("own_derivative")}

    def carries(self, slip, answers):
        """True where these are the right formulas, applied to a forward pass with a slip that was charged before."""
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
