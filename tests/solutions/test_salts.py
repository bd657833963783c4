"""Does the luck of the draw decide any grade?"""

from __future__ import annotations

import pytest

from grader.findings import Solution
from grader.verdict import Status
from solutions.batchnorm import known
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import grade

# Each solution is graded on three salts here, and on ten in the audit: `python -m solutions.batchnorm.ten_salts`.
SALTS = ("spring", "summer", "autumn")


@pytest.fixture(scope="module")
def runs() -> list[list]:
    return [make_cases(salt) for salt in SALTS]


@pytest.mark.parametrize("solution", [*known.mutants(), *known.variants()], ids=lambda solution: solution.name)
def test_every_salt_gives_the_same_statuses(runs: list[list], solution: Solution) -> None:
    """Is a solution right in one run and wrong in the next?"""
    if solution.name in {"jacobian", "loops"}:
        runs = runs[:2]  # slow on purpose
    first, *others = [{case: str(o.status) for case, o in grade(cases, solution.source).items()} for cases in runs]
    assert all(other == first for other in others)
    assert solution.kind != "variant" or set(first.values()) == {Status.PASS}
