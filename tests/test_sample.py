"""The bundled sample class: there as a whole, or made again."""

from __future__ import annotations

import csv
import shutil

from grader.course import Course

from .test_course_run import GRADER, run
from .tiny import NAME

RECIPE = """
import json


def make_submissions(notebook):
    return {"s01": json.dumps(notebook).encode(), "s02": b"no notebook"}
"""


def graded(course: Course) -> list[str]:
    done = run([GRADER, "grade"], course)
    assert done.returncode == 0, done.stdout + done.stderr
    with course.grades_csv.open(encoding="utf-8-sig", newline="") as file:
        return [row["student"] for row in csv.DictReader(file)]


def test_class_is_made_once_and_again_where_the_first_run_was_cut_short(fresh_course: Course) -> None:
    """Does a fresh project have something to grade, whatever happened to the first run?"""
    (fresh_course.solutions / NAME / "sample_class.py").write_text(RECIPE)
    shutil.rmtree(fresh_course.submitted, ignore_errors=True)
    assert graded(fresh_course) == ["s01", "s02"]
    shutil.rmtree(fresh_course.sample().submitted)  # as if killed between the release and the class
    shutil.rmtree(fresh_course.sample().autograded)
    assert graded(fresh_course) == ["s01", "s02"]
