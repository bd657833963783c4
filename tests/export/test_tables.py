"""The files for the LMS: headers as the importers want them, ids from a roster, formulas as text, nothing lost."""

from __future__ import annotations

import csv
import gc
import re
from pathlib import Path

import pytest

from grader.course import Course, CourseError
from grader.export.formats import Format
from grader.export.roster import read_roster
from grader.export.tables import number
from grader.export.write import export_class
from grader.verdict import CaseResult, Verdict
from tests import graded, tiny

CANVAS_EXPORT = """Student,ID,SIS User ID,SIS Login ID,Section,Old homework (77)
    Points Possible,,,,,10
"Right, R",101,S101,right,001,9
"=cmd|'/c calc'!A0",102,S102,wrong,001,
"Written, W",103,S103,written,002,
학생일,104,S104,학생일,002,
Not here,105,S105,nobody,002,
"""


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "canvas.csv"
    path.write_text(CANVAS_EXPORT, encoding="utf-8-sig")
    return path


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def canvas_reads(header: list[str]) -> int:
    """Canvas' rules for a header (its gradebook importer): the number of columns in front of the assignments.

    The first column says Student, the second ID; SIS User ID and SIS Login ID may follow, in this order; the last
    column in front of the assignments says Section. Anything else is an "Invalid header row".
    """
    assert len(header) > 3
    assert "Student" in header[0]
    assert "ID" in header[1]
    columns = 3
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        columns = 4
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        columns = 5
    assert "Section" in header[columns - 1]
    return columns


def test_canvas_file_is_as_canvas_reads_it(graded_class: Course, roster: Path) -> None:
    """Does the header follow Canvas' rules, with the points possible in the second row?"""
    exported = export_class(graded_class, tiny.NAME, Format.CANVAS, roster=roster, column="Tiny (4711)")
    header, possible, *students = rows_of(exported.path)
    assert canvas_reads(header) == 5
    assert header[5:] == ["Tiny (4711)"]
    assert "Points Possible" in possible[0]
    assert possible[5] == "10"
    assert [row[1:] for row in students] == [
        ["101", "S101", "right", "001", "6"],
        ["103", "S103", "written", "002", "9.75"],
        ["102", "S102", "wrong", "001", "0.5"],
        ["104", "S104", "학생일", "002", "6"],
    ]
    assert exported.rows == 4


def test_canvas_file_needs_the_roster_of_canvas(graded_class: Course, tmp_path: Path) -> None:
    """Is it said what to pass, where a file would create students instead of grading them?"""
    with pytest.raises(CourseError, match="--roster FILE"):
        export_class(graded_class, tiny.NAME, Format.CANVAS)
    own = tmp_path / "own.csv"
    own.write_text("student,name\nright,R\n")
    with pytest.raises(CourseError, match="no Canvas ids, but the columns student, name"):
        export_class(graded_class, tiny.NAME, Format.CANVAS, roster=own)
    own.write_text("student,ID,name\nright,,R\n")
    with pytest.raises(CourseError, match="no Canvas id for 'right'"):
        export_class(graded_class, tiny.NAME, Format.CANVAS, roster=own)


def test_who_is_left_out_and_why_is_said(graded_class: Course, roster: Path) -> None:
    """Is nobody dropped in silence: not in the roster, not graded, not marked yet?"""
    exported = export_class(graded_class, tiny.NAME, Format.CANVAS, roster=roster)
    assert "raises" in exported.left_out
    assert "moved" not in exported.left_out
    assert any("Not graded, so without a score: moved" in line for line in exported.missing)
    text = exported.path.read_text(encoding="utf-8")
    assert "moved" not in text


def test_no_field_is_a_formula(graded_class: Course, roster: Path) -> None:
    """Could a name, an id or a message run in a spreadsheet?"""
    for form in Format:
        people = roster if form is Format.CANVAS else None
        exported = export_class(graded_class, tiny.NAME, form, roster=people, column="=Tiny")
        for row in rows_of(exported.path):
            for cell in row:
                assert cell[:1] not in ("=", "+", "@", "\t", "\r"), (form, row)
                assert not cell.startswith("-") or float(cell), (form, row)


