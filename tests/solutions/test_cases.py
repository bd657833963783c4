"""Do the hidden cases pay what they promise, to whom they should?"""

from __future__ import annotations

import math
import re
from collections import Counter

import pytest

from grader.checking import Case
from grader.verdict import Status
from solutions.batchnorm import in_process, misconceptions, texts
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import grade

CELLS = {
    "forward_train_hidden": 9,
    "running_stats_hidden": 8,
    "test_mode_hidden": 8,
    "backward_hidden": 14,
    "backward_alt_hidden": 9,
    "short_answers_hidden": 4,
    "bonus_layernorm": 3,
    "bonus_spatial": 3,
    "bonus_folding": 2,
    "bonus_bug_hunt": 2,
}
NAMES = (
    "batchnorm_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "short_answers",
    "layernorm_forward",
    "layernorm_backward",
    "spatial_batchnorm_forward",
    "spatial_batchnorm_backward",
    "fold_batchnorm",
    "bug_hunt",
)
STUBS = "\n".join(f"def {name}(*args):\n    raise NotImplementedError('{name} is not written yet')\n" for name in NAMES)
NOTHING_IN_THE_BONUS = """
def layernorm_forward(x, gamma, beta, ln_param):
    return x * {factor}, (gamma, beta)

spatial_batchnorm_forward = layernorm_forward

def layernorm_backward(dout, cache):
    return dout * {factor}, np.zeros(dout.shape[1]) * {factor}, np.zeros(dout.shape[1]) * {factor}

spatial_batchnorm_backward = layernorm_backward

def fold_batchnorm(W, b, *others):
    return W * {factor}, b * {factor}

def bug_hunt():
    return ()

def short_answers():
    return (3.0, {factor}, {factor}, {factor})
"""
ZEROS = """
def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = np.zeros(x.shape[1])
    bn_param["running_var"] = np.zeros(x.shape[1])
    return np.zeros_like(x), None

def batchnorm_backward(dout, cache):
    return np.zeros_like(dout), np.zeros(dout.shape[1]), np.zeros(dout.shape[1])

batchnorm_backward_alt = batchnorm_backward
"""
IDENTITY = """
def batchnorm_forward(x, gamma, beta, bn_param):
    return x * 1.0, None

def batchnorm_backward(dout, cache):
    return dout * 1.0, np.zeros(dout.shape[1]), np.zeros(dout.shape[1])

batchnorm_backward_alt = batchnorm_backward
"""
NOT_A_NUMBER = """
def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = bn_param["running_var"] = np.full(x.shape[1], np.nan)
    return np.full(x.shape, np.nan), None

def batchnorm_backward(dout, cache):
    return np.full(dout.shape, np.nan), np.full(dout.shape[1], np.nan), np.full(dout.shape[1], np.nan)

batchnorm_backward_alt = batchnorm_backward
"""
ALWAYS_VALUE_ERROR = """
def batchnorm_forward(x, gamma, beta, bn_param):
    raise ValueError

batchnorm_backward = batchnorm_backward_alt = batchnorm_forward
"""
ARGUMENTS = """
def batchnorm_forward(x, gamma, beta, bn_param):
    return x, (gamma, beta)

def batchnorm_backward(dout, cache):
    return dout, *cache

batchnorm_backward_alt = batchnorm_backward
"""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return make_cases("cases")


def test_points_add_up_to_those_of_the_cells(cases: list[Case]) -> None:
    """Do the cases of each cell pay exactly what the notebook says the cell is worth?"""
    points: Counter[str] = Counter()
    for case in cases:
        points[case.cell] += case.points
    assert points == CELLS


def test_ids_are_unique_and_say_their_cell(cases: list[Case]) -> None:
    """Can two cases be taken for one?"""
    assert len({case.id for case in cases}) == len(cases)
    assert all(re.fullmatch(rf"{case.cell}/[a-z0-9_]+", case.id) for case in cases)
    assert {case.id for case in cases} == texts.TITLES.keys()


def test_reference_earns_everything(cases: list[Case]) -> None:
    """Does the reference solution pass each hidden case?"""
    assert {case: o.message for case, o in grade(cases, "").items() if o.status is not Status.PASS} == {}


def test_untouched_stubs_are_not_attempted(cases: list[Case]) -> None:
    """Is a student who has not started told that he is wrong?"""
    assert {outcome.status for outcome in grade(cases, STUBS, fallback="").values()} == {Status.NOT_ATTEMPTED}


@pytest.mark.parametrize("source", [ZEROS, NOT_A_NUMBER, ALWAYS_VALUE_ERROR], ids=["zeros", "nan", "always ValueError"])
def test_functions_that_compute_nothing_earn_nothing(cases: list[Case], source: str) -> None:
    """Is any case so weak that an empty function passes it?"""
    earned = {case: outcome.points for case, outcome in grade(cases, source, fallback="").items() if outcome.points}
    assert earned == {}


@pytest.mark.parametrize("factor", ["0.0", "np.nan", "1.0"], ids=["zeros", "nan", "identity"])
def test_empty_functions_earn_no_bonus(cases: list[Case], factor: str) -> None:
    """Is any case of sections 8 and 9 passed by zeros, NaN, or the arguments handed back?"""
    source = NOTHING_IN_THE_BONUS.replace("{factor}", factor)
    earned = {case: o.points for case, o in grade(cases, source, fallback="").items() if o.points}
    assert earned == {}
    earned = {case for case, o in grade(cases, source).items() if o.points}  # nor with right functions to lean on
    assert {case.partition("/")[0] for case in earned} == set(list(CELLS)[:5])


@pytest.mark.parametrize("source", [IDENTITY, ARGUMENTS], ids=["identity", "arguments handed back"])
def test_identity_does_not_buy_itself_a_backward(cases: list[Case], source: str) -> None:
    """`out = x` with `dx = dout` is an exact derivative of one's own forward. Does it earn points?"""
    earned = {case: outcome.points for case, outcome in grade(cases, source, fallback="").items() if outcome.points}
    assert earned == {}


def test_missing_function_is_an_error_of_its_own(cases: list[Case]) -> None:
    """What does a student see who deleted a function?"""
    source = in_process.REFERENCE.replace("def batchnorm_backward_alt", "def renamed")
    outcomes = grade(cases, source, fallback="")
    gone = {case for case, outcome in outcomes.items() if outcome.status is Status.ERROR}
    assert {case.partition("/")[0] for case in gone} == {"backward_alt_hidden"}
    assert math.fsum(outcome.points for outcome in outcomes.values()) == sum(CELLS.values()) - 9


def test_same_salt_gives_the_same_ratios_to_the_bit() -> None:
    """Can a run be repeated from its recorded salt?"""
    source = "batchnorm_backward_alt = batchnorm_backward"
    first, second = (grade(make_cases("again"), source) for _ in range(2))
    assert first == second
    assert first != grade(make_cases("another"), source)


def test_every_misconception_has_its_question() -> None:
    """Is a mistake ever named without a question to go with it?"""
    assert {name.partition("/")[0] for name in misconceptions.BELIEFS} <= texts.HINTS.keys()
    assert len(texts.HINTS) >= 30


def test_hints_ask_and_give_no_formula() -> None:
    """Does a hint tell what to write?"""
    for name, hint in texts.HINTS.items():
        assert "?" in hint, name
        assert not re.search(r"[=*/^]|np\.|sqrt|\*\*", hint), name
