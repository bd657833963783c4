"""A whole class, through `grader grade` and through plain `nbgrader autograde`: the same grades, nothing stops it."""

from __future__ import annotations

import copy
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from grader.course import Course, find_course
from grader.fill import fill
from grader.release import load_release
from grader.releasing import make_release
from grader.verdict import Verdict

from . import tiny

GRADER = Path(sys.executable).parent / "grader"
NBGRADER = Path(sys.executable).parent / "nbgrader"


def run(command: list[str | Path], course: Course, **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [str(part) for part in command], cwd=course.root, text=True, capture_output=True, timeout=240, env=environment,
        check=False, **options,
    )  # fmt: skip


def class_of(notebook: NotebookNode) -> dict[str, NotebookNode | bytes]:
    """Every kind of submission, under ids that are no trouble for files but may be for others."""
    deleted = fill(notebook, tiny.REFERENCE)
    deleted.cells = [cell for cell in deleted.cells if "hidden" not in cell.get("id", "")]
    written = fill(notebook, tiny.REFERENCE)
    written.cells[-1].source = "Because two is two."
    twice = fill(notebook, tiny.REFERENCE)
    twice.cells.append(copy.deepcopy(twice.cells[3]))
    syntax = fill(notebook, tiny.REFERENCE)
    syntax.cells[2].source = "def double(x)\n    return 2 * x"
    hostile = copy.deepcopy(notebook)
    hostile.cells.append(new_code_cell("import numpy as np\nnp.array_equal = lambda *a: True\nraise SystemExit"))
    return {
        "right": fill(notebook, tiny.REFERENCE),
        "untouched": notebook,
        "wrong": fill(notebook, "def double(x):\n    return x + 2"),
        "written": written,
        "deleted": deleted,
        "twice": twice,
        "hostile": hostile,
        "not json": b"PK\x03\x04 this is a zip",
        "empty": b"",
        "syntax": syntax,
        "학생일": fill(notebook, tiny.REFERENCE),
        "=1+1": fill(notebook, tiny.REFERENCE),
    }


EXPECTED = {
    "right": 6, "untouched": 0, "wrong": 2, "written": 6, "deleted": 6, "twice": 6, "hostile": 0, "not json": 0,
    "empty": 0, "syntax": 0, "학생일": 6, "=1+1": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, subprocess.CompletedProcess[str]]:
    course = tiny.make_project(tmp_path_factory.mktemp("class"))
    make_release(course, tiny.NAME)
    for student, notebook in class_of(load_release(course, tiny.NAME).notebook).items():
        tiny.hand_in(course, student, notebook)
    return course, run([GRADER, "grade"], course)


def gradebook_rows(course: Course) -> dict[tuple[str, str], tuple]:
    """Every grade and comment of the gradebook, without row ids and times."""
    from nbgrader.api import Gradebook

    rows = {}
    with Gradebook(course.db_url, "course") as book:
        for submission in book.assignment_submissions(tiny.NAME):
            (notebook,) = submission.notebooks
            for grade in notebook.grades:
                key = (submission.student.id, grade.name)
                rows[key] = (grade.auto_score, grade.manual_score, grade.needs_manual_grade, grade.max_score)
            for comment in notebook.comments:
                rows[submission.student.id, f"comment {comment.name}"] = (comment.auto_comment, comment.manual_comment)
            rows[submission.student.id, "penalty"] = (notebook.late_submission_penalty,)
    return rows


def test_grading_a_class_succeeds_whatever_was_handed_in(graded_class) -> None:
    """Is everybody graded, and is the exit code 0?"""
    _, result = graded_class
    assert result.returncode == 0, result.stdout + result.stderr
    assert "10 graded, 0 not graded, 2 unreadable" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_csv_has_a_row_per_student_with_the_expected_points(graded_class) -> None:
    """Does the csv say what each submission is worth, and is no id a formula?"""
    course, _ = graded_class
    with course.grades_csv.open(newline="") as stream:
        rows = {row["student"].lstrip("'"): row for row in csv.DictReader(stream)}
    assert {student: float(row["auto_points"]) for student, row in rows.items()} == EXPECTED
    assert "'=1+1" in course.grades_csv.read_text()


def test_every_submission_has_a_verdict_beside_its_notebook(graded_class) -> None:
    """Is each point explained in a file of its own?"""
    course, _ = graded_class
    for student, points in EXPECTED.items():
        verdict = Verdict.from_json((course.autograded / student / tiny.NAME / "verdict.json").read_text())
        assert verdict.points == points


