"""Is every wrong solution caught, for its own reason, at a fair price?"""

from __future__ import annotations

import functools
import inspect

import pytest

from grader import findings as audit
from grader.findings import Finding, Solution
from grader.verdict import Status
from solutions.batchnorm import known, texts
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import REFERENCE, Outcome, grade
from solutions.batchnorm.problems import Problem

MUTANTS = known.mutants()


@functools.cache
def all_cases() -> list:
    return make_cases("mutants")


@functools.cache
def results(name: str) -> dict[str, Outcome]:
    return grade(all_cases(), next(mutant.source for mutant in MUTANTS if mutant.name == name))


def finding(mutant: Solution) -> Finding:
    return audit.finding(mutant, results(mutant.name), {case.id: case.points for case in all_cases()})


def test_there_are_enough_of_them() -> None:
    """Does the folder hold the number that the assignment's authors promised?"""
    assert len(MUTANTS) >= 60
    assert sum(mutant.kind == "composition" for mutant in MUTANTS) >= 5
    assert {mutant.kind for mutant in MUTANTS} == {*known.SMALL, *audit.BROAD}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_wrong_solution_is_rejected(mutant: Solution) -> None:
    """Is there a mistake that costs nothing?"""
    found = finding(mutant)
    assert found.lost
    assert found.points_lost > 0


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.kind in known.SMALL], ids=lambda mutant: mutant.name)
def test_small_mistake_costs_at_most_two_cases(mutant: Solution) -> None:
    """Is a slip with eps, momentum, ddof, shape, dtype, in-place work or write-back charged again and again?"""
    found = finding(mutant)
    assert len(found.lost) <= audit.MOST_LOST, found.lost
    assert audit.too_expensive([found]) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mistake_is_named_and_never_wrongly(mutant: Solution) -> None:
    """Does the student learn which mistake it was, and is he ever sent after another one?"""
    found = finding(mutant)
    assert found.diagnosis == ("right" if mutant.misconceptions else "nothing to name"), found.stray


def test_declared_misconceptions_exist() -> None:
    """Could a file expect a name that no diagnosis can give?"""
    for mutant in MUTANTS:
        assert mutant.misconceptions <= texts.HINTS.keys(), mutant.name


def test_composition_says_both() -> None:
    """Two mistakes in one number: are both questions asked?"""
    hints = {outcome.hint for outcome in results("no_mean_path_and_no_gamma").values() if outcome.misconception}
    assert hints == {f"{texts.HINTS['mean-path-missing']} And: {texts.HINTS['dx-gamma-missing']}"}


SLIGHTLY_WRONG = {
    # right to about half of the digits, on some inputs, though no digits are lost
    "forward, far from zero": ("var = (x_centred**2).mean(axis=0)", "var = 1.01 * (x_centred**2).mean(axis=0)"),
    "backward, far from zero and many rows": ("2.0 * x_centred / n", "2.0 * x_centred / (n - 0.5)"),
    "running_var": ("(1.0 - momentum) * var\n", "(1.0 - momentum) * (var + 1e-8)\n"),
    "test mode": ("np.sqrt(running_var + eps)", "np.sqrt(running_var + eps + 1e-9)"),
}


@pytest.mark.parametrize(("right", "wrong"), SLIGHTLY_WRONG.values(), ids=SLIGHTLY_WRONG)
def test_a_slightly_wrong_formula_has_not_lost_digits(right: str, wrong: str) -> None:
    """Is a student sent to look for float32, or for cancellation, whose formula is wrong?"""
    assert REFERENCE.count(right) >= 1
    outcomes = grade(all_cases(), REFERENCE.replace(right, wrong, 1), fallback="").values()
    assert any(outcome.status is Status.FAIL for outcome in outcomes)
    assert {outcome.misconception for outcome in outcomes} & {"single-precision", "one-pass-variance"} == set()


def test_variance_by_one_less_is_charged_in_train_mode_alone() -> None:
    """out is divided by it and running_var keeps it. Is that one slip?"""
    lost = {case for case, outcome in results("ddof_one").items() if outcome.status is not Status.PASS}
    assert lost == {"forward_train_hidden/ordinary"}
    kept = {case for case, outcome in results("running_var_unbiased").items() if outcome.status is not Status.PASS}
    assert kept == {"running_stats_hidden/stored"}


def test_messages_name_place_value_and_ratio() -> None:
    """Does a wrong number say where it is, what it is, and how far off?"""
    outcome = results("mean_path_missing")["backward_hidden/dx"]
    assert outcome.status is Status.FAIL
    assert outcome.where is not None
    assert outcome.where.startswith("dx[")
    assert outcome.message.startswith(f"{outcome.where} = {outcome.got}, ")
    assert outcome.message.endswith(" times the tolerance.")
    assert outcome.ratio is not None
    assert outcome.ratio > 1


def test_no_message_holds_an_expected_value() -> None:
    """Could a student paste the right answer out of his feedback?"""
    numbers = {f"{float(value):.6g}" for case in all_cases() for value in _right_answers(case)}
    assert len(numbers) > 300
    for mutant in MUTANTS:
        for case, outcome in results(mutant.name).items():
            said = f"{outcome.message} {outcome.hint}".replace(str(outcome.got), "")
            for word in said.replace(",", " ").split():
                assert word.strip(".") not in numbers - {"0", "1"}, (mutant.name, case, outcome.message)


def _right_answers(case: object) -> list[float]:
    """The true numbers behind a case, as far as they can be read off its closure."""
    found = []
    for cell in getattr(inspect.unwrap(case.run), "__closure__", None) or ():
        problem = cell.cell_contents
        if isinstance(problem, Problem) and problem.n < 50:
            found += [*problem.train.out.ravel(), *problem.gradients.dx.ravel(), *problem.gradients.dgamma]
    return found
