"""Released in another language: the same code and points, other prose, other messages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from grader.course import Course, CourseError, find_course
from grader.language import choose_language, languages, read_translation, write_translation
from grader.releasing import make_release

from .tiny import ROOT

(NAME,) = find_course(ROOT).assignments()
OTHERS = languages(find_course(ROOT), NAME)[1:]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Course]:
    for folder in ("assignment", "solutions"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return find_course(tmp_path)


def notebook_of(folder: Path) -> nbformat.NotebookNode:
    return nbformat.read(folder / NAME / f"{NAME}.ipynb", as_version=4)


@pytest.mark.parametrize("language", OTHERS)
def test_code_cells_and_metadata_are_the_same_and_the_prose_is_not(project: Course, language: str) -> None:
    """Do two students in two languages solve the same notebook?"""
    course = choose_language(project, NAME, language)
    write_translation(course, NAME)
    english, other = notebook_of(course.originals), notebook_of(course.sources)
    assert [(cell.id, cell.metadata) for cell in english.cells] == [(cell.id, cell.metadata) for cell in other.cells]
    same = [a.source == b.source for a, b in zip(english.cells, other.cells, strict=True)]
    code = [cell.cell_type == "code" for cell in english.cells]
    assert all(equal for equal, is_code in zip(same, code, strict=True) if is_code)
    assert sum(not equal for equal in same) > 0.8 * code.count(False)


@pytest.mark.parametrize("language", OTHERS)
def test_release_grading_and_messages_speak_the_language(project: Course, language: str) -> None:
    """Does the whole road work in the language, with the same points?"""
    environment = {**os.environ, "NO_COLOR": "1"}
    grader = str(Path(sys.executable).parent / "grader")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [grader, *arguments], cwd=project.root, text=True, capture_output=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert f"Released '{NAME}' ({language}): " in run("release", NAME, "--lang", language)
    released = project.release / NAME
    assert not (released / "translations").exists()
    readme = project.originals / NAME / "translations" / f"README.{language}.md"
    assert (released / "README.md").read_text() == readme.read_text()
    texts = read_translation(project.originals / NAME, language)["texts"]
    program = "import checks; print(checks.first_check())"
    done = subprocess.run([sys.executable, "-c", program], cwd=released, text=True, capture_output=True, check=True)
    assert texts["first_check"] in done.stdout  # that the solution earns every point here, `release` has proved


def test_unknown_language_lists_the_known_ones(project: Course) -> None:
    """Does a typing mistake show what there is?"""
    with pytest.raises(CourseError, match="Languages: en, "):
        choose_language(project, NAME, "xx")


def test_english_release_carries_no_translations(project: Course) -> None:
    """Do students get only what they need?"""
    make_release(project, NAME)
    assert not (project.release / NAME / "translations").exists()
