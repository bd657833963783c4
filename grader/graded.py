"""Who of a class was graded and is not left out: what feedback, report and exports are made of."""

from __future__ import annotations

from pathlib import Path

from .course import Course
from .late import left_out


def verdict_files(course: Course, assignment: str) -> list[Path]:
    """The verdict of each student who was graded, sorted; not of those whom nbgrader_config.py leaves out."""
    excluded = left_out(course)
    files = course.autograded.glob(f"*/{assignment}/verdict.json")
    return sorted(path for path in files if path.parent.parent.name not in excluded)
