"""Points of a cell tagged `bonus` count, and a score is out of the points of the other cells: one rule, everywhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import nbformat
import pytest
from rich.console import Console

from grader.course import Course
from grader.export.formats import Format
from grader.export.write import export_class
from grader.feedback.write import write_feedback
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.report.build import build_report
from grader.report.classroom import read_class
from grader.run import grade_and_record
from grader.sandbox.host import ALL
from grader.summary import Line, print_summary, table_as_json
from grader.verdict import Verdict

from . import tiny


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, list[Line]]:
    """One right submission of the tiny assignment, whose hidden cell (5 of 10 points) is a bonus."""
    course = tiny.make_project(tmp_path_factory.mktemp("bonus"))
    path = course.sources / tiny.NAME / f"{tiny.NAME}.ipynb"
    source = tiny.source_notebook()
    source.cells[4].metadata["tags"] = ["bonus"]
    nbformat.write(source, path)
    make_release(course, tiny.NAME)
    release = load_release(course, tiny.NAME)
    assert release.bonus == {"double_hidden": 5.0}
    tiny.hand_in(course, "s01", fill(release.notebook, tiny.REFERENCE))
    return course, grade_and_record(course, tiny.NAME, ["s01"], RunOptions(salt="bonus", layers=ALL, workers=1))


def test_verdict_is_out_of_the_points_without_bonus(graded: tuple[Course, list[Line]]) -> None:
    """Does the verdict name the bonus, count its points, and leave them out of the maximum?"""
    course, _ = graded
    text = (course.autograded / "s01" / tiny.NAME / "verdict.json").read_text(encoding="utf-8")
    verdict = Verdict.from_json(text)
    assert (verdict.points, verdict.max_points, verdict.bonus_points) == (6.0, 1.0, 5.0)
    assert verdict.all_right
    assert verdict.to_json() == text


def test_table_shows_the_bonus_apart(graded: tuple[Course, list[Line]]) -> None:
    """Do terminal and --json keep the bonus out of what is possible, also when the table comes from the log?"""
    course, lines = graded
    again = grade_and_record(course, tiny.NAME, ["s01"], RunOptions(salt="bonus", layers=ALL, workers=1))
    assert again == lines
    shown = io.StringIO()
    print_summary(Console(file=shown, width=100), again, course)
    assert "1/1 +5" in shown.getvalue()
    assert '"score": 6.0, "max_score": 5.0' in table_as_json(tiny.NAME, again, "")
    assert '"auto_bonus_points": 5.0' in table_as_json(tiny.NAME, again, "")


def test_page_report_and_exports_agree(graded: tuple[Course, list[Line]], tmp_path: Path) -> None:
    """Is it 6 of 5 on the page, for Canvas and in the report, while nbgrader's gradebook stays as it is?"""
    course, _ = graded
    (written,) = write_feedback(course, tiny.NAME)
    page = written.path.read_text(encoding="utf-8")
    assert "6 of 5 points" in page
    assert "Bonus points among these: 5." in page
    roster = tmp_path / "roster.csv"
    roster.write_text("Student,ID,SIS User ID,SIS Login ID,Section\nS,1,S1,s01,1\n")
    exported = export_class(course, tiny.NAME, Format.CANVAS, to=tmp_path / "canvas.csv", roster=roster)
    rows = list(csv.reader((tmp_path / "canvas.csv").read_text(encoding="utf-8").splitlines()))
    assert [row[-1] for row in rows[1:]] == ["5", "6"]
    assert any("out of 5" in remark for remark in exported.remarks)
    report = build_report(read_class(course, tiny.NAME))
    assert (report.max_score, report.mean) == (5.0, 6.0)
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        assert book.find_submission("tiny", "s01").max_score == 10.0
