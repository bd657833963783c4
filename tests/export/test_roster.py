"""Collect, grade, export: the people of a download are found in the lists of the same LMS, and nobody for another."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest

from grader.collect import collect
from grader.course import Course, CourseError
from grader.export.formats import Format
from grader.export.roster import read_roster
from grader.export.write import export_class
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox.host import ALL
from tests import graded, tiny
from tests.test_course_run import GRADER, run

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Tiny (4711)
    Points Possible,,,,,10
"Berg, Ann",1001,S1,ab1,1,
"Cole, Kim",1002,S2,kc2,1,
"Dean, Lee",1003,S3,ld3,1,
"""
PARTICIPANTS = """First name,Surname,ID number,Email address
Ada,Berg,5,ada@example.org
Ola,O'Nil,6,ola@example.org
Lee,Dean,7,lee@example.org
"""
WORKSHEET = """Identifier,Full name,Email address,Status
Participant 12345,Ada Berg,ada@example.org,Submitted
Participant 12346,Ada Berg,ada2@example.org,Submitted
Participant 12347,Ola O'Nil,ola@example.org,Submitted
"""


def project_of(root: Path, *names: str) -> Course:
    """A project in which a download with these names was collected and graded; everybody's answer is right."""
    course = tiny.make_project(root)
    make_release(course, tiny.NAME)
    data = json.dumps(fill(load_release(course, tiny.NAME).notebook, tiny.REFERENCE))
    with zipfile.ZipFile(root / "download.zip", "w") as made:
        for name in names:
            made.writestr(name, data)
    assert {report.what for report in collect(course, tiny.NAME, root / "download.zip")} == {"taken"}
    options = RunOptions(salt=graded.SALT, layers=ALL, workers=1)
    grade_and_record(course, tiny.NAME, course.students(tiny.NAME), options)
    return course


