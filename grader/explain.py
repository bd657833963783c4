"""What ended a command, in one sentence with the remedy: the one place where other people's exceptions become words.

What is not known here is a mistake of the grader's own, and keeps its traceback.
"""

from __future__ import annotations

import sys
import sysconfig
import traceback
from pathlib import Path

from .course import CourseError

LONGEST = 300  # characters of a reason in somebody else's words


def explain(error: Exception) -> str | None:
    """The sentence for what a course's files or this machine are to blame for, None where it is neither."""
    if isinstance(error, CourseError):
        return str(error)
    if isinstance(error, PermissionError):
        return f"no permission for {error.filename}. Mend that and run again."
    if (place := _place_in_project(error)) is not None:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        return f"{place}: {type(error).__name__}: {_first_line(reason)}. Mend it and run again."
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is missing. Put it in its place and run again."
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}. Graded work is kept; run again."
    if "sqlalchemy" in sys.modules:  # imported by whoever raised it, and long to import
        from sqlalchemy.exc import SQLAlchemyError

        from .standings import gradebook_failed

        if isinstance(error, SQLAlchemyError):
            return gradebook_failed("", error)
    return None


def _place_in_project(error: Exception) -> str | None:
    """File and line of the author's or instructor's own file that an exception came through last."""
    if isinstance(error, SyntaxError) and error.filename and _is_of_project(error.filename):
        return f"{_shown(error.filename)}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_of_project(frame.filename)]
    return f"{_shown(frames[-1].filename)}, line {frames[-1].lineno}" if frames else None


def _is_of_project(filename: str) -> bool:
    """True for a file that is neither the grader's, nor Python's, nor an installed package's."""
    path = Path(filename)
    if not path.is_absolute() or {"site-packages", "dist-packages"} & set(path.parts):
        return False
    elsewhere = [Path(__file__).parent, *(Path(sysconfig.get_path(name)) for name in ("stdlib", "scripts"))]
    return path.is_file() and not any(path.is_relative_to(folder) for folder in elsewhere)


def _shown(filename: str) -> Path:
    path = Path(filename)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0].rstrip(".")
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
