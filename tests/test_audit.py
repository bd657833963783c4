"""The audit itself: a reduced one through the sandbox, and what it says when something is wrong."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from grader.audit import AuditResult, audit_assignment, holds, report
from grader.course import Course, CourseError, find_course
from grader.verdict import Status

from .tiny import ROOT


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    """Every seventh solution of the real assignment, in a copy of the project."""
    root: Path = tmp_path_factory.mktemp("audit")
    for name in ("assignment", "solutions"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (name,) = find_course(root).assignments()
    return audit_assignment(find_course(root), name, workers=1, every=7)


def test_wrong_solutions_are_rejected_and_right_ones_are_not(result: AuditResult) -> None:
    """Does the real path tell wrong from right?"""
    lines = list(report(result))
    assert holds(result), "\n".join(lines)
    assert len(result.wrong) >= 10
    assert lines[-1].startswith(f"audit: {len(result.wrong)} of {len(result.wrong)} wrong solutions rejected, ")


def test_audit_notices_a_wrong_solution_that_passes(result: AuditResult) -> None:
    """Would the audit fail if a mistake slipped through?"""
    name, verdict = next(iter(result.wrong.items()))
    passed = tuple(
        dataclasses.replace(case, status=Status.PASS, points=case.max_points, misconception=None)
        for case in verdict.cases
    )
    spoiled = dataclasses.replace(result, wrong={**result.wrong, name: dataclasses.replace(verdict, cases=passed)})
    assert not holds(spoiled)
    assert f"NOT REJECTED: {name}" in list(report(spoiled))


def test_audit_notices_a_right_solution_that_loses_points(result: AuditResult) -> None:
    """Would the audit fail if correct work were punished?"""
    name, verdict = next(iter(result.right.items()))
    first = dataclasses.replace(verdict.cases[0], status=Status.FAIL, points=0.0)
    spoiled = dataclasses.replace(verdict, cases=(first, *verdict.cases[1:]))
    assert not holds(dataclasses.replace(result, right={**result.right, name: spoiled}))


def test_assignment_without_wrong_solutions_says_so(fresh_course: Course) -> None:
    """Is a missing audit named?"""
    with pytest.raises(CourseError, match="no wrong solutions"):
        audit_assignment(fresh_course, "tiny", workers=1)
