"""Grade wrong and right solutions through the real path, and say which of them the cases tell apart.

Which solutions there are, and what is made of their grades, stands in `findings`.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from .course import Course, CourseError
from .executors import grade_class
from .fill import fill, read_solution
from .findings import (
    Finding,
    Solution,
    diagnosis_line,
    finding,
    last_line,
    matrix,
    right_solutions,
    table,
    too_expensive,
    wrong_solutions,
)
from .options import RunOptions
from .release import load_release
from .releasing import make_release
from .sandbox.layers import ALL
from .verdict import Verdict
from .wording import counted
from .workbench import load_cases

SALT = "audit"


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The verdicts by solution name."""

    solutions: dict[str, Solution]  # the wrong ones
    wrong: dict[str, Verdict]
    right: dict[str, Verdict]
    points: dict[str, float]  # of each hidden case, by id


def audit_assignment(course: Course, assignment: str, workers: int, every: int = 1) -> AuditResult:
    """Grade the assignment's wrong and right solutions, or every n-th of them, in a scratch course.

    Raises CourseError where it has none, or one that is not of the documented form.
    """
    secret = course.solutions / assignment
    try:
        wrong, right = wrong_solutions(secret)[::every], right_solutions(secret)[::every]
    except ValueError as error:
        raise CourseError(str(error)) from error
    if not wrong:
        raise CourseError(f"'{assignment}' has no wrong solutions to audit (solutions/{assignment}/mutants/).")
    reference = read_solution(secret / "reference.py")
    folder = course.root / "course"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".audit-", dir=folder) as scratch:
        trial = dataclasses.replace(course, data=Path(scratch))
        make_release(trial, assignment)
        release = load_release(trial, assignment)
        for solution in (*wrong, *right):
            folder = trial.submitted / solution.name / assignment
            folder.mkdir(parents=True)
            notebook = fill(release.notebook, solution.source, fallback=reference)
            (folder / f"{assignment}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
        options = RunOptions(salt=SALT, layers=ALL, workers=workers)
        students = trial.students(assignment)
        verdicts = {
            graded.verdict.student: graded.verdict for graded in grade_class(trial, assignment, students, options)
        }
        cases = load_cases(trial, release, SALT)
    return AuditResult(
        solutions={solution.name: solution for solution in wrong},
        wrong={solution.name: verdicts[solution.name] for solution in wrong},
        right={solution.name: verdicts[solution.name] for solution in right},
        points={case.id: case.points for members in cases.values() for case in members},
    )


def report(result: AuditResult) -> Iterator[str]:
    """The lines to print: matrix mistake x case, what each mistake costs, what is wrong, and the last line."""
    findings = _findings(result)
    yield from matrix(findings, list(result.points))
    yield ""
    yield from table(findings)
    yield ""
    full = {name: verdict.all_right for name, verdict in result.right.items()}
    yield from (f"NOT REJECTED: {found.name}" for found in findings if not found.rejected)
    yield from (f"NAMED WRONGLY: {found.name}: {', '.join(sorted(found.stray))}" for found in findings if found.stray)
    yield from (
        f"COSTS TOO MUCH: {found.name}: {counted(len(found.lost), 'case')}" for found in too_expensive(findings)
    )
    for name, verdict in result.right.items():
        lost = [f"{case.id}: {case.message}" for case in verdict.cases if case.status != "PASS"]
        yield from (f"LOSES POINTS THOUGH RIGHT: {name}: {line}" for line in lost)
    yield diagnosis_line(findings)
    yield last_line(findings, list(full.values()))


def holds(result: AuditResult) -> bool:
    """True where every wrong solution is rejected, none named wrongly, and every right one has full marks."""
    findings = _findings(result)
    right = all(verdict.all_right for verdict in result.right.values())
    return right and all(found.rejected and not found.stray for found in findings) and not too_expensive(findings)


def _findings(result: AuditResult) -> list[Finding]:
    return [
        finding(result.solutions[name], hidden(result, verdict), result.points)
        for name, verdict in result.wrong.items()
    ]


def hidden(result: AuditResult, verdict: Verdict) -> dict[str, Any]:
    """The results of the secret cases, by id; visible checks are no part of the audit."""
    return {case.id: case for case in verdict.cases if case.id in result.points}
