"""Regrading: who changes, by how much and why, before anything is written; and nothing of a marker's is lost."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path

import pytest

from grader.course import Course
from grader.fill import fill
from grader.inputs import cases_digest
from grader.log import read_history
from grader.regrade import CaseChange, Change, report
from grader.release import load_release
from grader.releasing import make_release
from grader.verdict import CaseResult, Status
from grader.verify import verify

from . import tiny
from .test_course_run import GRADER, class_of, gradebook_rows, run

STRICT = "if not np.array_equal(got, 2 * x):"
LENIENT = "if not (np.array_equal(got, 2 * x) or np.array_equal(got, x + 2)):"


def scores(course: Course, student: str) -> dict[str, float]:
    return {name: row[0] for (who, name), row in gradebook_rows(course).items() if who == student}


def verdict(course: Course, student: str) -> dict:
    return json.loads((course.autograded / student / tiny.NAME / "verdict.json").read_text())


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class graded and marked; then the cases change so that `wrong` would pass, and `late` hands in anew."""
    from nbgrader.api import Gradebook

    course = tiny.make_project(tmp_path_factory.mktemp("regrade"))
    make_release(course, tiny.NAME)
    release = load_release(course, tiny.NAME).notebook
    for student in ("right", "wrong", "written"):
        tiny.hand_in(course, student, class_of(release)[student])
    tiny.hand_in(course, "late", release)
    assert run([GRADER, "grade"], course).returncode == 0
    with Gradebook(course.db_url, "course") as book:
        grade = book.find_grade("double_hidden", tiny.NAME, tiny.NAME, "wrong")
        grade.extra_credit = 0.5
        grade = book.find_grade("written", tiny.NAME, tiny.NAME, "written")
        grade.manual_score = 3.0
        book.find_comment("written", tiny.NAME, tiny.NAME, "written").manual_comment = "Good."
        book.db.commit()
    cases = course.solutions / tiny.NAME / "cases.py"
    cases.write_text(cases.read_text().replace(STRICT, LENIENT))
    tiny.hand_in(course, "late", fill(release, tiny.REFERENCE))
    return course


def test_regrade_says_who_changes_and_why_and_writes_nothing_unasked(changed: Course) -> None:
    """Is everything known before a grade is written?"""
    before = {path: path.read_bytes() for path in changed.data.rglob("*") if path.is_file() and path.name != ".lock"}
    result = run([GRADER, "regrade"], changed)
    assert result.returncode == 1
    said = result.stdout.splitlines()
    assert said[:2] == [
        "double_hidden/input: NOT_ATTEMPTED 0 → PASS 2   1: late",
        "double_hidden/values: FAIL 0 → PASS 3   1: wrong",
    ]
    assert "wrong: 2.5 → 5.5  (+3)   because of: cases" in said, "with the extra credit"
    assert "late: 0 → 6  (+6)   because of: cases, submission" in said
    assert "right" not in result.stdout
    assert "make regrade YES=1" in said[-1]
    assert "4 graded again: 2 gain, 0 lose, 2 keep their points" in result.stdout
    assert "Nothing was written" in result.stdout
    after = {path: path.read_bytes() for path in changed.data.rglob("*") if path.is_file() and path.name != ".lock"}
    assert after == before


def test_regrade_writes_and_keeps_what_the_marker_did(changed: Course) -> None:
    """Are the new grades in, with manual scores, extra credit, comments, salts and an older gradebook kept?"""
    salts = {student: verdict(changed, student)["salt"] for student in changed.students(tiny.NAME)}
    comments = {key: row for key, row in gradebook_rows(changed).items() if key[1].startswith("comment")}
    result = run([GRADER, "regrade", "--yes"], changed)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "4 grades written" in result.stdout
    assert scores(changed, "wrong")["double_hidden"] == 5.0
    rows = gradebook_rows(changed)
    assert rows["written", "written"][1] == 3.0
    assert rows["written", "comment written"] == comments["written", "comment written"] == (None, "Good.")
    with sqlite3.connect(changed.gradebook) as book:
        assert book.execute("SELECT extra_credit FROM grade WHERE extra_credit IS NOT NULL").fetchall() == [(0.5,)]
    assert {student: verdict(changed, student)["salt"] for student in changed.students(tiny.NAME)} == salts
    assert "wrong,5.5," in changed.grades_csv.read_text()
    assert verify(changed, tiny.NAME) == []
    older = sorted(changed.backups.glob("*.db"))[-1]
    with sqlite3.connect(older) as book:
        found = book.execute("SELECT auto_score FROM grade WHERE extra_credit = 0.5").fetchall()
    assert found == [(2.0,)], "the gradebook as it was before the run is kept"


