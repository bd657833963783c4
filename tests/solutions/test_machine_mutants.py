"""Is every small change of the reference noticed, or proved to be none?"""

from __future__ import annotations

import ast
import functools

import pytest

from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.equivalence import RandomProblems
from solutions.batchnorm.in_process import REFERENCE
from solutions.batchnorm.machine_mutants import MachineMutant, machine_mutants, rejected

STRIDE = 9  # a reduced set; `python -m solutions.batchnorm.machine_mutants` runs all of them


@functools.cache
def mutants() -> list[MachineMutant]:
    return machine_mutants()


def test_there_are_many_and_each_differs() -> None:
    """Does the machine really change something, once each?"""
    assert len(mutants()) > 1000
    assert len({mutant.source for mutant in mutants()}) == len(mutants())
    unchanged = {ast.unparse(node) for node in ast.parse(REFERENCE).body}
    assert unchanged.isdisjoint(mutant.source for mutant in mutants())


@pytest.mark.parametrize("part", range(4))
def test_each_is_rejected_or_the_same_function(part: int) -> None:
    """Could a wrong operator, constant, axis, name or a dropped term slip through?"""
    cases = make_cases(f"machine {part}")
    living = [mutant for mutant in mutants()[part :: 4 * STRIDE] if not rejected(cases, mutant)]
    problems = RandomProblems(f"machine {part}", 400)
    assert {
        mutant.change: problems.difference(mutant.source) for mutant in living if problems.difference(mutant.source)
    } == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("running_var + eps)", "running_var)"),
        ("1.0 / np.sqrt(var + eps)", "1.0 / np.sqrt(var)"),
        ('"momentum", 0.9', '"momentum", 0.99'),
        ('"eps", 1e-5', '"eps", 1e-8'),
        ("raise ValueError", "raise KeyError"),
        ("np.zeros(x.shape[1], dtype=x.dtype))\n    running_var", "np.ones(x.shape[1]))\n    running_var"),
        ("-dx_centred.sum", "-dx_hat.sum"),
        ("n * dout - dbeta", "n * dout"),
    ],
)
def test_random_problems_tell_a_wrong_function(old: str, new: str) -> None:
    """Would the proof of equivalence believe anything?"""
    problems = RandomProblems("tell", 400)
    assert old in REFERENCE.partition("def steps_to_reach")[0]
    assert problems.difference(REFERENCE) is None
    assert problems.difference(REFERENCE.replace(old, new, 1)) is not None
