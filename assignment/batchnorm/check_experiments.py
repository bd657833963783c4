"""The check of section 6: how fast running values move, and a warm-up that keeps what it has seen."""

import contextlib
import functools
import operator

import numpy as np
from check_answer import judge, numbers
from check_call import Function, Problem, kind_of, once, wrong
from check_forward import Forward, forward_table
from check_table import Table
from check_text import say
from layers import BatchNorm


def short(answer):
    """An answer that is no whole number as a student would write it: 6.64 and not np.float64(6.64).

    Of what is no number at all only the kind is told: a repr can be many times as long as the object.
    """
    if answer is None or isinstance(answer, int | float | np.floating):
        return repr(float(answer) if isinstance(answer, np.floating) else answer)
    return kind_of(answer)


@functools.cache
def _data():
    """30 batches for a warm-up, and new data x; read-only. The last batch alone has plainly another mean than x."""
    rng = np.random.default_rng(11)
    arrays = [rng.normal(3.0, 2.0, (32, 3)) for _ in range(30)] + [rng.normal(3.0, 2.0, (200, 3))]
    for array in arrays:
        array.flags.writeable = False
    return arrays[:-1], arrays[-1]


def experiments(steps_to_reach, warm_up, batchnorm_forward):
    """Check the two small functions of section 6 (4 points).

    `warm_up` calls `batchnorm_forward`, whose slips are charged in sections 1 to 3. What follows from one is accepted
    where a warm-up shows in it; where none can, these rows wait for a better forward pass.
    """
    steps = Function("steps_to_reach", ("steps",), steps_to_reach)
    warmed = Function("warm_up", ("out",), warm_up)
    forward = Forward(batchnorm_forward)
    batches, x = _data()

    def whole(momentum, share):
        got = steps(momentum, share).steps
        if not isinstance(got, (int, float, np.integer, np.floating)) or not np.isfinite(got) or got != round(got):
            raise wrong("not_whole", momentum=momentum, share=share, got=short(got))
        return int(got)

    def known():
        for momentum, expected in ((0.5, 7), (0.9, 44), (0.99, 459), (0.999, 4603)):
            if (got := whole(momentum, 0.99)) != expected:
                raise wrong("wrong_steps", momentum=momentum, share=0.99, got=got, expected=expected)

    def other():
        for momentum, share in ((0.0, 0.9), (0.3, 0.5), (0.8, 0.25), (0.95, 0.999), (0.9, 0.05)):
            left = momentum ** max(got := whole(momentum, share), 0)
            if left > 1.0 - share:
                raise wrong("too_few_steps", momentum=momentum, share=share, got=got)
            if got < 1 or momentum ** (got - 1) <= 1.0 - share:
                raise wrong("too_many_steps", momentum=momentum, share=share, got=got)

    def run(examples):
        return numbers("out", warmed([batch.copy() for batch in batches], examples).out, examples.shape)

    def right_warm_up(first, examples):
        """What a right warm-up by batches[first:] gives with the student's own forward pass."""
        layer = BatchNorm(x.shape[1], (lambda *args: operator.attrgetter("out", "cache")(forward(*args)), None))
        layer.bn_param.clear()  # eps and momentum are those that the forward pass takes by default
        for batch in batches[first:]:
            layer.forward(batch, "train")
        return numbers("out", layer.forward(examples, "test"), examples.shape)

    together = once(lambda: run(x))
    from_batch = once(lambda first: right_warm_up(first, x))

    def expected():
        """That by all batches. The student's `warm_up` cannot be judged where it fails."""
        with contextlib.suppress(Problem):
            return from_batch(0)
        raise forward_first()

    def outcome():
        try:
            return together()
        except Problem as problem:
            if problem.status != "NOT_ATTEMPTED":
                expected()  # is it the forward pass that fails?
            raise

    def shows(first):
        """Does it make a difference in this forward pass that the batches before batches[first:] were seen, too?"""
        try:
            return not same(from_batch(first), expected())
        except Problem:
            return True

    def standardises():
        out = outcome()
        if is_standardised(out):
            return None
        if is_standardised(expected()):
            raise not_standardised(out)
        passed = forward_table(forward)
        mostly_right = 2 * passed.points >= passed.max_points
        if mostly_right and same(out, expected()) and shows(len(batches) - 1) and shows(len(batches)):
            return {"message": say("own_warm_up")}
        raise forward_first()

    def alone():
        standardises()
        single, among = run(x[:1])[0], together()[0]
        if same(single, among):
            return
        if not same(right_warm_up(0, x[:1])[0], expected()[0]):
            raise forward_first()
        raise wrong("alone_differs", got=f"{single[0]:.6g}", expected=f"{among[0]:.6g}")

    rows = [
        judge("steps_known", 1.0, known),
        judge("steps_any", 1.0, other),
        judge("warm_up_standardises", 1.0, standardises),
        judge("warm_up_alone", 1.0, alone),
    ]
    return Table(say("experiments"), rows)


def same(one, other):
    return np.allclose(one, other, rtol=1e-9, atol=1e-9)


def is_standardised(out):
    """Has each column about mean 0 and standard deviation 1?"""
    return bool(np.all((np.abs(out.mean(axis=0)) < 0.3) & (out.std(axis=0) > 0.75) & (out.std(axis=0) < 1.3)))


def not_standardised(out):
    """The Problem that names the first column that has not."""
    column = next(k for k in range(out.shape[1]) if not is_standardised(out[:, k : k + 1]))
    mean, std = out[:, column].mean(), out[:, column].std()
    return wrong("mean_and_std", column=column, mean=f"{mean:.3g}", std=f"{std:.3g}")


def forward_first():
    return Problem("BLOCKED", say("forward_first"))
