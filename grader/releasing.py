"""How a release is made from the source notebook, and whether the one that is there is still of it."""

from __future__ import annotations

import ast
import json
import os
import re
import zipfile
from pathlib import Path

from .course import Course, CourseError
from .files import folder_digest, locked, write_whole


def _stamp(course: Course) -> Path:
    return course.data / "released.json"


def is_released(course: Course, assignment: str) -> bool:
    """True where the release and the gradebook of this class are made from the source as it is now."""
    if not (course.has_gradebook and (course.release / assignment / f"{assignment}.ipynb").is_file()):
        return False
    return _stamps(course).get(assignment) == folder_digest(course.sources / assignment)


def _stamps(course: Course) -> dict[str, str]:
    """From which source each release was made. Empty where that cannot be read: then it is released again."""
    try:
        stamps = json.loads(_stamp(course).read_text())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def make_release(course: Course, assignment: str) -> None:
    """Make the student version with `nbgrader generate_assignment` and enter it in the class's gradebook.

    Raises CourseError with nbgrader's own words where it refuses, and where a run is grading with the present one;
    SyntaxError for a module that is no Python. A source that cannot be read never gets as far as nbgrader, which would
    remove the release that is there.
    """
    from .release import read_made

    read_made(course.sources / assignment / f"{assignment}.ipynb")
    for module in sorted((course.sources / assignment).glob("*.py")):
        ast.parse(module.read_bytes(), str(module))  # the sandbox imports it, and would not start
    try:
        with locked(course.lock):
            _make_release(course, assignment)
    except BlockingIOError as error:
        raise CourseError(f"A run is grading in {course.data}. Wait until it has ended, then release.") from error


def _make_release(course: Course, assignment: str) -> None:
    from .nbgrader_app import nbgrader_api

    if course.is_sample and not is_released(course, assignment):
        from .sample import remove_sample_class

        remove_sample_class(course, assignment)  # nbgrader adds and removes no cells under grades; it is made again
    _stamp_gradebook(course)
    result = nbgrader_api(course).generate_assignment(assignment, force=True, create=True)
    if not result["success"]:
        raise CourseError(f"nbgrader could not release '{assignment}':\n{_last_words(result)}")
    stamps = {**_stamps(course), assignment: folder_digest(course.sources / assignment)}
    write_whole(_stamp(course), json.dumps(stamps))


def _stamp_gradebook(course: Course) -> None:
    """Write into a gradebook without tables which schema nbgrader is about to give it.

    nbgrader does the same after it has made the tables, but starts a process of seconds to ask for the version.
    """
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR
    from sqlalchemy import inspect, text

    from .standings import open_gradebook

    with open_gradebook(course) as engine, engine.begin() as book:
        if not inspect(book).get_table_names():
            version = ScriptDirectory(ALEMBIC_DIR).get_current_head()
            book.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            book.execute(text("INSERT INTO alembic_version (version_num) VALUES (:version)"), {"version": version})


# Matplotlib 3.8 draws nothing under a new IPython: it imports a name that IPython has dropped
STUDENT_REQUIREMENTS = "numpy>=1.26\nmatplotlib>=3.9\njupyterlab>=4\n"


def pack_release(course: Course, assignment: str) -> Path:
    """Write `course/release/NAME.zip`, the one file to hand out: all of the release, and what to install for it."""
    folder, target = course.release / assignment, course.release / f"{assignment}.zip"
    temporary = target.with_name(f".{target.name}.tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder))
        archive.writestr("requirements.txt", STUDENT_REQUIREMENTS)
    os.replace(temporary, target)
    return target


_POINTS_ELSEWHERE = ("Please see the", "Notebook failed to validate")


def _last_words(result: dict) -> str:
    """The exceptions that nbgrader logged, in its words; those that only point at others are left out."""
    lines = f"{result.get('log', '')}\n{result.get('error', '')}".splitlines()
    reasons = [line.strip() for line in lines if re.match(r"\s*[\w.]*(Error|Exception): ", line)]
    reasons = [line for line in reasons if not any(words in line for words in _POINTS_ELSEWHERE)] or reasons
    if any("there are submissions associated with it" in line for line in reasons):
        reasons.append("Graded cells cannot come or go once submissions are graded: undo that, or begin a new course/.")
    return "\n".join(dict.fromkeys(reasons)) or "\n".join(lines[-5:])
