"""No page carries a hidden input or an expected value: every such number is looked for at six digits."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grader.checking import Case
from grader.course import Course
from grader.feedback.exporter import FeedbackExporter
from grader.fill import fill
from grader.grade import Workbench, grade_submission
from grader.release import is_experiment, is_test
from grader.releasing import make_release
from grader.sandbox.host import ALL
from grader.submitted import Submission
from grader.workbench import open_workbench
from tests import tiny

SALT = "nothing-secret"
SECRET = tiny.ROOT / "solutions"


class Recorder:
    """Stands in front of a student and notes every number that goes in or comes out."""

    def __init__(self, student) -> None:
        self.memo = student.memo
        self.numbers: set[str] = set()
        self._student = student

    def __getitem__(self, name: str):
        function = self._student[name]

        def call(*args, **kwargs):
            self._note([args, kwargs])
            result = function(*args, **kwargs)
            self._note([args, kwargs, result])
            return result

        return call

    def _note(self, value) -> None:
        if isinstance(value, np.ndarray):
            self.numbers |= telling(value)
        elif isinstance(value, dict):
            self._note(list(value.values()))
        elif isinstance(value, list | tuple):
            for item in value:
                self._note(item)


def telling(values: np.ndarray) -> set[str]:
    """The numbers of an array at six digits, as far as they have six: 0.5 tells nobody anything."""
    if values.dtype.kind != "f":
        return set()
    shown = {f"{float(number):.6g}" for number in values.ravel()}
    return {text for text in shown if len(digits(text)) >= 6}


def digits(text: str) -> str:
    return re.sub(r"e.*|\D", "", text).lstrip("0")


def numbers_of(page: str) -> set[str]:
    """Every number on a page, at six digits."""
    text = re.sub(r"data:image/[^\"]*", "", page)
    found = re.findall(r"-?\d+\.\d+(?:e[+-]?\d+)?|-?\d{6,}", text)
    return {f"{float(number):.6g}" for number in found}


def hidden_numbers(workbench: Workbench, solved: nbformat.NotebookNode) -> set[str]:
    """Inputs and right answers of all hidden cases of this salt, and all numbers of the secret fixtures."""
    from grader.student import StudentCode

    cells = [
        cell for cell in solved.cells if cell.cell_type == "code" and not is_test(cell) and not is_experiment(cell)
    ]
    with StudentCode(workbench.sandbox, [cell.source for cell in cells], workbench.limits) as code:
        code.run_cells()
        recorder = Recorder(code)
        for case in all_cases(workbench):
            case.run(recorder)
    for path in SECRET.glob("*/fixtures/*.npz"):
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                recorder.numbers |= telling(np.asarray(archive[name], dtype=float))
    return recorder.numbers


def all_cases(workbench: Workbench) -> list[Case]:
    return [case for cases in workbench.cases.values() for case in cases]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A project with the real assignments; what it makes importable is forgotten again."""
    from grader.course import find_course

    path, modules = list(sys.path), set(sys.modules)

    root = tmp_path_factory.mktemp("secret")
    for name in ("assignment", "solutions"):
        (root / name).symlink_to(tiny.ROOT / name)
    (root / "nbgrader_config.py").write_text((tiny.ROOT / "nbgrader_config.py").read_text())
    course = find_course(root)
    for name in course.assignments():
        make_release(course, name)
    yield course
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(root) in str(getattr(sys.modules[name], "__file__", "")) or name.startswith("solutions"):
            del sys.modules[name]


def test_no_page_of_a_wrong_solution_shows_a_hidden_number(project: Course) -> None:
    """Is any hidden input, right answer or fixture value on the page of any wrong solution, at six digits?"""
    exporter = FeedbackExporter()
    looked_for = 0
    for assignment in project.assignments():
        folder = project.solutions / assignment
        reference = (folder / "reference.py").read_text()
        with open_workbench(project, assignment, SALT, layers=ALL) as workbench:
            released = workbench.release.notebook
            secret = hidden_numbers(workbench, fill(released, reference)) - public_numbers(project, assignment)
            looked_for += len(secret)
            for wrong in [folder / "reference.py", *sorted((folder / "mutants").glob("*.py"))[::6]]:
                notebook = fill(released, wrong.read_text(), fallback=reference)
                graded = grade_submission(workbench, Submission(wrong.stem, nbformat.writes(notebook).encode()))
                page = exporter.render(graded.notebook, graded.verdict, None)
                assert numbers_of(page) & secret == set(), wrong.name
    assert looked_for > 1000


def public_numbers(project: Course, assignment: str) -> set[str]:
    found: set[str] = set()
    for path in (project.sources / assignment).glob("*.npz"):
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                if archive[name].dtype.kind == "f":
                    found |= telling(archive[name])
    return found


def test_the_search_would_find_one(project: Course) -> None:
    """Does the search see a number in every form in which a page could show it?"""
    assert numbers_of("<td>0.123456</td> 1.23456e-07, x[3] = -98.7654") == {"0.123456", "1.23456e-07", "-98.7654"}
    assert telling(np.array([0.5, 1 / 3])) == {"0.333333"}
    assert Path(SECRET).is_dir()
