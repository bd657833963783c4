"""The check of section 6: how fast running values move, and a warm-up that keeps what it has seen."""

import functools

import numpy as np
from check_answer import judge, numbers
from check_call import Function, kind_of, once, wrong
from check_table import Table
from check_text import say


def short(answer):
    """An answer that is no whole number as a student would write it: 6.64 and not np.float64(6.64).

    Of what is no number at all only the kind is told: a repr can be many times as long as the object.
    """
    if answer is None or isinstance(answer, int | float | np.floating):
        return repr(float(answer) if isinstance(answer, np.floating) else answer)
    return kind_of(answer)


@functools.cache
def _data():
    """60 batches for a warm-up, and new data x; read-only."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(3.0, 2.0, (32, 3)) for _ in range(60)] + [rng.normal(3.0, 2.0, (200, 3))]
    for array in arrays:
        array.flags.writeable = False
    return arrays[:-1], arrays[-1]


def experiments(steps_to_reach, warm_up):
    """Check the two small functions of section 6 (4 points)."""
    steps = Function("steps_to_reach", ("steps",), steps_to_reach)
    warmed = Function("warm_up", ("out",), warm_up)
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

    together = once(lambda: run(x))

    def standardises():
        out = together()
        for column, (mean, std) in enumerate(zip(out.mean(axis=0), out.std(axis=0), strict=True)):
            if not (abs(mean) < 0.3 and 0.75 < std < 1.3):
                raise wrong("mean_and_std", column=column, mean=f"{mean:.3g}", std=f"{std:.3g}")

    def alone():
        standardises()
        single, among = run(x[:1])[0], together()[0]
        if not np.allclose(single, among, rtol=1e-9, atol=1e-9):
            raise wrong("alone_differs", got=f"{single[0]:.6g}", expected=f"{among[0]:.6g}")

    rows = [
        judge("steps_known", 1.0, known),
        judge("steps_any", 1.0, other),
        judge("warm_up_standardises", 1.0, standardises),
        judge("warm_up_alone", 1.0, alone),
    ]
    return Table(say("experiments"), rows)
