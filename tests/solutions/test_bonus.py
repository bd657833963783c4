"""Sections 8 and 9: is everybody paid for what he did, and for nothing else?"""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from grader.checking import Case, CaseFailed
from grader.verdict import Status
from solutions.batchnorm import known
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.cases_short import lines_named
from solutions.batchnorm.in_process import REFERENCE, Outcome, grade

BONUS = ("bonus_layernorm", "bonus_spatial", "bonus_folding")
RIGHT_LINES = (2, 5, 10, 18, 23, 27, 32, 39)
REUSE = next(variant.source for variant in known.variants() if variant.name == "bonus_by_reuse")
HUNTS = {
    "right": (RIGHT_LINES, 2.0),
    "twice": (RIGHT_LINES * 2, 2.0),
    "whole floats": (tuple(map(float, RIGHT_LINES)), 2.0),
    "nothing": ((), 0.0),
    "one": ((39,), 0.25),
    "one and a false alarm": ((39, 38), 0.0),
    "six and two false alarms": ((2, 5, 10, 18, 23, 27, 6, 19), 1.0),
    "false alarms": ((1, 3, 4), 0.0),
    "all lines": (tuple(range(1, 40)), 0.0),
    "a line of 400 digits": ((39, 32, 10**400), 0.25),
}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return make_cases("bonus")


def points(outcomes: dict[str, Outcome], *cells: str) -> float:
    return math.fsum(o.points for case, o in outcomes.items() if case.partition("/")[0] in cells)


def hunting(cases: list[Case], text: str) -> dict[str, Outcome]:
    return grade([c for c in cases if c.cell == "bonus_bug_hunt"], f"def bug_hunt():\n    return {text}")


@pytest.mark.parametrize(
    ("answer", "kind"), [("'0'", "str"), ("[0.0]", "list"), ("np.zeros(3)", "ndarray"), ("np.zeros((2, 2))", "ndarray")]
)
def test_a_short_answer_that_is_no_number_is_asked_for_as_a_number(cases: list[Case], answer: str, kind: str) -> None:
    """Is nobody asked for a NumPy array, or for shape (), where a number is wanted?"""
    short = [case for case in cases if case.cell == "short_answers_hidden"]
    outcomes = grade(short, f"def short_answers():\n    return {answer}, 1, 2, 3")
    message = outcomes["short_answers_hidden/bias_gradient"].message
    assert message == f"bias_gradient is of type {kind}; a number is asked for."


@pytest.mark.parametrize(("named", "paid"), HUNTS.values(), ids=HUNTS)
def test_bug_hunt_pays_a_quarter_less_a_quarter(cases: list[Case], named: tuple, paid: float) -> None:
    """A quarter for each wrong line, minus a quarter for each other line, never below zero: is it so to the point?"""
    outcomes = hunting(cases, repr(named))
    assert points(outcomes, "bonus_bug_hunt") == paid


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("None", "bug_hunt returned None."),
        ("7", "bug_hunt returned one value of type int"),
        ("'2, 5'", "bug_hunt returned one value of type str"),
        ("(2, 'five')", "by a value of type str"),
        ("(2, True)", "by a value of type bool"),
        ("(2.5,)", "line 2.5"),
        ("(float('nan'),)", "line nan"),
        ("(2, None)", "by a value of type NoneType"),
        ("(np.timedelta64(2, 's'),)", "by a value of type timedelta64"),
        ("(2,) * 1001", "named 1001 lines"),
    ],
)
def test_bug_hunt_says_what_it_cannot_read(cases: list[Case], text: str, told: str) -> None:
    """Is anything but line numbers a verdict with a short message?"""
    for outcome in hunting(cases, text).values():
        assert outcome.status is Status.FAIL
        assert told in outcome.message
        assert len(outcome.message) < 120


def test_an_array_of_line_numbers_is_read(cases: list[Case]) -> None:
    """Is a student told off for np.array?"""
    assert points(hunting(cases, f"np.array({RIGHT_LINES})"), "bonus_bug_hunt") == 2.0


@pytest.mark.parametrize(
    "named",
    [[number * (2**61 - 1) for number in range(1, 6_000)], np.arange(2_000_000)],
    ids=["equal hashes", "many numbers"],
)
def test_line_numbers_are_counted_before_they_are_looked_at(named: Any) -> None:
    """Can an answer of a few megabytes take minutes to be made a set of, or hundreds of megabytes?"""
    tracemalloc.start()
    try:
        with pytest.raises(CaseFailed, match=r"^bug_hunt named \d+ lines; at most 1000"):
            lines_named(named)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_bug_hunt_does_not_give_lines_away(cases: list[Case]) -> None:
    """Does a message name a line that the student has not?"""
    said = {outcome.message for outcome in hunting(cases, "(5, 6)").values()}
    assert said == {"Wrong lines named: 1. Other lines named: 1."}