def test_plain_nbgrader_autograde_enters_the_same_rows(graded_class) -> None:
    """Do both roads leave the same gradebook, row by row?"""
    course, _ = graded_class
    ours = gradebook_rows(course)
    result = run([NBGRADER, "autograde", tiny.NAME, "--force"], course)
    assert result.returncode == 0, result.stderr[-3000:]
    assert gradebook_rows(course) == ours
    assert len(ours) == len(EXPECTED) * 6
    verdict = Verdict.from_json((course.autograded / "wrong" / tiny.NAME / "verdict.json").read_text())
    assert verdict.points == EXPECTED["wrong"]


def test_feedback_and_export_work_on_what_grading_left(graded_class) -> None:
    """Does nbgrader's ecosystem go on from here?"""
    course, _ = graded_class
    result = run([NBGRADER, "generate_feedback", tiny.NAME, "--student=wrong"], course)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "What is two times x?" in (course.feedback / "wrong" / tiny.NAME / f"{tiny.NAME}.html").read_text()
    exported = course.data / "exported.csv"
    result = run([NBGRADER, "export", f"--to={exported}"], course)
    assert result.returncode == 0, result.stderr[-3000:]
    assert len(exported.read_text().splitlines()) == 1 + len(EXPECTED)


def test_manual_scores_survive_a_second_run(graded_class) -> None:
    """Is a marker's work ever lost?"""
    from nbgrader.api import Gradebook

    course, _ = graded_class
    with Gradebook(course.db_url, "course") as book:
        grade = book.find_grade("written", tiny.NAME, tiny.NAME, "written")
        grade.manual_score, grade.extra_credit = 3.0, 0.5
        book.db.commit()
    assert run([GRADER, "grade"], course).returncode == 0
    with Gradebook(course.db_url, "course") as book:
        grade = book.find_grade("written", tiny.NAME, tiny.NAME, "written")
        assert (grade.manual_score, grade.extra_credit) == (3.0, 0.5)


def test_links_in_a_submission_are_not_followed(fresh_course: Course) -> None:
    """Can a link in a submission bring a secret into the graded notebook, by either road?"""
    make_release(fresh_course, tiny.NAME)
    secret = fresh_course.solutions / tiny.NAME / "cases.py"
    folder = fresh_course.submitted / "s01" / tiny.NAME
    folder.mkdir(parents=True)
    (folder / f"{tiny.NAME}.ipynb").symlink_to(secret)
    (folder / "notes.txt").symlink_to(secret)
    for command in ([GRADER, "grade"], [NBGRADER, "autograde", tiny.NAME, "--force"]):
        assert run(command, fresh_course).returncode == 0
        left = [path.read_text() for path in fresh_course.autograded.rglob("*") if path.is_file()]
        assert left
        assert not any("make_cases" in text for text in left)


def test_unknown_assignment_and_foreign_folder_are_one_line(fresh_course: Course, tmp_path: Path) -> None:
    """Does a usage mistake end in one line and exit code 2?"""
    for arguments in (["grade", "nothing"], ["grade", "--root", str(tmp_path / "nowhere")], ["release", "../x"]):
        result = run([GRADER, *arguments], fresh_course)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr
        assert result.stderr.startswith("error:")


def test_unwritable_course_folder_is_named(fresh_course: Course) -> None:
    """Does a course folder that cannot be written say so, and lose nothing?"""
    (fresh_course.root / "course").write_text("a file in the way")
    result = run([GRADER, "grade"], fresh_course)
    assert result.returncode == 2
    assert "it has to be a folder" in result.stderr


def test_second_course_is_found_again(fresh_course: Course) -> None:
    """Does the root decide where a course lies?"""
    assert find_course(fresh_course.root) == fresh_course


def test_json_is_for_machines(graded_class) -> None:
    """Is standard output one JSON object with everybody in it, and is what a person reads elsewhere?"""
    course, _ = graded_class
    result = run([GRADER, "grade", "--json"], course)
    assert result.returncode == 0, result.stderr
    table = json.loads(result.stdout)
    assert {row["student"]: row["auto_points"] for row in table["students"]} == EXPECTED
    assert (table["assignment"], table["graded"], table["not_graded"]) == (tiny.NAME, len(EXPECTED), 0)
    assert "graded" in result.stderr


@pytest.mark.filterwarnings("ignore:Object of type")  # nbgrader's own, see grader.nbgrader_app
def test_autograding_in_the_formgraders_process_leaves_its_settings_alone(fresh_course: Course) -> None:
    """Does a release that follows an Autograde in the same process still carry the helper files?"""
    from grader.nbgrader_app import nbgrader_api

    make_release(fresh_course, tiny.NAME)
    tiny.hand_in(fresh_course, "s01", fill(load_release(fresh_course, tiny.NAME).notebook, tiny.REFERENCE))
    api = nbgrader_api(fresh_course)
    assert api.autograde(tiny.NAME, "s01")["success"]
    assert api.generate_assignment(tiny.NAME)["success"]
    assert (fresh_course.release / tiny.NAME / "tinyhelp.py").is_file()
