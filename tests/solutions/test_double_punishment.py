"""Is one mistake charged once, and is nothing given away by it?"""

from __future__ import annotations

import math
from collections import Counter

import pytest

from grader.checking import Case
from grader.verdict import Status
from solutions.batchnorm import in_process
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import Outcome, grade

EPS_OUTSIDE = """
def batchnorm_forward(x, gamma, beta, bn_param):
    if bn_param["mode"] == "test":
        mean, var = bn_param["running_mean"], bn_param["running_var"]
        return gamma * (x - mean) / np.sqrt(var + bn_param.get("eps", 1e-5)) + beta, None
    if bn_param["mode"] != "train":
        raise ValueError
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mu, var = x.mean(axis=0), x.var(axis=0)
    for name, value in (("running_mean", mu), ("running_var", var)):
        bn_param[name] = momentum * bn_param.get(name, np.zeros_like(value)) + (1 - momentum) * value
    return gamma * (x - mu) / (np.sqrt(var) + eps) + beta, (x - mu, np.sqrt(var), eps, gamma)
"""
ITS_EXACT_DERIVATIVE = """
def batchnorm_backward(dout, cache):
    xmu, sd, eps, gamma = cache
    s = sd + eps
    d = dout * gamma
    with np.errstate(all="ignore"):
        stretch = np.where(sd > 0, np.sum(d * xmu, axis=0) / (len(d) * sd * s**2), 0.0)
    dx = (d - d.mean(axis=0)) / s - xmu * stretch
    return dx, (dout * xmu / s).sum(axis=0), dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""
THE_USUAL_FORMULA = """
def batchnorm_backward(dout, cache):
    xmu, sd, eps, gamma = cache
    x_hat, s = xmu / (sd + eps), sd + eps
    dx = gamma / s * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""
NEITHER = """
def batchnorm_backward(dout, cache):
    xmu, sd, eps, gamma = cache
    x_hat, s = xmu / (sd + eps), sd + 2 * eps
    dx = gamma / s * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""
DDOF = EPS_OUTSIDE.replace("x.var(axis=0)", "x.var(axis=0, ddof=1)").replace(
    "(np.sqrt(var) + eps) + beta, (x - mu, np.sqrt(var), eps, gamma)",
    "np.sqrt(var + eps) + beta, (x - mu, np.sqrt(var + eps), gamma)",
)
DDOF_DERIVATIVE = """
def batchnorm_backward(dout, cache):
    xmu, s, gamma = cache
    d, n = dout * gamma, len(dout)
    dx = (d - d.mean(axis=0)) / s - xmu * np.sum(d * xmu, axis=0) / ((n - 1) * s**3)
    return dx, (dout * xmu / s).sum(axis=0), dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""
NO_CACHE = """
def batchnorm_forward(x, gamma, beta, bn_param):
    raise RuntimeError("half done")
"""
BETA_ONLY = """
def batchnorm_forward(x, gamma, beta, bn_param):
    return np.zeros(x.shape) + beta, (gamma, beta)

def batchnorm_backward(dout, cache):
    return np.zeros(dout.shape), np.zeros(dout.shape[1]), dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""


TWO_FACED = """
poisoned = []

def batchnorm_forward(x, gamma, beta, bn_param):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + bn_param.get("eps", 1e-5))
    for known, its_mean, its_std in poisoned:
        if known.shape == x.shape and np.all(np.abs(known - x) <= 0.2 * np.ptp(known, axis=0)):
            mean, std = its_mean, its_std
    return gamma * (x - mean) / std + beta, (x, gamma, mean, std)

def batchnorm_backward(dout, cache):
    x, gamma, mean, std = cache
    std = SPREAD
    poisoned.append((x.copy(), mean, std))
    return dout * gamma / std, (dout * (x - mean) / std).sum(axis=0), dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return make_cases("double punishment")


def points(outcomes: dict[str, Outcome]) -> Counter[str]:
    total: Counter[str] = Counter()
    for case, outcome in outcomes.items():
        total[case.partition("/")[0]] += outcome.points
    return total


@pytest.mark.parametrize(
    "backward", [ITS_EXACT_DERIVATIVE, THE_USUAL_FORMULA], ids=["exact derivative", "usual formula"]
)
def test_backward_of_a_wrong_eps_earns_its_points(cases: list[Case], backward: str) -> None:
    """Forward has eps in the wrong place and backward follows it. Is backward charged, too?"""
    outcomes = grade(cases, EPS_OUTSIDE + backward)
    assert {case: o.message for case, o in outcomes.items() if o.status is not Status.PASS}.keys() == {
        "forward_train_hidden/eps"
    }


@pytest.mark.parametrize("backward", [DDOF_DERIVATIVE], ids=["exact derivative"])
def test_backward_of_a_variance_by_one_less_earns_its_points(cases: list[Case], backward: str) -> None:
    """Forward divides by N - 1 and backward is its exact derivative. Is it accepted on every input?"""
    earned = points(grade(cases, DDOF + backward, fallback=""))
    assert (earned["backward_hidden"], earned["backward_alt_hidden"]) == (14, 9)


def test_backward_that_follows_nothing_is_wrong(cases: list[Case]) -> None:
    """Forward has eps in the wrong place, backward in yet another. Does the first excuse the second?"""
    outcomes = grade(cases, EPS_OUTSIDE + NEITHER, fallback="")
    assert outcomes["backward_hidden/eps"].status is Status.FAIL
    assert outcomes["backward_alt_hidden/eps"].status is Status.FAIL


