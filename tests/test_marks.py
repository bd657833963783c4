"""Marks by hand and grading again: what waits for a person, and what a person should look at once more."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest
from rich.console import Console

from grader.course import Course
from grader.fill import fill
from grader.marks import Marks, read_marks
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.report.build import build_report
from grader.report.classroom import read_class
from grader.report.write import render_report
from grader.run import grade_and_record
from grader.sandbox.layers import ALL
from grader.summary import Line, print_summary, table_as_json, write_csv
from tests import tiny

STUDENT = "written"


def hand_in(course: Course, answer: str) -> None:
    notebook = fill(load_release(course, tiny.NAME).notebook, tiny.REFERENCE)
    notebook.cells[-1].source = answer
    tiny.hand_in(course, STUDENT, notebook)


def grade(course: Course) -> tuple[Line, Marks]:
    (line,) = grade_and_record(course, tiny.NAME, [STUDENT], RunOptions("", ALL, 1, force=True))
    return line, read_marks(course, tiny.NAME)[STUDENT]


def mark(course: Course, points: float, cell: str = "written", extra: float | None = None) -> None:
    """As the formgrader does it."""
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        given = book.find_grade(cell, tiny.NAME, tiny.NAME, STUDENT)
        given.manual_score, given.needs_manual_grade, given.extra_credit = points, False, extra
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
        page = render_report(build_report(read_class(marked, tiny.NAME)), lambda student: "")
        assert "<b>1</b> marked for an earlier submission" in page
    mark(marked, 4.0)
    line, marks = grade(marked)
    assert (line.recorded.to_review, marks.to_review, marks.raw_score) == (0, 0, 10.0)


def table(course: Course, lines: list[Line]) -> list[list[str]]:
    """The first rows of the table in the terminal, by words."""
    shown = io.StringIO()
    print_summary(Console(file=shown, width=80), lines, course)
    return [row.split() for row in shown.getvalue().splitlines()[:2]]


def test_columns_of_a_marked_class_add_up(marked: Course) -> None:
    """Does a reader of grades.csv, of the table and of --json get to the score from its parts?"""
    mark(marked, 4.5, "double_hidden", extra=0.25)  # of 5, the checks gave all of them
    line, _ = grade(marked)
    late = dataclasses.replace(line.recorded, late_penalty=1.5, score=line.recorded.score - 1.5)
    line = dataclasses.replace(line, recorded=late)
    write_csv(marked.grades_csv, [line])
    (row,) = csv.DictReader(marked.grades_csv.read_text().splitlines())
    parts = [float(row[name]) for name in ("auto_points", "manual_points", "extra_credit", "late_penalty")]
    assert parts == [1.0, 7.5, 0.25, 1.5]
    assert float(row["score"]) == 7.25 == sum(parts[:3]) - parts[3]
    assert (row["points: 1 · Doubling"], row["points: 2 · Words"]) == ("5.75", "3")
    (student,) = json.loads(table_as_json(tiny.NAME, [line], ""))["students"]
    assert student["score"] == sum(student[name] for name in ("auto_points", "manual_points", "extra_credit")) - 1.5
    assert table(marked, [line]) == [
        ["student", "score", "late", "§1", "§2", "status"],
        ["written", "7.25/10", "−1.5", "5.75", "3", "graded"],
    ]


def test_table_of_a_class_nobody_marked_shows_what_the_checks_gave(fresh_course: Course) -> None:
    """Is a section that a person has to mark left out until one did, and nobody's score told too early?"""
    make_release(fresh_course, tiny.NAME)
    hand_in(fresh_course, "Because.")
    line, _ = grade(fresh_course)
    assert table(fresh_course, [line]) == [["student", "points", "§1", "status"], ["written", "6/6", "6", "graded"]]
