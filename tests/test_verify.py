"""What was changed is found, and what puts it right is said, and does."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from grader.course import Course, find_course
from grader.fill import fill
from grader.release import load_release
from grader.releasing import make_release
from grader.verify import verify

from . import tiny
from .test_course_run import GRADER, run


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = tiny.make_project(tmp_path_factory.mktemp("sound"))
    make_release(course, tiny.NAME)
    for student in ("s01", "s02"):
        tiny.hand_in(course, student, fill(load_release(course, tiny.NAME).notebook, tiny.REFERENCE))
    assert run([GRADER, "grade"], course).returncode == 0
    return course


@pytest.fixture
def copy(graded: Course, tmp_path: Path) -> Course:
    """The graded class, to be tampered with."""
    shutil.copytree(graded.root, tmp_path / "copy")
    return find_course(tmp_path / "copy")


def sql(course: Course, statement: str) -> None:
    with closing(sqlite3.connect(course.gradebook)) as book:
        book.execute(statement)
        book.commit()


CHANGES = {
    "score": ("UPDATE grade SET auto_score = 4 WHERE auto_score = 5", "automatic score", "make regrade FORCE=1"),
    "worth": ("UPDATE grade_cells SET max_score = 7 WHERE max_score = 5", "what a cell is worth", "make release"),
    "submission": ("DELETE FROM submitted_assignment", "has no submission", "make grade"),
}
COMMANDS = {
    "make regrade FORCE=1": ["regrade", "--force", "--yes"],
    "make release": ["release"],
    "make grade": ["grade"],
}


@pytest.mark.parametrize(("statement", "says", "remedy"), CHANGES.values(), ids=CHANGES.keys())
def test_remedy_for_the_gradebook_puts_it_right(copy: Course, statement: str, says: str, remedy: str) -> None:
    """After the command that is named, is everything as it was entered?"""
    sql(copy, statement)
    findings = verify(copy, tiny.NAME)
    assert findings
    assert all(says in finding.text and finding.remedy.endswith(remedy) for finding in findings), findings
    done = run([GRADER, *COMMANDS[remedy]], copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verify(copy, tiny.NAME) == []


def test_remedy_for_a_verdict_puts_it_right(copy: Course) -> None:
    """Is a student whose files were changed graded again by a plain run?"""
    copy.verdict("s01", tiny.NAME).write_text("{}")
    done = run([GRADER, "verify"], copy)
    assert done.returncode == 1
    assert "changed  s01: verdict.json was changed" in done.stdout
    assert "remedy   " in done.stdout
    assert done.stdout.count("make grade") == 1
    assert run([GRADER, "grade"], copy).returncode == 0
    assert verify(copy, tiny.NAME) == []


def test_broken_log_is_one_finding_and_no_run_is_silent_about_it(copy: Course) -> None:
    """Is it plain which line broke, and does a run that goes on with such a log say so?"""
    lines = copy.log.read_bytes().splitlines(keepends=True)
    copy.log.write_bytes(b"".join(lines[:1] + lines[2:]))
    found = [finding.text for finding in verify(copy, tiny.NAME)]
    assert [text for text in found if "of the log does not" in text] == [found[0]]
    done = run([GRADER, "grade"], copy)
    assert done.returncode == 0
    assert "log.jsonl was changed: line 2 of the log does not follow" in done.stdout
    after = verify(copy, tiny.NAME)
    assert [finding.text for finding in after] == [found[0]], "who lost the line has one again, and the break stays"
