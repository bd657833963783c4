"""Marks by hand and grading again: what waits for a person, and what a person should look at once more."""

from __future__ import annotations

import pytest

from grader.course import Course
from grader.fill import fill
from grader.marks import Marks, read_marks
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox.layers import ALL
from grader.summary import Line
from tests import tiny

STUDENT = "written"


def hand_in(course: Course, answer: str) -> None:
    notebook = fill(load_release(course, tiny.NAME).notebook, tiny.REFERENCE)
    notebook.cells[-1].source = answer
    tiny.hand_in(course, STUDENT, notebook)


def grade(course: Course) -> tuple[Line, Marks]:
    (line,) = grade_and_record(course, tiny.NAME, [STUDENT], RunOptions("", ALL, 1, force=True))
    return line, read_marks(course, tiny.NAME)[STUDENT]


def mark(course: Course, points: float, cell: str = "written") -> None:
    """As the formgrader does it."""
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        given = book.find_grade(cell, tiny.NAME, tiny.NAME, STUDENT)
        given.manual_score, given.needs_manual_grade = points, False
        book.db.commit()


@pytest.fixture
def marked(fresh_course: Course) -> Course:
    """One submission, graded, its written answer marked with 3 of 4 points."""
    make_release(fresh_course, tiny.NAME)
    hand_in(fresh_course, "Because.")
    line, marks = grade(fresh_course)
    assert (line.recorded.needs_marking, marks.waiting) == (1, 1)
    mark(fresh_course, 3.0)
    return fresh_course


def test_marked_answer_does_not_wait_after_grading_again(marked: Course) -> None:
    """Is a marked answer still marked where the same submission is graded with --force?"""
    line, marks = grade(marked)
    assert (line.recorded.needs_marking, line.recorded.to_review) == (0, 0)
    assert (marks.waiting, marks.to_review, marks.raw_score) == (0, 0, 9.0)


def test_mark_for_an_earlier_submission_is_to_be_reviewed_until_it_was(marked: Course) -> None:
    """Does a person hear that something else was handed in since, and hear it until they looked?"""
    hand_in(marked, "Because of another reason.")
    for _ in range(2):
        line, marks = grade(marked)
        assert (line.recorded.needs_marking, line.recorded.to_review) == (0, 1)
        assert (marks.waiting, marks.to_review, marks.raw_score) == (0, 1, 9.0)
    mark(marked, 4.0)
    line, marks = grade(marked)
    assert (line.recorded.to_review, marks.to_review, marks.raw_score) == (0, 0, 10.0)
