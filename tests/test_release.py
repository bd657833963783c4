"""The released notebook: stripped, locked, and the same for nbgrader and for us."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader.course import Course, CourseError
from grader.leak import check_release, code_tokens
from grader.release import Release, is_locked, is_test, load_release
from grader.releasing import _last_words, is_released, make_release, pack_release

from . import tiny


def test_release_has_every_test_cell_with_its_points_and_section(release: Release) -> None:
    """Does grading know each test cell, what it is worth, and the heading it stands under?"""
    assert {test.grade_id: (test.points, test.section) for test in release.tests.values()} == {
        "double_visible": (1.0, "1 · Doubling"),
        "double_hidden": (5.0, "1 · Doubling"),
    }
    assert release.sections["written"] == "2 · Words"


def test_released_notebook_locks_its_test_cells(release: Release) -> None:
    """Can a student edit a test cell by accident?"""
    tests = [cell for cell in release.notebook.cells if is_test(cell)]
    assert len(tests) == 2
    assert all(is_locked(cell) and cell.metadata.editable is False for cell in tests)


def test_release_is_known_to_be_up_to_date_until_the_source_changes(fresh_course: Course) -> None:
    """Is nothing released twice, and nothing graded against an old release?"""
    assert not is_released(fresh_course, tiny.NAME)
    make_release(fresh_course, tiny.NAME)
    assert is_released(fresh_course, tiny.NAME)
    (fresh_course.sources / tiny.NAME / "tinyhelp.py").write_text("# changed\n")
    assert not is_released(fresh_course, tiny.NAME)


def test_new_gradebook_is_the_one_that_nbgrader_makes(fresh_course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a gradebook that no process was started for the same as nbgrader's own, version included?"""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # alembic lies there
    theirs = fresh_course.data.with_name("theirs.db")
    Gradebook(f"sqlite:///{theirs}").close()
    monkeypatch.setattr(subprocess, "check_output", None)  # nbgrader asks alembic for the version with it
    make_release(fresh_course, tiny.NAME)
    assert schema_of(fresh_course.gradebook) == schema_of(theirs)
    assert len(schema_of(theirs)) > 20


def schema_of(path: Path) -> list[tuple[str, ...]]:
    """Tables and indices of a gradebook, and the version it says it has."""
    with closing(sqlite3.connect(path)) as book:
        tables = book.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return [*tables, *book.execute("SELECT 'version', version_num FROM alembic_version")]


def test_unreleased_assignment_says_what_to_run(fresh_course: Course) -> None:
    """Does the error end with the next command?"""
    with pytest.raises(CourseError, match="make release"):
        load_release(fresh_course, tiny.NAME)


def test_packed_release_holds_all_that_students_need(release: Release, tiny_course: Course) -> None:
    """Is one file enough to hand out?"""
    with zipfile.ZipFile(pack_release(tiny_course, tiny.NAME)) as archive:
        names = set(archive.namelist())
        assert {f"{tiny.NAME}.ipynb", "tinyhelp.py", "requirements.txt"} <= names
        assert not any(name.startswith(("/", "..")) or "solutions" in name for name in names)
        assert nbformat.reads(archive.read(f"{tiny.NAME}.ipynb").decode(), as_version=4) == release.notebook


def test_unknown_assignment_lists_the_known_ones(fresh_course: Course) -> None:
    """Does a typing mistake show what there is?"""
    with pytest.raises(CourseError, match="Assignments here: tiny"):
        fresh_course.check_assignment("tyni")


def leaks_after(course: Course, change) -> list[str]:
    """Release, spoil the release, check it."""
    make_release(course, tiny.NAME)
    folder = course.release / tiny.NAME
    change(folder)
    return check_release(folder, course.solutions / tiny.NAME, tiny.NAME)


def test_clean_release_has_no_leak(fresh_course: Course) -> None:
    """Does an honest release pass?"""
    assert leaks_after(fresh_course, lambda folder: None) == []


def test_code_of_the_cases_is_found_under_any_name(fresh_course: Course) -> None:
    """Is a copied secret found by its content, wherever it was copied to?"""
    secret = (fresh_course.solutions / tiny.NAME / "cases.py").read_text()
    stolen = "# nothing to see\n" + "\n".join(line + "  # note" for line in secret.splitlines())
    problems = leaks_after(fresh_course, lambda folder: (folder / "readme_helper.py").write_text(stolen))
    assert len(problems) == 1
    assert "readme_helper.py: shares code with cases.py" in problems[0]


def test_unlocked_test_cell_is_refused(fresh_course: Course) -> None:
    """Is a release refused in which a student could edit a test cell?"""

    def unlock(folder) -> None:
        path = folder / f"{tiny.NAME}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if is_test(cell):
                cell.metadata.editable = True
        nbformat.write(notebook, path)

    assert any("can be edited" in problem for problem in leaks_after(fresh_course, unlock))


def test_tokens_ignore_comments_layout_and_docstrings() -> None:
    """Is reformatted code still the same code?"""
    assert code_tokens('def f(a):\n    """Doc."""\n    return a+1  # one') == code_tokens("def f( a ):\n  return a + 1")


def test_refusal_under_grades_says_what_to_do() -> None:
    """Is nbgrader's reason found in its log, however far in it stands?"""
    log = "[ERROR] Traceback\n    RuntimeError: Cannot add cells because there are submissions associated with it\n"
    reason, remedy = _last_words({"log": log, "error": ""}).splitlines()
    assert reason == "RuntimeError: Cannot add cells because there are submissions associated with it"
    assert "undo that, or begin a new course/" in remedy