@pytest.mark.parametrize(
    ("answers", "paid"),
    [
        ("(0, 3.1623, 6, -9)", 4.0),
        ("(0, 3.16, 6, -9)", 4.0),
        ("(-0.0, 3.19, 6.0005, -9.0005)", 4.0),
        ("(1e-6, 3.20, 6.01, -9.01)", 0.0),
        ("(0, 3.12, 5.99, 9)", 1.0),
        ("(0j, None, '6', [-9])", 0.0),
        ("(float('nan'),) * 4", 0.0),
        ("(float('inf'),) * 4", 0.0),
        ("(0, 3.16, 6)", 0.0),
        ("0", 0.0),
        ("None", 0.0),
    ],
)
def test_short_answers_allow_for_rounding_only(cases: list[Case], answers: str, paid: float) -> None:
    """Where does a rounded number end and a wrong one begin?"""
    short = [case for case in cases if case.cell == "short_answers_hidden"]
    outcomes = grade(short, f"def short_answers():\n    return {answers}")
    assert points(outcomes, "short_answers_hidden") == paid


REUSED = ("eps_outside_root", "ddof_one", "momentum_swapped", "test_no_eps", "dgamma_mean")
IN_SINGLE = ("works_in_float32", "out_as_float32", "running_as_float32")


@pytest.mark.parametrize("name", [*REUSED, *IN_SINGLE])
def test_reused_mistake_is_not_charged_again(cases: list[Case], name: str) -> None:
    """The notebook advises to reuse one's own functions. Does a slip in them cost bonus points, too?"""
    mutant = next(mutant for mutant in known.mutants() if mutant.name == name)
    outcomes = grade(cases, mutant.source + REUSE.split('"""', 2)[2])
    lost = {case: o.message for case, o in outcomes.items() if o.status is not Status.PASS}
    folding = ("bonus_folding",) if name in IN_SINGLE else ()  # asks for test mode alone, with its own eps
    assert {case for case in lost if case.startswith(("bonus_layernorm", "bonus_spatial", *folding))} == set()


def test_digits_lost_for_images_alone_are_charged(cases: list[Case]) -> None:
    """Forward is right, the images are taken to single precision. Is that excused by nothing?"""
    outcomes = grade(cases, REUSE.replace("rows_of(x), gamma", "rows_of(x.astype(np.float32)), gamma"))
    assert outcomes["bonus_spatial/running"].status is Status.FAIL
    assert outcomes["bonus_spatial/test_mode"].status is Status.FAIL


def test_reuse_buys_nothing_without_a_forward(cases: list[Case]) -> None:
    """`out = x`, reused for the bonus, agrees with itself. Is it paid?"""
    identity = """
def batchnorm_forward(x, gamma, beta, bn_param):
    return x * 1.0, None

def batchnorm_backward(dout, cache):
    return dout * 1.0, np.zeros(dout.shape[1]), np.zeros(dout.shape[1])

batchnorm_backward_alt = batchnorm_backward
"""
    outcomes = grade(cases, identity + REUSE.split('"""', 2)[2])
    earned = {case for case, o in outcomes.items() if o.points and case.startswith(BONUS)}
    assert earned <= {"bonus_layernorm/dbeta"}  # a sum of dout, which is right whatever forward does


AGREES_WITH_ANYTHING = """
lazy = []
right_forward, right_backward = batchnorm_forward, batchnorm_backward

def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = right_forward(x, gamma, beta, bn_param)
    if lazy:
        bn_param["running_mean"] = bn_param["running_var"] = np.zeros(x.shape[1])
    return (0.0 * out + beta if lazy else out), cache

def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = right_backward(dout, cache)
    return (0.0 * dx, 0.0 * dgamma, dbeta) if lazy else (dx, dgamma, dbeta)

def layernorm_forward(x, gamma, beta, ln_param):
    lazy.append(1)
    return np.zeros(x.shape) + beta, None

def layernorm_backward(dout, cache):
    return np.zeros(dout.shape), np.zeros(dout.shape[1]), dout.sum(axis=0)

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    lazy.append(1)
    bn_param["running_mean"] = bn_param["running_var"] = np.zeros(x.shape[1])
    return np.zeros(x.shape) + beta[:, None, None], None

def spatial_batchnorm_backward(dout, cache):
    return np.zeros(dout.shape), np.zeros(dout.shape[1]), dout.sum(axis=(0, 2, 3))
"""


