"""Does the check of section 6 know right steps and a warm-up that keeps what it has seen?"""

import inspect
import math

import checks
import numpy as np
import pytest
from check_text import TEXT

from solutions.batchnorm import known, reference


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
        table = checks.experiments(lambda m, s, kind=kind: kind(steps(m, s)), warm_up, reference.batchnorm_forward)
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
    assert lost(checks.experiments(wrong, warm_up, reference.batchnorm_forward)) == rows


def test_a_broken_number_of_steps_is_shown_as_a_number():
    """Does a student read 6.5, and not how NumPy writes it, with a question about whole numbers?"""
    row = checks.experiments(lambda m, s: np.float64(6.5), warm_up, reference.batchnorm_forward).rows[0]
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
    assert lost(checks.experiments(steps, wrong, reference.batchnorm_forward)) == rows


def with_forward(source):
    """steps_to_reach, warm_up and batchnorm_forward of the reference, with another batchnorm_forward."""
    names = dict(vars(reference))
    exec(inspect.getsource(reference.warm_up) + source, names)  # noqa: S102  (the text below, and our own mutants)
    return steps, names["warm_up"], names["batchnorm_forward"]


def mutant(name):
    return next(each.source for each in known.mutants() if each.name == name)


ACCEPTED = (
    "momentum_swapped",
    "test_no_sqrt",
    "std_as_variance",
    "var_starts_at_one",
    "decay_missing",
    "default_momentum_other",
)
BLOCKED = ("no_update", "running_replaced", "cache_first", "name_error")


@pytest.mark.parametrize("name", ACCEPTED)
def test_right_warm_up_with_a_slip_in_forward_is_right(name):
    """Is a slip charged once, in its own section, where the warm-up does all it can?"""
    with np.errstate(all="ignore"):
        assert checks.experiments(*with_forward(mutant(name))).points == 4


@pytest.mark.parametrize("name", BLOCKED)
def test_warm_up_waits_for_a_forward_that_cannot_show_it(name):
    """Is warm_up ever blamed for what is wrong in batchnorm_forward?"""
    with np.errstate(all="ignore"):
        rows = checks.experiments(*with_forward(mutant(name))).rows
    assert [row.status for row in rows] == ["PASS", "PASS", "BLOCKED", "BLOCKED"]


def test_an_example_alone_waits_for_a_test_mode_of_its_own():
    """Test mode uses the batch, which is charged there. Is warm_up asked whose statistics it uses?"""
    rows = checks.experiments(*with_forward(mutant("test_batch_stats"))).rows
    assert [row.status for row in rows] == ["PASS", "PASS", "PASS", "BLOCKED"]


@pytest.mark.parametrize("wrong", [lambda data, x: x, lambda data, x: data[0][:1] + 0 * x])
def test_a_slip_in_forward_buys_no_warm_up(wrong):
    """Forward turns momentum round. Is a warm_up that does nothing of the kind accepted?"""
    _, _, forward = with_forward(mutant("momentum_swapped"))
    assert checks.experiments(steps, wrong, forward).points == 2


def test_a_trivial_forward_buys_no_warm_up():
    """Forward counts its calls and warm_up knows the number. Does it earn what needs a batch norm?"""

    def forward(x, gamma, beta, bn_param):
        bn_param["seen"] = bn_param.get("seen", 0) + 1
        return x + bn_param["seen"], None

    assert checks.experiments(steps, lambda data, x: x + len(data) + 1, forward).points == 2


def test_unwritten_functions_are_not_wrong():
    """Does an untouched cell say that it waits?"""

    def not_yet(*_):
        raise NotImplementedError

    for forward in (reference.batchnorm_forward, not_yet):
        assert {row.status for row in checks.experiments(not_yet, not_yet, forward).rows} == {"NOT_ATTEMPTED"}


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
    assert checks.experiments(count, warm_up, reference.batchnorm_forward).points == 4
