"""The bundled sample class: there as a whole, or made again; apart from a real class, and from other assignments."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from grader.course import Course
from grader.verify import verify

from .test_course_run import GRADER, run
from .tiny import NAME, marks, source_notebook

OTHER = "other"
RECIPE = """
import json


def make_submissions(notebook):
    return {"s01": json.dumps(notebook).encode(), "s02": b"no notebook"}
"""


@pytest.fixture
def project(fresh_course: Course) -> Course:
    """The tiny assignment with a recipe, a second one like it without, and nothing submitted."""
    source, secret = fresh_course.originals / OTHER, fresh_course.solutions / OTHER
    shutil.copytree(fresh_course.originals / NAME, source)
    (source / f"{NAME}.ipynb").rename(source / f"{OTHER}.ipynb")
    shutil.copytree(fresh_course.solutions / NAME, secret)
    write_recipe(fresh_course, NAME)
    return fresh_course


def write_recipe(course: Course, assignment: str) -> None:
    (course.solutions / assignment / "sample_class.py").write_text(RECIPE)


def graded(course: Course, assignment: str = NAME) -> list[str]:
    done = run([GRADER, "grade", assignment], course)
    assert done.returncode == 0, done.stdout + done.stderr
    with course.sample().grades_csv.open(encoding="utf-8-sig", newline="") as file:
        return [row["student"] for row in csv.DictReader(file)]


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def test_class_is_made_once_and_again_where_the_first_run_was_cut_short(project: Course) -> None:
    """Does a fresh project have something to grade, whatever happened to the first run?"""
    assert graded(project) == ["s01", "s02"]
    shutil.rmtree(project.sample().submitted)  # as if killed between the release and the class
    shutil.rmtree(project.sample().autograded)
    assert graded(project) == ["s01", "s02"]
    assert not project.grades_csv.exists(), "the table of the real class"


def test_assignment_without_a_recipe_leaves_everything_alone(project: Course) -> None:
    """Is it said before anything is announced, released or taken away?"""
    graded(project)
    before = files(project.root / "course")
    done = run([GRADER, "grade", OTHER], project)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'other' has no sample class" in done.stderr
    assert files(project.root / "course") == before


def test_assignments_share_the_class_and_lose_nothing(project: Course) -> None:
    """Does a second assignment, or a new release of it with other cells, touch the results of the first?"""
    sample = project.sample()
    graded(project)
    table = sample.grades_csv.read_bytes()
    write_recipe(project, OTHER)
    of_first = {path: data for path, data in files(sample.data).items() if NAME in path.parts}
    assert of_first
    done = run([GRADER, "grade", OTHER], project)
    assert "other: course/sample/grades/other.csv" in done.stdout
    assert "Next: make feedback report ASSIGNMENT=other " in done.stdout
    notebook = source_notebook()
    notebook.cells.append(new_code_cell("assert True", id="more", metadata=marks("more", points=1, locked=True)))
    nbformat.write(notebook, project.originals / OTHER / f"{OTHER}.ipynb")
    assert graded(project, OTHER) == ["s01", "s02"]
    verdict = json.loads(sample.verdict("s01", OTHER).read_text())
    assert "more" in {case["cell"] for case in verdict["cases"]}
    assert {path: path.read_bytes() for path in of_first} == of_first
    assert verify(sample, NAME) == verify(sample, OTHER) == []
    assert sample.grades_of(NAME).read_bytes() == table
    assert sample.grades_of(OTHER).read_bytes() == sample.grades_csv.read_bytes() != table
    assert "Nothing to grade; 2 are graded already." in run([GRADER, "grade", NAME], project).stdout


def test_release_with_other_cells_goes_over_a_graded_sample_class(project: Course) -> None:
    """Can an author who has looked at the sample class go on writing, and release?"""
    graded(project)
    notebook = source_notebook()
    notebook.cells = [cell for cell in notebook.cells if cell.id != "hidden"]
    nbformat.write(notebook, project.originals / NAME / f"{NAME}.ipynb")
    (project.solutions / NAME / "cases.py").write_text("def make_cases(salt):\n    return []\n")
    done = run([GRADER, "release", NAME], project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert graded(project) == ["s01", "s02"]