def test_batch_norm_that_agrees_with_anything_buys_no_bonus(cases: list[Case]) -> None:
    """It is right where it is judged. Does it excuse the others, when it is asked again for comparison?"""
    outcomes = grade(cases, AGREES_WITH_ANYTHING)
    assert all(o.status is Status.PASS for case, o in outcomes.items() if case.startswith("forward_train_hidden"))
    earned = {
        case for case, o in outcomes.items() if o.points and case.startswith(("bonus_layernorm", "bonus_spatial"))
    }
    assert earned <= {"bonus_layernorm/dbeta", "bonus_spatial/dbeta"}  # which are right


def test_backward_behind_a_broken_forward_is_blocked(cases: list[Case]) -> None:
    """Is backward called wrong where it could not be reached?"""
    broken = """
def layernorm_forward(x, gamma, beta, ln_param):
    raise RuntimeError

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    raise RuntimeError
"""
    outcomes = grade(cases, broken)
    for cell in ("bonus_layernorm", "bonus_spatial"):
        assert outcomes[f"{cell}/dx"].status is Status.BLOCKED
        assert outcomes[f"{cell}/dx"].message.startswith("It needs ")
    assert points(outcomes, "bonus_layernorm", "bonus_spatial") == 0


def test_backward_not_written_is_not_attempted(cases: list[Case]) -> None:
    """Forward done, backward not begun: is that said, and is forward paid?"""
    stubs = "".join(
        f"def {name}_backward(dout, cache):\n    raise NotImplementedError\n"
        for name in ("layernorm", "spatial_batchnorm")
    )
    outcomes = grade(cases, stubs)
    for cell in ("bonus_layernorm", "bonus_spatial"):
        assert {outcomes[f"{cell}/{part}"].status for part in ("dx", "dgamma", "dbeta")} == {Status.NOT_ATTEMPTED}
    assert points(outcomes, "bonus_layernorm") == 1.75
    assert points(outcomes, "bonus_spatial") == 2.0


BAD = (
    *(
        "None",
        "3.5",
        "'text'",
        "True",
        "()",
        "(None,)",
        "(None, None)",
        "(1, 2, 3)",
        "[[1]]",
        "{'out': 1}",
        "lambda: 1",
    ),
    *("np.zeros(3)", "np.zeros(3), None", "np.zeros((3, 4, 2, 5)), 'cache'", "np.zeros((0, 4)), np.zeros(0)"),
    *("np.array([None] * 4)", "np.full(3, 1j)", "np.zeros(4, dtype='U8')", "(np.nan, np.inf, -np.inf, 10**400)"),
    *("np.full((5, 6), np.nan), np.ones(6), np.ones(6)", "'a', 'b', 'c'", "(object(),) * 4", "np.ones(10**6)"),
)


@pytest.mark.parametrize("value", BAD)
def test_no_case_trips_over_a_bad_value(cases: list[Case], value: str) -> None:
    """Whatever comes back from every function at once: is it a verdict, short and unpaid?"""
    names = ("layernorm_forward", "layernorm_backward", "spatial_batchnorm_forward", "spatial_batchnorm_backward")
    names += ("fold_batchnorm", "bug_hunt", "short_answers")
    source = "".join(f"def {name}(*args):\n    return {value}\n\n" for name in names)
    new = [case for case in cases if case.cell.startswith(("short", "bonus"))]
    outcomes = grade(new, source)
    assert points(outcomes, *BONUS, "bonus_bug_hunt", "short_answers_hidden") == 0
    assert max(len(outcome.message) for outcome in outcomes.values()) < 200


@pytest.mark.parametrize("value", ["None", "'a'", "[1.0] * 4", "np.ones((2, 2))", "np.full(4, np.nan)", "object()"])
def test_bad_running_statistics_of_images_have_a_message(cases: list[Case], value: str) -> None:
    """What if bn_param is filled with something else than two vectors?"""
    right = "    return gamma[across] * x_hat + beta[across], (x_hat, gamma[across], inv_std)"
    assert right in REFERENCE
    source = REFERENCE.replace(right, f'    bn_param["running_var"] = {value}\n{right}')
    outcomes = grade([case for case in cases if case.cell == "bonus_spatial"], source, fallback="")
    assert {case for case, o in outcomes.items() if o.status is not Status.PASS} == {"bonus_spatial/running"}
    assert "running_var" in outcomes["bonus_spatial/running"].message