def test_moodle_file_identifies_by_what_the_roster_fills(graded_class: Course, tmp_path: Path) -> None:
    """Are the columns those that Moodle maps to a user, and only where everybody has one?"""
    roster = tmp_path / "moodle.csv"
    roster.write_text("First name;Surname;ID number;Email address\nR;Right;right;r@example.org\nW;Written;written;\n")
    exported = export_class(graded_class, tiny.NAME, Format.MOODLE, roster=roster)
    assert rows_of(exported.path) == [["ID number", "tiny"], ["right", "6"], ["written", "9.75"]]


def test_moodle_file_without_roster_takes_ids_for_user_names(graded_class: Course) -> None:
    """Is a class whose folders carry user names exported as it is?"""
    header, *students = rows_of(export_class(graded_class, tiny.NAME, Format.MOODLE).path)
    assert header == ["Username", "tiny"]
    assert ["written", "9.75"] in students
    assert ["'=1+1", "6"] in students


def test_case_file_has_every_check_of_everybody(graded_class: Course) -> None:
    """Is each check a row, with full precision?"""
    exported = export_class(graded_class, tiny.NAME, Format.CASES)
    header, *rows = rows_of(exported.path)
    expected = [
        (verdict.student, case.id, case.points)
        for path in sorted(graded_class.autograded.glob(f"*/{tiny.NAME}/verdict.json"))
        for verdict in [Verdict.from_json(path.read_text())]
        for case in verdict.cases
    ]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["student"].lstrip("'"), row["case"], float(row["points"])) for row in found] == expected
    assert {row["misconception"] for row in found if row["student"] == "wrong"} == {"", "added"}
    assert found[0]["section"] == "1 · Doubling"


def test_export_keeps_no_verdict(graded_class: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does an export take the memory of one verdict, however large the class?"""
    read, alive = Verdict.from_json, []

    def counting(text: str) -> Verdict:
        alive.append(sum(isinstance(thing, CaseResult) for thing in gc.get_objects()))
        return read(text)

    monkeypatch.setattr(Verdict, "from_json", counting)
    export_class(graded_class, tiny.NAME, Format.CASES, to=tmp_path / "cases.csv")
    most = max(len(read(graded.verdict_file(graded_class, name).read_text()).cases) for name in ("right", "wrong"))
    assert max(alive) - alive[0] <= 2 * most


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,group\nR,1\n", "no column with ids"),
        ("username,username\nright,right\n", "two columns of the same name"),
        ("username\nright\nright\n", "2 rows for 'right'"),
        ("", "no column with ids"),
    ],
)
def test_roster_that_cannot_serve_says_why(tmp_path: Path, text: str, reason: str) -> None:
    """Is a file that is no roster refused with the reason?"""
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(CourseError, match=reason):
        read_roster(path, ["right"])


def test_roster_in_another_encoding_or_place_says_why(tmp_path: Path) -> None:
    """Are a missing file and a file from an old spreadsheet one sentence?"""
    path = tmp_path / "roster.csv"
    path.write_bytes("username,name\nright,Größe\n".encode("latin-1"))
    with pytest.raises(CourseError, match="UTF-8"):
        read_roster(path, ["right"])
    with pytest.raises(CourseError, match="cannot be read"):
        read_roster(tmp_path / "nothing.csv", ["right"])


def test_numbers_are_plain() -> None:
    """Two digits at most, no exponent, no comma?"""
    assert [number(value) for value in (0.0, 6.0, 9.75, 100.0, 1 / 3, 56.5)] == [
        "0",
        "6",
        "9.75",
        "100",
        "0.33",
        "56.5",
    ]


def test_ungraded_class_is_one_sentence(tmp_path: Path) -> None:
    """Does an export of nothing say what to run?"""
    with pytest.raises(CourseError, match="Run: make grade"):
        export_class(tiny.make_project(tmp_path), tiny.NAME, Format.CASES)


def test_students_are_those_of_the_class(graded_class: Course) -> None:
    """Is the class of these tests what they take it for?"""
    assert set(graded_class.students(tiny.NAME)) >= {"right", "wrong", "written", "moved", "raises", "학생일"}
    assert Verdict.from_json(graded.verdict_file(graded_class, "moved").read_text()).infra
