"""The pages in docs/: commands for what comes after grading work, every command and option has its place."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from grader.cli import app
from grader.course import Course
from grader.handout import commands
from tests import graded, tiny

DOCS = tiny.ROOT / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("feedback", "report", "exports", "marking")]
REFERENCE = (DOCS / "commands.md").read_text(encoding="utf-8")
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
SHOWN = list(dict.fromkeys(re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)))
STAYS = "grader formgrader"  # runs until it is stopped; tests/export/test_formgrader.py starts it


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded class, with the files that the docs speak of."""
    made = graded.graded_course(tiny.make_project(tmp_path_factory.mktemp("docs")))
    students = made.students(tiny.NAME)
    canvas = ["Student,ID,SIS User ID,SIS Login ID,Section", *(f"{who},{n},,{who},1" for n, who in enumerate(students))]
    (made.root / "canvas.csv").write_text("\n".join(canvas))
    (made.root / "moodle.csv").write_text("\n".join(["First name,ID number", *(f"{who},{who}" for who in students)]))
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


def sections() -> dict[str, str]:
    """What docs/commands.md says about each command, by its name."""
    parts = re.split(r"^### grader (\S+)$", REFERENCE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_reference_has_every_command_and_no_other() -> None:
    """Is each command of the command line in the reference, and each one there real?"""
    assert sections().keys() == typer.main.get_command(app).commands.keys()


@pytest.mark.parametrize("name", sorted(typer.main.get_command(app).commands))
def test_reference_has_every_option_of_a_command_and_no_other(name: str) -> None:
    """Does the command's own section name each of its options, and none that it does not have?"""
    command = typer.main.get_command(app).commands[name]
    has = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert has - {"--root"} <= set(re.findall(r"--[\w-]+", sections()[name])) <= has
    assert ("--root" in has) == (name != "doctor"), "the reference says this of all others at its beginning"


def test_pictures_of_the_docs_are_there_with_a_text() -> None:
    """Does each picture exist, with words for those who cannot see it?"""
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", TEXT)
    assert pictures
    for words, place in pictures:
        assert len(words) > 20
        assert (DOCS / place).is_file(), place


def test_links_between_pages_lead_somewhere() -> None:
    """Does each link to another file have one?"""
    for page in [*DOCS.glob("*.md"), tiny.ROOT / "README.md"]:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for place in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)(?:#[\w-]*)?\)", prose):
            assert place.startswith("http") or (page.parent / place).exists(), (page.name, place)
