"""The checks that the notebook calls. Each returns a table; none of them raises, whatever it is given.

You may read all of this: what is compared, and how large an error may be (tolerance.py), is no secret.
Expected values are data (public_fixtures.npz); the grader's hidden tests use other inputs in the same way.
"""

import copy
import platform
import types

import check_threads  # noqa: F401  before NumPy
import numpy as np
from check_answer import judge, require_shape
from check_backward import backward, backward_alt
from check_call import Problem, when_written, wrong
from check_examples import FIXTURES, public
from check_experiments import experiments
from check_forward import forward_train, running_stats, test_mode
from check_table import Table
from check_text import say
from tolerance import rounding_constant, times_tolerance

__all__ = [
    "backward", "backward_alt", "cmp", "experiments", "first_check", "forward_train", "public", "rounding_constant",
    "running_stats", "staged_example", "test_mode", "times_tolerance", "when_written",
]  # fmt: skip

PYTHON = platform.python_version()

# the nodes of the computation graph whose gradients section 4 asks for, from the output back to the input
NODES = ("dbeta", "dgamma", "dx_hat", "dinv_std", "dxmu1", "dstd", "dvar", "dsq", "dxmu2", "dmu", "dx1", "dx2", "dx")


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
