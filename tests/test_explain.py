"""Damaged files and mistakes of authors: one sentence that names the file and the remedy, the right exit code."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course import Course, CourseError, find_course
from grader.explain import explain
from grader.fill import fill
from grader.release import load_release
from grader.releasing import make_release

from . import tiny
from .test_course_run import GRADER, run

SECRET, PUBLIC = "solutions/tiny", "assignment/tiny"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """One student, graded. Tests damage copies."""
    course = tiny.make_project(tmp_path_factory.mktemp("sound"))
    make_release(course, tiny.NAME)
    tiny.hand_in(course, "s01", fill(load_release(course, tiny.NAME).notebook, tiny.REFERENCE))
    assert run([GRADER, "grade"], course).returncode == 0
    return course


@pytest.fixture
def copy(graded: Course, tmp_path: Path) -> Course:
    shutil.copytree(graded.root, tmp_path / "copy")
    return find_course(tmp_path / "copy")


def same_id_twice(root: Path) -> None:
    path = root / PUBLIC / "tiny.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][4]["metadata"]["nbgrader"]["grade_id"] = "double"
    path.write_text(json.dumps(notebook))


def puts(path: str, content: str | bytes) -> Callable[[Path], object]:
    return lambda root: (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())


def adds(path: str, line: str) -> Callable[[Path], object]:
    return lambda root: (root / path).write_text((root / path).read_text() + line)


BROKEN = "\ndef = 3\n"
HALF = b'{"cells": [{"cell'
DAMAGES = {
    "config, syntax": (adds("nbgrader_config.py", "\nc.x = = 1\n"), "grade", r"nbgrader_config.py, line \d+: Syntax"),
    "config, name": (adds("nbgrader_config.py", "\nd.x = 1\n"), "grade", r"nbgrader_config.py, line \d+: NameError"),
    "cases, syntax": (adds(f"{SECRET}/cases.py", BROKEN), "grade", r"cases.py, line \d+: SyntaxError"),
    "cases, import": (adds(f"{SECRET}/cases.py", "\nimport nowhere\n"), "validate", "ModuleNotFoundError: No module"),
    "cases, raises": (puts(f"{SECRET}/cases.py", "def make_cases(salt):\n    1 / 0\n"), "grade", "py, line 2: Zero"),
    "cases, none": (puts(f"{SECRET}/cases.py", "x = 1\n"), "validate", "cases.py has no function make_cases"),
    "cases, None": (puts(f"{SECRET}/cases.py", "def make_cases(salt):\n    pass\n"), "grade", "return a list of Case"),
    "reference, syntax": (puts(f"{SECRET}/reference.py", BROKEN), "validate", "reference.py, line 2: SyntaxError"),
    "reference, bytes": (puts(f"{SECRET}/reference.py", b"# caf\xe9\n"), "release", "reference.py is not UTF-8"),
    "reference, none": (lambda root: (root / SECRET / "reference.py").unlink(), "validate", "reference.py is missing"),
    "module": (puts(f"{PUBLIC}/tinyhelp.py", BROKEN), "grade", "tinyhelp.py, line 2: SyntaxError"),
    "source": (puts(f"{PUBLIC}/tiny.ipynb", HALF), "release", "tiny.ipynb is no notebook"),
    "same id": (same_id_twice, "validate", "Duplicate grade id: double"),
    "config, none": (lambda root: (root / "nbgrader_config.py").unlink(), "grade", "nbgrader_config.py is missing"),
    "release, report": (puts("course/release/tiny/tiny.ipynb", HALF), "report", "Run: make release"),
    "release, export": (puts("course/release/tiny/tiny.ipynb", HALF), "export cases", "Run: make release"),
    "release": (puts("course/release/tiny/tiny.ipynb", HALF), "grade", "Run: make release"),
    "gradebook, grade": (puts("course/gradebook.db", b"x" * 9999), "grade", "file is not a database. Put the newest"),
    "gradebook, report": (puts("course/gradebook.db", b"x" * 9999), "report", "file is not a database. Put the newest"),
    "extensions": (lambda root: (root / "course/extensions.csv").mkdir(), "grade", "regular file: .*extensions.csv"),
    "language, none": (puts("course/language", "xx"), "validate", "xx.toml cannot be read: No such file or dir"),
    "language": (puts("course/language", b"\xff\xfe"), "grade", "course/language is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "command", "says"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_one_sentence(copy: Course, damage: Callable, command: str, says: str) -> None:
    """Does a person read what is wrong, where, and what to do, instead of a traceback?"""
    damage(copy.root)
    done = run([GRADER, *command.split()], copy)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(says, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_stamp_that_cannot_be_read_is_made_again(copy: Course) -> None:
    """Is a damaged course/released.json as good as none?"""
    puts("course/released.json", "[oops")(copy.root)
    done = run([GRADER, "grade"], copy)
    assert done.returncode == 0, done.stderr
    assert json.loads((copy.data / "released.json").read_text()).keys() == {tiny.NAME}


def test_source_that_cannot_be_read_costs_no_release(copy: Course) -> None:
    """Does the release that students have stay until there is another? nbgrader would remove it first."""
    puts(f"{PUBLIC}/tiny.ipynb", HALF)(copy.root)
    with pytest.raises(CourseError, match="no notebook"):
        make_release(copy, tiny.NAME)
    assert (copy.release / tiny.NAME / "tiny.ipynb").is_file()


def test_mistake_of_our_own_keeps_its_traceback() -> None:
    """Is a bug of the grader blamed on nobody else?"""
    with pytest.raises(AttributeError) as raised:
        load_release(None, "x")
    raised.value.__traceback__ = raised.tb.tb_next  # without this test, which is no file of the grader
    assert explain(raised.value) is None


def test_file_that_is_gone_is_named() -> None:
    """Is a missing file not taken for work that was cut short?"""
    assert explain(FileNotFoundError(2, "No such file or directory", "/x/y")) == (
        "/x/y is missing. Put it in its place and run again."
    )
    assert "Graded work is kept" in str(explain(OSError(28, "No space left on device", "/x/y")))
