"""The pages in docs/: commands for what comes after grading work, every command and option has its place."""

from __future__ import annotations

import os
import re
import shlex
import shutil
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
STAYS = ".venv/bin/grader formgrader"  # runs until it is stopped; tests/export/test_formgrader.py starts it


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded class, with the files that the docs speak of."""
    made = graded.graded_course(tiny.make_project(tmp_path_factory.mktemp("docs")))
    students = made.students(tiny.NAME)
    canvas = ["Student,ID,SIS User ID,SIS Login ID,Section", *(f"{who},{n},,{who},1" for n, who in enumerate(students))]
    (made.root / "canvas.csv").write_text("\n".join(canvas))
    people = ["id,first_name,last_name,email", *(f"{who},{who},Berg,{who}@example.org" for who in students)]
    (made.root / "people.csv").write_text("\n".join(people))
    (made.root / "moodle.csv").write_text("\n".join(["First name,ID number", *(f"{who},{who}" for who in students)]))
    return made


@pytest.mark.parametrize("command", [command for command in SHOWN if not command.startswith(STAYS)])
def test_command_of_the_docs_works(course: Course, command: str) -> None:
    """Does each command run as it stands, in a project's folder?"""
    program, *arguments = shlex.split(command)
    result = subprocess.run(
        [Path(sys.executable).parent / Path(program).name, *arguments], cwd=course.root, text=True, capture_output=True,
        timeout=200, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_docs_show_every_command() -> None:
    """Is each command for what comes after grading in the docs?"""
    shown = {tuple(shlex.split(command.removeprefix(".venv/bin/"))[:2]) for command in SHOWN}
    names = {command.name or command.callback.__name__ for command in commands.registered_commands}
    others = {("grader", "formgrader"), ("nbgrader", "export"), ("nbgrader", "db")}
    assert {("grader", name) for name in names} | others <= shown


def test_commands_are_shown_as_they_are_found() -> None:
    """Is each one called by its place, or through make? Nobody is told to activate .venv."""
    everywhere = "".join(page.read_text(encoding="utf-8") for page in [*DOCS.glob("*.md"), tiny.ROOT / "README.md"])
    shown = [*re.findall(r"^\$ (.+)$", everywhere, re.MULTILINE), *re.findall(r"^    (.+)$", everywhere, re.MULTILINE)]
    assert len(shown) > 20
    assert not [command for command in shown if command.split()[0] in ("grader", "nbgrader", "dask", "python")]


def test_nbgrader_writes_grades_where_git_does_not_look(course: Course) -> None:
    """Do names and grades stay in course/ when `nbgrader export` is told no file?"""
    before = set(course.root.iterdir())
    nbgrader = Path(sys.executable).parent / "nbgrader"
    subprocess.run([nbgrader, "export"], cwd=course.root, check=True, capture_output=True, timeout=200)
    assert set(course.root.iterdir()) == before
    assert "right" in (course.data / "nbgrader-grades.csv").read_text(encoding="utf-8")
    assert "/grades.csv" in (tiny.ROOT / ".gitignore").read_text(encoding="utf-8").split()


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
    arguments = {parameter.name for parameter in command.params}
    assert ("assignment" in arguments) == (name not in ("new", "doctor", "formgrader")), "and this, too"


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make with a command in place of the grader that prints what it was given."""
    show = f"{sys.executable} -c 'import sys; print(sys.argv[1:])'"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # make runs the tests
    return subprocess.run(
        [shutil.which("make"), "-s", "-o", ".venv/.ready", f"GRADER={show}", *arguments], cwd=tiny.ROOT, text=True,
        capture_output=True, timeout=60, check=False, env={**outside, **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (
            ["export", "TO=canvas", "ROSTER=my list.csv", 'COLUMN=Tiny\'s "x" (4711)', "ASSIGNMENT=a"],
            ["export", "canvas", "a", "--roster", "my list.csv", "--column", 'Tiny\'s "x" (4711)'],
        ),
        (["export"], ["export", "cases"]),
        (["feedback", "STUDENT=Ada O'Nil", "LANGUAGE=ko"], ["feedback", "--student", "Ada O'Nil", "--language", "ko"]),
        (["feedback"], ["feedback"]),
        (["gradescope", "HIDDEN=visible"], ["gradescope", "--hidden", "visible"]),
        (["new", "NAME=dropout"], ["new", "dropout"]),
        (["formgrader", "PORT=8899"], ["formgrader", "--port", "8899"]),
        (["formgrader"], ["formgrader"]),
        (["collect", "ZIP=my download.zip"], ["collect", "my download.zip"]),
    ],
)  # fmt: skip
def test_make_hands_on_what_it_is_given(arguments: list[str], command: list[str]) -> None:
    """Does each option arrive whole, and none that the system set for itself?"""
    done = make(*arguments, LANGUAGE="en_GB:en", NAME="my-computer", PORT="5000")
    assert done.stdout == f"{command}\n", done.stderr


def test_make_new_asks_for_the_name() -> None:
    """Is an assignment ever called like the computer, which some systems put into NAME?"""
    done = make("new", NAME="my-computer")
    assert (done.returncode, done.stdout) == (2, "")
    assert "make new NAME=" in done.stderr


def test_makes_of_the_docs_are_there() -> None:
    """Has the Makefile each target and variable that a page or a message shows?"""
    makefile = (tiny.ROOT / "Makefile").read_text(encoding="utf-8")
    files = [*tiny.ROOT.glob("*.md"), *DOCS.glob("*.md"), *(tiny.ROOT / "grader").rglob("*.py")]
    shown = "\n".join(file.read_text(encoding="utf-8") for file in files if file.name != "CHANGELOG.md")
    calls = re.findall(r"(?:^    |^\$ |`|Run: |\()make ([a-z-]+)((?: [A-Z]+=\S+)*)", shown, re.MULTILINE)
    assert len(calls) > 50
    for target, variables in calls:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for variable in re.findall(r"([A-Z]+)=", variables):
            assert re.search(rf"[(,]{variable}[),]", makefile), (target, variable)


def test_of_several_assignments_one_is_asked_for(tmp_path: Path) -> None:
    """Does the message say how, with make and without?"""
    project = tiny.make_project(tmp_path)
    second = project.root / "assignment" / "second"
    second.mkdir()
    (second / "second.ipynb").write_text("{}")
    grader = Path(sys.executable).parent / "grader"
    done = subprocess.run([grader, "report"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "second, tiny" in done.stderr
    assert "ASSIGNMENT=second" in done.stderr


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
