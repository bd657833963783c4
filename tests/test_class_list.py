"""A class list in the gradebook: names for the formgrader, and who has not handed in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from grader.course import Course
from grader.fill import fill
from grader.release import load_release
from grader.releasing import make_release
from grader.wording import counted

from . import tiny
from .test_course_run import GRADER, NBGRADER, run

PEOPLE = "id,first_name,last_name,email\nab1,Ada,Berg,ada@example.org\n학생일,일,학생,\nld3,Lee,Dean,lee@example.org\n"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """One of two who handed in is on the list, with one who did not."""
    made = tiny.make_project(tmp_path)
    make_release(made, tiny.NAME)
    notebook = fill(load_release(made, tiny.NAME).notebook, tiny.REFERENCE)
    for student in ("ab1", "kc2"):
        tiny.hand_in(made, student, notebook)
    (made.root / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return made


@pytest.mark.parametrize("first", ["list", "grades"])
def test_list_gives_names_and_who_has_not_handed_in(course: Course, first: str) -> None:
    """Does nbgrader's import work on this gradebook, before and after grading, and change no grade?"""
    if first == "grades":
        assert "not handed in" not in run([GRADER, "grade"], course).stdout
    assert run([NBGRADER, "db", "student", "import", "people.csv"], course).returncode == 0
    said = run([GRADER, "grade"], course)
    assert said.returncode == 0, said.stderr
    assert "not handed in: 2 of the gradebook's 4 students: ld3, 학생일" in said.stdout
    assert run([GRADER, "verify"], course).returncode == 0
    assert run([NBGRADER, "export", "--to=all.csv"], course).returncode == 0
    with (course.root / "all.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["student_id"]: (row["last_name"], row["score"]) for row in csv.DictReader(stream)}
    assert rows == {"ab1": ("Berg", "6.0"), "kc2": ("", "6.0"), "ld3": ("Dean", "0.0"), "학생일": ("학생", "0.0")}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (counted(1, "page"), "1 page"),
        (counted(0, "page"), "0 pages"),
        (counted(1, "score still lacks", "scores still lack"), "1 score still lacks"),
        (counted(2, "score still lacks", "scores still lack"), "2 scores still lack"),
    ],
)
def test_one_is_no_plural(said: str, wanted: str) -> None:
    """Is it "1 page"?"""
    assert said == wanted


def test_who_is_left_out_is_not_missed(course: Course) -> None:
    """Is somebody missed whom nbgrader_config.py leaves out?"""
    run([NBGRADER, "db", "student", "import", "people.csv"], course)
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('\nc.CourseDirectory.student_id_exclude = "ld3"\n')
    assert "not handed in: 1 of the gradebook's 4 students: 학생일" in run([GRADER, "grade"], course).stdout


def test_one_student_is_no_plural_anywhere(course: Course) -> None:
    """Does a class of one read as well?"""
    (course.submitted / "kc2").rename(course.root / "kc2")
    said = run([GRADER, "grade"], course).stdout + run([GRADER, "feedback"], course).stdout
    assert "Grading 1 submission with 1 worker …" in said
    assert "1 page:" in said
    assert "; 1 is graded already" in run([GRADER, "grade"], course).stdout
    assert "1 row:" in run([GRADER, "export", "moodle"], course).stdout
