"""The formgrader for real: a browser marks an answer and presses Autograde; both scores reach page and export."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import Course
from grader.fill import fill
from grader.release import load_release
from grader.releasing import make_release
from tests import browser, graded, tiny

pytestmark = [browser.needs_browser, pytest.mark.timeout(300), pytest.mark.long]
BIN = Path(sys.executable).parent


def run(course: Course, *command: str) -> str:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    result = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=course.root, text=True, capture_output=True, timeout=200, check=False,
        env=environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Three students, graded; then `wrong` hands in again."""
    made = tiny.make_project(tmp_path / "project")
    make_release(made, tiny.NAME)
    released = load_release(made, tiny.NAME).notebook
    right, wrong = fill(released, tiny.REFERENCE), fill(released, graded.WRONG)
    written = fill(released, tiny.REFERENCE)
    written.cells[-1].source = "Because two is two."
    for student, notebook in {"right": right, "wrong": wrong, "written": written}.items():
        tiny.hand_in(made, student, notebook)
    run(made, "grader", "grade")
    tiny.hand_in(made, "wrong", right)
    return made


def test_scores_of_marker_and_button_reach_page_and_export(course: Course, tmp_path: Path) -> None:
    """Does `grader formgrader` open the formgrader, and does what is done there arrive?"""
    from tools import formgrader

    with formgrader.formgrader(course.root, tmp_path) as address, browser.browser() as chromium:
        page = chromium.new_page()
        seen: list[str] = []
        formgrader.enter(page, address, seen.append)
        assert page.url.endswith("/formgrader/manage_assignments")
        assert page.locator("td.num-submissions").inner_text().strip() == "3"
        formgrader.submissions(page, seen.append)
        assert sorted(page.locator("td.student-id").all_inner_texts()) == ["right", "written", "wrong"]
        assert "success" in formgrader.press_for(page, "wrong", "autograde").lower()
        formgrader.mark(page, address, "written", "written", "3.5", "Clear, but **say why**.", seen.append)
        page.goto(f"{address}/formgrader/manage_submissions/{tiny.NAME}")
        assert "success" in formgrader.press_for(page, "written", "generate-feedback").lower()
    by_button = (course.feedback / "written" / tiny.NAME / f"{tiny.NAME}.html").read_text(encoding="utf-8")
    assert "9.5 of 10 points" in by_button
    run(course, "grader", "feedback")
    pages = {
        student: (course.feedback / student / tiny.NAME / f"{tiny.NAME}.html").read_text(encoding="utf-8")
        for student in ("written", "wrong")
    }
    assert pages["written"] == by_button
    assert "<strong>say why</strong>" in pages["written"]
    assert "6 of 10 points" in pages["wrong"]
    run(course, "nbgrader", "export", f"--to={tmp_path / 'grades.csv'}")
    with (tmp_path / "grades.csv").open(newline="") as stream:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(stream)}
    assert scores == {"right": 6, "wrong": 6, "written": 9.5}
    run(course, "grader", "export", "moodle")
    assert "written,9.5" in (course.data / "exports" / f"{tiny.NAME}-moodle.csv").read_text()
