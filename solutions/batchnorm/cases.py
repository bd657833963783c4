"""All hidden cases of the assignment: `make_cases(salt)`. Start reading here.

The inputs are drawn anew from the salt of the run (`problems`), the answers come from closed forms in extended
precision (`truth`), the tolerance from the public rule (`checks`). Every named mistake has a case made for it; the
other cases are built to be blind to it, by inputs that cannot see it (`problems`), by reckoning with slips that are
charged already (`carried`), or by excusing the mistakes they are not about (`excused`).

Head-room, measured on the correct variants (`headroom`; 1 is the limit, C(N) = 16 (sqrt(N) + 1)):

    7 x 4, eps 1e-5 or 0.5        0.037      N = 2                         0.043
    7 x 4, columns 1e4 off zero   0.067      D = 1                         0.026
    7 x 4, Fortran order          0.031      N = 2000 (also 1e4 off zero)  0.052
    float32 (8 to 2000 rows, 30 off zero)  0.040

by part: out 0.067, running_mean 0.057, running_var 0.032, dx 0.037, dgamma 0.034, dbeta 0.032, test-mode out 0.043. So
correct code stays 15 times below the tolerance. The wrong solution nearest to it
(one-pass variance, where it is looked for) was 72 to 850 times above it on forty salts.
"""

from __future__ import annotations

import math
from pathlib import Path

import checks
import numpy as np

from grader.checking import Case, CaseFailed, Student
from solutions.batchnorm import (
    cases_backward,
    cases_folding,
    cases_forward,
    cases_layernorm,
    cases_running,
    cases_short,
    cases_spatial,
    cases_test,
    truth,
)
from solutions.batchnorm.carried import noted, remembered
from solutions.batchnorm.gradients import GradientJudge
from solutions.batchnorm.misconceptions import Diagnosis

FIXTURES = Path(__file__).resolve().parent / "fixtures"
PAIR_ROUNDING = 2.0**-104  # what a pair of doubles cannot tell; longdouble is finer on some machines
HALF = 0.5  # of the hidden points of train mode: what buys the right to be judged by one's own forward


def make_cases(salt: str) -> list[Case]:
    """Every hidden case, in the order of the notebook. Equal salts give equal cases, to the bit.

    Raises truth.NoExtendedPrecision on a machine that cannot judge double precision, and RuntimeError where the
    known answers of the fixtures do not come out.
    """
    truth.require_extended()
    known_answers()
    diagnosis = Diagnosis()
    on_forward, forward = cases_forward.make(salt, diagnosis)
    _, running = cases_running.make(salt, on_forward)
    _, test = cases_test.make(salt, on_forward)

    def earned(student: Student) -> bool:
        return earned_half(student, forward)

    gradient = GradientJudge(salt, diagnosis, earned)
    staged = cases_backward.make(salt, on_forward, gradient, "batchnorm_backward", "backward_hidden")
    alt = cases_backward.make(salt, on_forward, gradient, "batchnorm_backward_alt", "backward_alt_hidden")
    bonus = [*cases_layernorm.make(salt, earned), *cases_spatial.make(salt, earned), *cases_folding.make(salt)]
    core = [*forward, *running, *test, *staged, *alt]
    return [*map(noted, core), *cases_short.make(), *bonus, *cases_short.make_hunt()]


def earned_half(student: Student, forward: list[Case]) -> bool:
    """Did train mode earn at least half of its hidden points? Found once per student, and only where it matters."""
    return remembered(student, "forward_earned_half", lambda: _earned(student, forward) >= HALF)


def _earned(student: Student, cases: list[Case]) -> float:
    points = 0.0
    for case in cases:
        try:
            case.run(student)
        except CaseFailed:
            continue
        points += case.points
    return points / math.fsum(case.points for case in cases)


def known_answers() -> None:
    """Raise RuntimeError unless this machine's extended precision reproduces the fixtures' truth.

    The fixtures were computed in decimal arithmetic at 60 digits. A wrong digit here is a fault of the machine or of an
    installed library, and must not become a student's.
    """
    for path in sorted(FIXTURES.glob("*.npz")):
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        worst = max(_distances(arrays).values())
        if not worst <= 1.0:
            raise RuntimeError(
                f"extended precision does not reproduce {path.name}: {worst:.3g} times what rounding allows"
            )


def _distances(arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """For each known answer: the distance to this machine's truth, divided by what its own rounding explains."""
    lift = {name: truth.extended(values) for name, values in arrays.items() if not name.endswith(("_hi", "_lo"))}
    train = truth.train(lift["x"], lift["gamma"], lift["beta"], lift["eps"])
    gradients = truth.backward(train, lift["gamma"], lift["dout"])
    test = truth.inference(*(lift[k] for k in ("x", "gamma", "beta", "eps", "running_mean", "running_var")))
    mean = truth.blend(lift["running_mean"], train.mu, train.mu_scale, lift["momentum"])
    var = truth.blend(lift["running_var"], train.var, train.var_scale, lift["momentum"])
    found = {
        "out": (train.out, train.out_scale),
        "new_mean": (mean.value, mean.scale),
        "new_var": (var.value, var.scale),
        "test_out": (test.out, test.out_scale),
        "dx": (gradients.dx, gradients.dx_scale),
        "dgamma": (gradients.dgamma, gradients.dgamma_scale),
        "dbeta": (gradients.dbeta, gradients.dbeta_scale),
    }
    unit = max(float(np.finfo(np.longdouble).eps) / 2, PAIR_ROUNDING)
    rounding = float(checks.rounding_constant(len(arrays["x"]))) * unit
    return {
        name: float(
            np.max(abs(value - truth.extended(arrays[f"{name}_hi"]) - truth.extended(arrays[f"{name}_lo"])) / scale)
        )
        / rounding
        for name, (value, scale) in found.items()
    }