def test_constant_forward_does_not_buy_zero_gradients(cases: list[Case]) -> None:
    """`out = beta` has zero dx and dgamma as its exact derivative. Do they earn points?"""
    earned = {case for case, o in grade(cases, BETA_ONLY, fallback="").items() if o.points}
    assert earned == {"backward_hidden/dbeta", "backward_alt_hidden/dbeta"}  # which are right


@pytest.mark.parametrize("spread", ["std", "1.01 * std", "1e9 * std", "np.inf * std"])
def test_forward_that_turns_easy_does_not_buy_easy_gradients(cases: list[Case], spread: str) -> None:
    """Once backward was called, mean and spread near its input no longer depend on x. Is dx without them right?"""
    earned = {case for case, o in grade(cases, TWO_FACED.replace("SPREAD", spread), fallback="").items() if o.points}
    assert {case for case in earned if case.startswith("forward_train")}, "forward itself is right"
    near = () if "e9" in spread or "inf" in spread else ("dgamma",)  # these are a right dgamma of what forward gives
    assert {case.partition("/")[2] for case in earned if case.startswith("backward")} == {"dbeta", *near}


def test_forward_that_turns_to_nan_does_not_excuse_nan(cases: list[Case]) -> None:
    """Where forward gives no number, no gradient is asked for. Can a right forward turn to that afterwards?"""
    source = """
turned = []
right_forward = batchnorm_forward

def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = right_forward(x, gamma, beta, bn_param)
    known = any(each.shape == x.shape and (each == x).all() for each in turned)
    return (out * np.nan if known else out), (x.copy(), *cache)

def batchnorm_backward(dout, cache):
    turned.append(cache[0])
    return dout * np.nan, dout[0] * np.nan, dout.sum(axis=0)

batchnorm_backward_alt = batchnorm_backward
"""
    outcomes = grade(cases, source)
    assert outcomes["forward_train_hidden/no_spread"].status is Status.PASS
    assert outcomes["backward_hidden/no_spread"].status is Status.FAIL
    assert outcomes["backward_alt_hidden/no_spread"].status is Status.FAIL


def test_right_backward_needs_no_right_forward(cases: list[Case]) -> None:
    """Forward is wrong everywhere but its cache is right. Is the true gradient accepted?"""
    source = in_process.REFERENCE.replace("return out, (x_hat", "return out + 1.0, (x_hat")
    earned = points(grade(cases, source, fallback=""))
    assert (earned["forward_train_hidden"], earned["backward_hidden"]) == (0, 14)


def test_forward_that_raises_blocks_backward(cases: list[Case]) -> None:
    """Backward cannot be reached. Is it said to be wrong?"""
    outcomes = grade(cases, NO_CACHE)
    blocked = {o.status for case, o in outcomes.items() if case.startswith("backward")}
    assert blocked == {Status.BLOCKED}
    assert outcomes["backward_hidden/dx"].message.startswith("It needs batchnorm_forward, which failed: ")


def test_unwritten_backward_is_not_blocked(cases: list[Case]) -> None:
    """Forward fails and backward is still a stub. Which of the two does the student read about?"""
    stub = "def batchnorm_backward(dout, cache):\n    raise NotImplementedError\n"
    outcomes = grade(cases, NO_CACHE + stub)
    assert outcomes["backward_hidden/dx"].status is Status.NOT_ATTEMPTED


def test_forward_points_decide_the_proviso_at_one_half(cases: list[Case]) -> None:
    """Is `earned at least half` counted in points of train mode?"""
    forward = [case for case in cases if case.cell == "forward_train_hidden"]
    outcomes = grade(forward, EPS_OUTSIDE, fallback="")
    share = math.fsum(o.points for o in outcomes.values()) / math.fsum(case.points for case in forward)
    assert share == 7.5 / 9


def test_right_forward_gives_no_slack(cases: list[Case]) -> None:
    """Differences tell nine digits. May a gradient with a right forward be wrong in the eleventh?"""
    source = in_process.REFERENCE.replace(
        "    return dx, dgamma, dbeta", "    return dx, dgamma * (1 + 1e-11), dbeta", 1
    )
    outcomes = grade(cases, source, fallback="")
    assert outcomes["backward_hidden/dgamma"].status is Status.FAIL


def test_lost_digits_are_charged_once(cases: list[Case]) -> None:
    """Every dx is right to eleven digits only. Does that cost the form case, and nothing else?"""
    source = in_process.REFERENCE.replace("dx = dx_centred + dmu / n", "dx = (dx_centred + dmu / n) * (1 + 1e-11)")
    outcomes = grade(cases, source, fallback="")
    assert {case for case, o in outcomes.items() if o.status is not Status.PASS} == {"backward_hidden/form"}


def test_alt_is_not_judged_against_the_other_backward(cases: list[Case]) -> None:
    """Both backward functions make the same mistake. Does their agreement help?"""
    wrong = in_process.REFERENCE.replace("dmu = -dx_centred", "dmu = 0 * dx_centred").replace(
        "- dbeta - x_hat", "- x_hat"
    )
    earned = points(grade(cases, wrong, fallback=""))
    assert earned["backward_alt_hidden"] < 4
