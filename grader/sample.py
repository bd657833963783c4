"""The bundled sample class, so that a fresh clone has something to grade.

The recipe is the assignment's own: `solutions/NAME/sample_class.py` says who hands in what.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .course import Course, CourseError
from .release import load_release
from .workbench import solution_module


def write_sample_class(course: Course, assignment: str) -> list[str]:
    """Write the sample submissions of `assignment` into the sample course; return the student ids.

    Raises CourseError where the assignment brings no recipe.
    """
    recipe = solution_module(course, assignment, "sample_class")
    if recipe is None:
        raise CourseError(
            f"Nothing is submitted, and '{assignment}' has no sample class (solutions/{assignment}/sample_class.py)."
        )
    release = load_release(course, assignment)
    submissions: dict[str, bytes] = recipe.make_submissions(release.notebook)
    with tempfile.TemporaryDirectory(dir=course.data) as scratch:  # renamed when whole: half a class is none
        for student, data in submissions.items():
            folder = Path(scratch) / "submitted" / student / assignment
            folder.mkdir(parents=True)
            (folder / f"{assignment}.ipynb").write_bytes(data)
        (Path(scratch) / "submitted").rename(course.submitted)
    return sorted(submissions)