@pytest.fixture(scope="module")
def canvas(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return project_of(tmp_path_factory.mktemp("canvas"), "bergan_1001_90_tiny.ipynb", "colekim_1002_91_tiny.ipynb")


@pytest.fixture(scope="module")
def moodle(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two people of one name, and one whose name Moodle writes otherwise where it becomes a folder."""
    names = ("Ada Berg_12345", "Ada Berg_12346", "Ola ONil_12347")
    return project_of(
        tmp_path_factory.mktemp("moodle"), *(f"{name}_assignsubmission_file/tiny.ipynb" for name in names)
    )


@pytest.fixture
def listed(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "roster.csv"
        path.write_text(text)
        return path

    return write


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_canvas_number_of_the_download_finds_the_row(canvas: Course, listed) -> None:
    """Does a class that was collected from Canvas get back there, with who has no grade said?"""
    exported = export_class(canvas, tiny.NAME, Format.CANVAS, roster=listed(CANVAS), column="Tiny (4711)")
    assert rows_of(exported.path)[2:] == [
        ["Berg, Ann", "1001", "S1", "ab1", "1", "6"],
        ["Cole, Kim", "1002", "S2", "kc2", "1", "6"],
    ]
    assert not exported.missing
    assert any("without a grade here: Dean, Lee" in remark for remark in exported.remarks)
    assert not any("Points Possible" in remark for remark in exported.remarks)


def test_grading_worksheet_tells_people_of_one_name_apart(moodle: Course, listed) -> None:
    """Is the number of Moodle's download that of its worksheet?"""
    exported = export_class(moodle, tiny.NAME, Format.MOODLE, roster=listed(WORKSHEET))
    assert rows_of(exported.path) == [
        ["Email address", "tiny"], ["ada@example.org", "6"], ["ada2@example.org", "6"], ["ola@example.org", "6"],
    ]  # fmt: skip
    assert not exported.missing


def test_name_finds_only_one_person(moodle: Course, listed) -> None:
    """Is a grade given to the wrong one of two people of one name?"""
    exported = export_class(moodle, tiny.NAME, Format.MOODLE, roster=listed(PARTICIPANTS))
    assert rows_of(exported.path)[1:] == [["6", "ola@example.org", "6"]]
    assert [line for line in exported.missing if "'Ada Berg_12345'" in line and "not certain" in line]
    assert exported.left_out == ()


@pytest.mark.parametrize(
    ("students", "text", "found", "doubtful"),
    [
        ({"Ada Berg_1": "Moodle 1"}, "First name,Surname,Username\nAda,Berg,a\nAda,Berg,b\n", {}, {"Ada Berg_1"}),
        ({"Berg Ada_1": "Moodle 1"}, "First name,Surname,Username\nADA,Berg,a\n", {"Berg Ada_1": "a"}, set()),
        ({"Ada Berg_1": "Moodle 1", "a": ""}, "Full name,Username\nAda Berg,a\n", {"a": "a"}, {"Ada Berg_1"}),
        ({"x_7": "Canvas 7", "y_8": ""}, "Student,ID,SIS Login ID\nX,7,y_8\n", {}, {"x_7", "y_8"}),
        ({"x_7": "Canvas 7"}, "Student,ID,SIS Login ID\nX,7,x\nY,8,x_7\n", {"x_7": "x"}, set()),
        ({"Ada Berg": ""}, "Full name,Username\nAda Berg,a\n", {"Ada Berg": "a"}, set()),
        ({"Ada Berg_7": "Canvas 7"}, "Full name,Username\nAda Berg,a\n", {}, set()),
    ],
)  # fmt: skip
def test_row_belongs_to_one_student(
    listed, students: dict[str, str], text: str, found: dict[str, str], doubtful: set[str]
) -> None:
    """Does the LMS's number come before an id, an id before a name, and nobody get a row that fits two?"""
    roster = read_roster(listed(text), students, students)
    assert {student: roster.of(student, "username", "sis login id") for student in roster.people} == found
    assert roster.doubtful.keys() == doubtful


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        (Format.CANVAS, PARTICIPANTS, "no Canvas ids"),
        (Format.CANVAS, CANVAS.replace("100", "200"), "Nobody of the class is found"),
        (Format.MOODLE, CANVAS, "none of these columns"),
    ],
)
def test_export_without_anybody_is_refused(canvas: Course, listed, form: Format, text: str, reason: str) -> None:
    """Is an empty file, or one of a roster of another LMS, an error and no file at all?"""
    to = canvas.data / "exports" / "empty.csv"
    if form is Format.CANVAS and "First name" in text:
        text += "bergan,x,bergan_1001,x\n"  # somebody is found, but not as Canvas wants it
    with pytest.raises(CourseError, match=reason):
        export_class(canvas, tiny.NAME, form, roster=listed(text), to=to)
    assert not to.exists()


def test_folders_of_a_download_are_no_user_names(moodle: Course) -> None:
    """Does Moodle get 'Ada Berg_12345' for a user name?"""
    with pytest.raises(CourseError, match=r"'Ada Berg_12345'.*--roster FILE"):
        export_class(moodle, tiny.NAME, Format.MOODLE)


def test_exit_code_says_that_somebody_is_missing(canvas: Course, listed) -> None:
    """1 where somebody graded is not in the file, 2 where nobody is, as everywhere?"""
    one = CANVAS.replace("1002", "2002")
    for text, code, words in ((CANVAS, 0, "2 rows"), (one, 1, "colekim_1002"), (PARTICIPANTS, 2, "error")):
        done = run([GRADER, "export", "canvas", "--roster", listed(text)], canvas)
        assert (done.returncode, words in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema_version": 1}'])
def test_damaged_verdict_keeps_nobody_else_from_the_file(canvas: Course, listed, damage: str) -> None:
    """Is one verdict that cannot be read named, and everybody else exported?"""
    path = canvas.verdict("colekim_1002", tiny.NAME)
    kept = path.read_text()
    path.write_text(damage)
    try:
        for form in (Format.CASES, Format.CANVAS):
            exported = export_class(canvas, tiny.NAME, form, roster=listed(CANVAS))
            text = exported.path.read_text()
            assert ("bergan" in text or "1001" in text, "colekim" in text or "1002" in text) == (True, False)
            assert any("cannot be read" in line and "colekim_1002" in line for line in exported.missing)
    finally:
        path.write_text(kept)
