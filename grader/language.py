"""An assignment in another language: the same code cells and metadata, other prose.

`assignment/NAME/translations/LANG.toml` holds the Markdown cells by id and the sentences of the students' modules by
key, `README.LANG.md` beside it what stands in place of `README.md`; `solutions/NAME/translations/LANG.toml` holds the
sentences of the hidden cases. The translated source notebook is made in `course/translated/LANG/NAME/` and released
from there like any other.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

from .course import ENGLISH, Course, CourseError, read_text
from .files import write_whole

TRANSLATIONS = "translations"  # folder beside a notebook; never released
SENTENCES = "sentences.json"  # what a released helper module reads its translated sentences from


def languages(course: Course, assignment: str) -> list[str]:
    """Codes of the languages that `assignment` can be released in."""
    found = (course.originals / assignment / TRANSLATIONS).glob("*.toml")
    return [ENGLISH, *sorted(path.stem for path in found)]


def choose_language(course: Course, assignment: str, language: str) -> Course:
    """Set the language of the course, for this and all later commands. Raises CourseError for one there is not."""
    known = languages(course, assignment)
    if language not in known:
        raise CourseError(f"'{assignment}' is not there in '{language}'. Languages: {', '.join(known)}.")
    course.language_file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(course.language_file, language.encode())
    return course.speaking(language)


def write_translation(course: Course, assignment: str) -> None:
    """Make the translated source folder anew, where the course speaks another language."""
    if course.language == ENGLISH:
        return
    import nbformat

    from .release import read_made

    original, translated = course.originals / assignment, course.sources / assignment
    texts = read_translation(original, course.language)
    shutil.rmtree(translated, ignore_errors=True)
    shutil.copytree(
        original, translated, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", TRANSLATIONS)
    )
    path = translated / f"{assignment}.ipynb"
    notebook = read_made(path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.id in texts.get("cells", {}):
            cell.source = texts["cells"][cell.id]
    notebook.metadata["language"] = course.language
    nbformat.write(notebook, path)
    if texts.get("texts"):
        (translated / SENTENCES).write_text(json.dumps(texts["texts"], ensure_ascii=False, indent=1), encoding="utf-8")
    readme = original / TRANSLATIONS / f"README.{course.language}.md"
    if readme.is_file():
        shutil.copy(readme, translated / "README.md")


def read_translation(folder: Path, language: str) -> dict[str, dict[str, str]]:
    """The tables of one translation file. Raises CourseError where it is missing or no TOML."""
    path = folder / TRANSLATIONS / f"{language}.toml"
    try:
        return tomllib.loads(read_text(path))
    except (OSError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CourseError(f"{path} cannot be read: {reason}. To choose a language: make release LANG=en") from error


def translate_cases(module: ModuleType, folder: Path, language: str) -> None:
    """Put the sentences of hidden cases (dicts such as TITLES of the module `texts`) into another language."""
    tables: dict[str, Any] = read_translation(folder, language) if language != ENGLISH else {}
    for name, table in tables.items():
        getattr(module, name.upper()).update(table)
