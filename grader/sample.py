"""The bundled sample class, so that a fresh clone has something to grade.

The recipe is the assignment's own: `solutions/NAME/sample_class.py` says who hands in what.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from .course import Course
from .release import load_release
from .workbench import solution_function


def write_sample_class(course: Course, assignment: str) -> list[str]:
    """Write the sample submissions of `assignment`, which has a recipe, into the sample course; return the student ids.

    Submissions of other assignments stay.
    """
    make_submissions = solution_function(course, assignment, "sample_class", "make_submissions")
    release = load_release(course, assignment)
    submissions: dict[str, bytes] = make_submissions(release.notebook)
    with tempfile.TemporaryDirectory(dir=course.data) as scratch:  # renamed when whole: half a class is none
        whole, before = Path(scratch, "submitted"), Path(scratch, "before")
        if course.submitted.is_dir():
            shutil.copytree(course.submitted, whole)
        for student, data in submissions.items():
            folder = whole / student / assignment
            folder.mkdir(parents=True)
            (folder / f"{assignment}.ipynb").write_bytes(data)
        if course.submitted.is_dir():
            course.submitted.rename(before)
        whole.rename(course.submitted)
    return sorted(submissions)


def remove_sample_class(course: Course, assignment: str) -> None:
    """Take all that is there of `assignment` out of the sample course: nbgrader releases no other cells over grades."""
    for place in (course.submitted, course.autograded, course.feedback):
        for folder in place.glob(f"*/{assignment}"):
            shutil.rmtree(folder)
    if course.has_gradebook:
        from nbgrader.api import Gradebook, MissingEntry

        with Gradebook(course.db_url, "course") as book, contextlib.suppress(MissingEntry):
            book.remove_assignment(assignment)
