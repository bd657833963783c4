"""Does the check of section 6 know right steps and a warm-up that keeps what it has seen?"""

import math

import checks
import numpy as np
import pytest
from check_text import TEXT

from solutions.batchnorm import reference


def steps(momentum, share):
    return 1 if momentum == 0 else math.ceil(math.log(1 - share) / math.log(momentum))


def warm_up(data, x, mode="test", keep=True):
    features, kept = x.shape[1], {"mode": "train"}
    for one in data:
        kept = kept if keep else {"mode": "train"}
        reference.batchnorm_forward(one, np.ones(features), np.zeros(features), kept)
    return reference.batchnorm_forward(x, np.ones(features), np.zeros(features), {**kept, "mode": mode})[0]


def lost(table):
    return [row.name for row in table.rows if not row.passed]


def test_right_functions_pass():
    """Do both functions earn the four points of the cell, NumPy numbers and whole floats included?"""
    for kind in (int, float, np.int64, np.float64):
        table = checks.experiments(lambda m, s, kind=kind: kind(steps(m, s)), warm_up)
        assert table.points == table.max_points == 4


@pytest.mark.parametrize(
    ("wrong", "rows"),
    [
        (lambda m, s: steps(m, s) + 1, ["steps_known", "steps_any"]),
        (lambda m, s: steps(m, s) - 1, ["steps_known", "steps_any"]),
        (lambda m, s: {0.5: 7, 0.9: 44, 0.99: 459, 0.999: 4603}.get(m, 1), ["steps_any"]),
        (lambda m, s: 5 if s == 0.05 else steps(m, s), ["steps_any"]),
        (lambda m, s: steps(m, s) - (s == 0.999), ["steps_any"]),
        (lambda m, s: steps(m, s) + 0.5, ["steps_known", "steps_any"]),
        (lambda m, s: math.nan, ["steps_known", "steps_any"]),
        (lambda m, s: str(steps(m, s)), ["steps_known", "steps_any"]),
        (lambda m, s: -steps(m, s), ["steps_known", "steps_any"]),
        (lambda m, s: 10**9, ["steps_known", "steps_any"]),
    ],
    ids=[
        "one more",
        "one less",
        "a list of the known ones",
        "another wrong",
        "one too few",
        "half",
        "nan",
        "text",
        "negative",
        "huge",
    ],
)
def test_wrong_steps_are_rejected(wrong, rows):
    """Is every other number of steps wrong, also where the four known answers are copied?"""
    assert lost(checks.experiments(wrong, warm_up)) == rows


def test_a_broken_number_of_steps_is_shown_as_a_number():
    """Does a student read 6.5, and not how NumPy writes it, with a question about whole numbers?"""
    row = checks.experiments(lambda m, s: np.float64(6.5), warm_up).rows[0]
    assert row.message == "steps_to_reach(0.5, 0.99) = 6.5, expected a whole number."
    assert row.hint == TEXT["not_whole?"]


@pytest.mark.parametrize(
    ("wrong", "rows"),
    [
        (lambda data, x: warm_up(data, x, keep=False), ["warm_up_standardises", "warm_up_alone"]),
        (lambda data, x: warm_up(data, x, mode="train"), ["warm_up_alone"]),
        (lambda data, x: np.zeros_like(x), ["warm_up_standardises", "warm_up_alone"]),
        (lambda data, x: x, ["warm_up_standardises", "warm_up_alone"]),
        (lambda data, x: None, ["warm_up_standardises", "warm_up_alone"]),
        (lambda data, x: warm_up(data[:3], x), ["warm_up_standardises", "warm_up_alone"]),
    ],
    ids=["nothing kept", "batch statistics", "zeros", "x", "None", "three batches"],
)
def test_wrong_warm_ups_are_rejected(wrong, rows):
    """Is a warm-up that forgets, or that looks at x itself, noticed?"""
    assert lost(checks.experiments(steps, wrong)) == rows


def test_unwritten_functions_are_not_wrong():
    """Does an untouched cell say that it waits?"""

    def not_yet(*_):
        raise NotImplementedError

    assert {row.status for row in checks.experiments(not_yet, not_yet).rows} == {"NOT_ATTEMPTED"}


@pytest.mark.parametrize(
    "count",
    [
        lambda m, s: next(t for t in range(1, 10**5) if 1 - m**t >= s),
        lambda m, s: next(t for t in range(1, 10**5) if m**t <= 1 - s),
        lambda m, s: int(np.argmax(np.cumprod(np.full(10**5, m)) <= 1 - s)) + 1,
    ],
)
def test_no_question_lies_on_the_edge(count):
    """Do all ways to write the same comparison give the same number, whatever they round?"""
    assert checks.experiments(count, warm_up).points == 4