def test_after_a_regrade_nothing_is_left_to_grade(changed: Course) -> None:
    """Do `grade` and `regrade` agree on what is up to date?"""
    result = run([GRADER, "grade"], changed)
    assert result.returncode == 0
    assert "Nothing to grade; 4 are graded already." in result.stdout
    assert "Nothing to grade again" in run([GRADER, "regrade"], changed).stdout


def test_environment_is_a_reason_of_its_own(changed: Course) -> None:
    """Does another NumPy show as what it is?"""
    from grader.options import RunOptions
    from grader.regrade import open_regrade
    from grader.sandbox.layers import ALL

    with open_regrade(changed, tiny.NAME, RunOptions("", ALL, 1)) as regrade:
        assert regrade.stale() == {}
        for line in regrade._history.runs.values():
            line["versions"]["numpy"] = "1.0"
            line["inputs"]["limits"] = "others"
        assert regrade.stale()["right"] == ("limits", "environment (numpy)")


def test_grade_says_what_has_changed_and_uses_a_new_salt(changed: Course) -> None:
    """Is a changed class graded by `make grade` too, and is it said why?"""
    before = read_history(changed.log, tiny.NAME)
    cases = changed.solutions / tiny.NAME / "cases.py"
    cases.write_text(cases.read_text().replace(LENIENT, STRICT))
    result = run([GRADER, "grade"], changed)
    assert "Grading 4 submissions (changed: cases of 4)" in result.stdout
    assert "To see first who changes, stop this (Ctrl-C) and run: make regrade" in result.stdout
    after = read_history(changed.log, tiny.NAME)
    assert after.salt(after.grades["right"]) != before.salt(before.grades["right"])
    assert scores(changed, "wrong")["double_hidden"] == 2.0


def test_salt_that_is_asked_for_grades_again_and_force_grades_all(changed: Course) -> None:
    """Do SALT= and --force do what they say, and is a changed submission the only one graded otherwise?"""
    said = run([GRADER, "grade", "--salt", "x"], changed).stdout
    assert "Grading 4 submissions (changed: " in said
    assert "salt of 4" in said
    assert "Nothing to grade" in run([GRADER, "grade", "--salt", "x"], changed).stdout
    assert "Grading 4 submissions with" in run([GRADER, "grade", "--force"], changed).stdout
    folder = changed.submitted / "right" / tiny.NAME / f"{tiny.NAME}.ipynb"
    folder.write_bytes(Path(folder).read_bytes() + b"\n")
    said = run([GRADER, "grade"], changed).stdout
    assert "Grading 1 submission (changed: submission of 1)" in said
    assert "make regrade" not in said, "whoever hands in again wants the new grade"


def test_bytecode_being_written_is_no_change_of_cases(fresh_course: Course) -> None:
    """Does a worker that is just importing the cases make them look changed?"""
    folder = fresh_course.solutions / tiny.NAME
    before = cases_digest(folder)
    (folder / "__pycache__").mkdir(exist_ok=True)
    (folder / "__pycache__" / "cases.cpython-311.pyc.139873").write_bytes(b"half of it")  # as importlib names it
    assert cases_digest(folder) == before
    (folder / "truth.npz").write_bytes(b"other fixtures")
    assert cases_digest(folder) != before


def changed_by(gain: float, student: str) -> Change:
    before = CaseResult("c/1", "c", "t", Status.FAIL, 0, gain)
    after = dataclasses.replace(before, status=Status.PASS, points=gain)
    return Change(student, 1.0, 1.0 + gain, ("cases",), (CaseChange("c/1", before, after),))


def test_report_of_a_large_class_is_by_check_and_short(tmp_path: Path) -> None:
    """Are 300 students a line per check and some dozens of names, with everybody in a file?"""
    changes = [changed_by(2.0, f"s{number:03}") for number in range(300)]
    said = list(report([*changes, Change("broken", 3.0, None, ("cases",))], tmp_path / "all.txt"))
    assert said[0] == "c/1: FAIL 0 → PASS 2   300: s000, s001, s002, s003, s004, s005 and 294 more"
    assert said[2] == "broken: 3 → NOT GRADED   because of: cases"
    assert len(said) < 50
    everybody = (tmp_path / "all.txt").read_text()
    assert everybody.count("because of") == 301
    assert everybody.count("    c/1: FAIL 0 → PASS 2") == 300
    assert said[-2:] == [
        "301 graded again: 300 gain, 0 lose, 0 keep their points",
        "1 keeps its grade: grading failed",
    ]
