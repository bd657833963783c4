"""The pages in docs/ about what comes after grading: every command in them works, every option is in them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from grader.course import Course
from grader.handout import commands
from tests import graded, tiny

DOCS = tiny.ROOT / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("feedback", "report", "exports", "marking")]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
SHOWN = list(dict.fromkeys(re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)))
STAYS = "grader formgrader"  # runs until it is stopped; tests/export/test_formgrader.py starts it

ROSTER = "Student,ID,SIS User ID,SIS Login ID,Section\nR,1,S1,right,1\nW,2,S2,written,1\n"
MOODLE = "First name,Surname,ID number\nR,Right,right\nW,Written,written\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded class, with the files that the docs speak of."""
    made = graded.graded_course(tiny.make_project(tmp_path_factory.mktemp("docs")))
    (made.root / "canvas.csv").write_text(ROSTER)
    (made.root / "moodle.csv").write_text(MOODLE)
    (made.data / "exports").mkdir()
    return made


@pytest.mark.parametrize("command", [command for command in SHOWN if not command.startswith(STAYS)])
def test_command_of_the_docs_works(course: Course, command: str) -> None:
    """Does each command run as it stands, in a project's folder?"""
    program, *arguments = shlex.split(command)
    result = subprocess.run(
        [Path(sys.executable).parent / program, *arguments], cwd=course.root, env={**os.environ, "NO_COLOR": "1"},
        text=True, capture_output=True, timeout=200, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_docs_show_every_command() -> None:
    """Is each command for what comes after grading in the docs?"""
    shown = {tuple(shlex.split(command)[:2]) for command in SHOWN}
    names = {command.name or command.callback.__name__ for command in commands.registered_commands}
    assert {("grader", name) for name in names} | {("grader", "formgrader"), ("nbgrader", "export")} <= shown


def test_docs_name_every_option() -> None:
    """Is each option of these commands in the docs?"""
    group = typer.main.get_command(commands)
    options = {name for command in group.commands.values() for option in command.params for name in option.opts}
    missing = {name for name in options if name.startswith("--") and name not in TEXT}
    assert not missing


def test_pictures_of_the_docs_are_there_with_a_text() -> None:
    """Does each picture exist, with words for those who cannot see it?"""
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", TEXT)
    assert pictures
    for words, place in pictures:
        assert len(words) > 20
        assert (DOCS / place).is_file(), place


def test_links_between_pages_lead_somewhere() -> None:
    """Does each link to another file have one?"""
    for page in PAGES:
        for place in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert place.startswith("http") or (page.parent / place).exists(), (page.name, place)
