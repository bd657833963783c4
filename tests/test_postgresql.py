"""The gradebook on a PostgreSQL server: the same rows, files and findings as with SQLite."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from grader.course import Course, CourseError, find_course
from grader.files import write_whole
from grader.release import load_release
from grader.releasing import make_release
from grader.standings import open_gradebook

from . import tiny
from .graded import mark_by_hand
from .test_course_run import GRADER, NBGRADER, class_of, gradebook_rows, run

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
SALT = "0123456789abcdef"
ROSTER = "Student,ID,SIS User ID,SIS Login ID,Section\nR,1,S1,right,1\nW,2,S2,written,1\n"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed here (Debian: apt install postgresql)"),
]


def somebody() -> dict[str, object]:
    """Options that start a program as an ordinary user: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    user = next(entry for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own in a temporary folder, reached through a socket there; the address of a database on it."""
    folder = Path(tempfile.mkdtemp(prefix="grader-postgresql-"))
    who = somebody()
    if who:
        os.chown(folder, who["user"], who["group"])

    def call(program: str, *arguments: str) -> None:
        command = [str(PROGRAMS[-1] / program), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120, **who)
        assert done.returncode == 0, done.stdout + done.stderr

    settings = f"-k {folder} -c listen_addresses= -c fsync=off"
    call("initdb", "-D", f"{folder}/data", "-U", "course", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    call("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", settings, "-w", "start")
    try:
        yield f"postgresql+psycopg://course@/postgres?host={folder}"
    finally:
        call("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def database(server: str, tmp_path: Path) -> str:
    """An empty database; it is called like the test's folder."""
    name = tmp_path.name.replace("-", "_").lower()
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as book:
        book.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


def a_class(root: Path, database: str = "") -> Course:
    """Twelve submissions, one handed in late and with an extension; the gradebook in `database`, else in a file."""
    course = tiny.make_project(root)
    if database:
        course.data.mkdir()
        write_whole(course.db_url_file, database)
        course = find_course(root)
    make_release(course, tiny.NAME)
    for student, notebook in class_of(load_release(course, tiny.NAME).notebook).items():
        folder = tiny.hand_in(course, student, notebook)
        if student == "wrong":
            (folder / "timestamp.txt").write_text("2025-11-30 12:00:00 UTC")
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        book.find_assignment(tiny.NAME).duedate = datetime(2025, 11, 28, 12)
        book.db.commit()
    course.extensions.write_text(f"student,assignment,days\nwrong,{tiny.NAME},1.5\n")
    (root / "canvas.csv").write_text(ROSTER)
    return course


def grade(course: Course, *options: str) -> str:
    result = run([GRADER, "grade", "--salt", SALT, *options], course)
    assert result.returncode == 0, result.stderr
    return result.stdout


def number_of_rows(course: Course) -> dict[str, int]:
    names = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")
    with open_gradebook(course) as engine, engine.connect() as book:
        return {name: book.scalar(text(f"SELECT count(*) FROM {name}")) for name in names}  # noqa: S608  (our names)


def dates(course: Course) -> tuple:
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        submission = book.find_submission(tiny.NAME, "wrong")
        return submission.timestamp, submission.extension, submission.total_seconds_late


def written(course: Course) -> dict[str, str]:
    """What feedback and exports wrote, by path; the report is written as well, and names seconds that differ."""
    commands = [["feedback"], ["report"], ["export", "cases"], ["export", "moodle"]]
    for command in [*commands, ["export", "canvas", "--roster", "canvas.csv"]]:
        result = run([GRADER, *command], course)
        assert result.returncode == ("canvas" in command), "1: the roster does not have everybody" + result.stderr
    found = [*course.feedback.rglob("*.html"), *(course.data / "exports").glob("*.csv")]
    assert len(found) == 12 + 3
    return {str(path.relative_to(course.data)): path.read_text() for path in found}


def test_gradebook_in_postgresql_is_the_same(tmp_path: Path, database: str) -> None:
    """Does anybody's grade, page or export depend on where the gradebook is?"""
    here, there = a_class(tmp_path / "sqlite"), a_class(tmp_path / "postgresql", database)
    said = grade(there)
    assert "its administrator makes the backups" in said
    assert f"gradebook: {database}" in said
    grade(here)
    assert not there.gradebook.exists()
    assert gradebook_rows(there) == gradebook_rows(here)
    assert number_of_rows(there) == number_of_rows(here)
    assert dates(there) == dates(here) == (datetime(2025, 11, 30, 12), timedelta(days=1.5), 43_200.0)
    assert there.grades_csv.read_text() == here.grades_csv.read_text()
    for course in (here, there):
        mark_by_hand(course)
    assert written(there) == written(here)


def test_second_run_changes_nothing_in_postgresql(tmp_path: Path, database: str) -> None:
    """Are rows doubled or marks lost where a class is graded again, by either road, and does verify find anything?"""
    here, there = a_class(tmp_path / "sqlite"), a_class(tmp_path / "postgresql", database)
    for course in (here, there):
        grade(course)
    once = number_of_rows(there)
    for course in (here, there):
        mark_by_hand(course)
        grade(course, "--force")
        assert "Nothing to grade; 12 are graded already" in grade(course)
        assert run([GRADER, "verify"], course).returncode == 0
    assert number_of_rows(there) == once
    assert gradebook_rows(there) == gradebook_rows(here)
    for course in (here, there):  # nbgrader has marks looked at again, which we do not: on both, or they differ in that
        result = run([NBGRADER, "autograde", tiny.NAME, "--force"], course)
        assert result.returncode == 0, result.stderr[-3000:]
    assert number_of_rows(there) == once
    assert gradebook_rows(there) == gradebook_rows(here)
    assert gradebook_rows(there)["written", "written"][:2] == (None, 3.5)


def test_server_that_is_not_there_is_one_line(tmp_path: Path, database: str) -> None:
    """Does a run say which gradebook it cannot reach, without the password?"""
    course = a_class(tmp_path / "class", database)
    grade(course)
    write_whole(course.db_url_file, "postgresql+psycopg://me:secret@127.0.0.1:1/nobody")
    result = run([GRADER, "grade"], course)
    assert result.returncode == 2
    assert "The gradebook postgresql+psycopg://me:***@127.0.0.1:1/nobody failed" in result.stderr
    assert "secret" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("address", ["postgresql+nothing://me@here/there", "no address"])
def test_address_of_no_database_is_one_line(fresh_course: Course, address: str) -> None:
    """Does a mistake in the address say where it stands and what it should be?"""
    fresh_course.data.mkdir()
    write_whole(fresh_course.db_url_file, address)
    with (
        pytest.raises(CourseError, match=r"db_url cannot be used: .*postgresql\+psycopg://USER"),
        open_gradebook(find_course(fresh_course.root)),
    ):
        pass
