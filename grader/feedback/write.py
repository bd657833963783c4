"""`grader feedback`: write the page of each student of a class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..course import Course, CourseError
from ..files import write_whole
from ..graded import verdict_files
from ..messages import ENGLISH, languages


@dataclass(frozen=True, slots=True)
class Written:
    """One page that was written, or the reason why there is none (`problem`)."""

    student: str
    path: Path
    problem: str = ""


def graded_students(course: Course, assignment: str) -> list[str]:
    """Students with a verdict for `assignment`, sorted; those who are left out are not among them."""
    return [path.parent.parent.name for path in verdict_files(course, assignment)]


def released_in(course: Course, assignment: str) -> str:
    """The language of the release, and so of what checks and grading say on a page; "" where there is no release."""
    try:
        notebook = json.loads((course.release / assignment / f"{assignment}.ipynb").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(notebook.get("metadata", {}).get("language", ENGLISH))


def write_feedback(
    course: Course, assignment: str, students: Sequence[str] | None = None, language: str = ENGLISH
) -> Iterator[Written]:
    """Write course/feedback/STUDENT/ASSIGNMENT/ASSIGNMENT.html for each student (all graded ones where none is named).

    Yields what became of each page as it is done; one that cannot be made does not stop the others. Raises CourseError
    where nothing is graded yet, or there are no texts in `language`.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from .exporter import FeedbackExporter, NoVerdict

    if language not in languages():
        raise CourseError(f"There are no texts in '{language}'. Languages: {', '.join(languages())}.")
    if students is None:
        students = graded_students(course, assignment)
    if not students:
        raise CourseError(f"No submission of '{assignment}' is graded yet. Run: make grade")
    exporter = FeedbackExporter(language=language)
    for student in students:
        path = course.feedback / student / assignment / f"{assignment}.html"
        names = {"student": student, "assignment": assignment, "notebook": assignment, "db_url": course.db_url}
        source = course.autograded / student / assignment / f"{assignment}.ipynb"
        try:
            html, _ = exporter.from_filename(str(source), {"nbgrader": names})
        except SQLAlchemyError:
            raise  # the gradebook's, and so everybody's
        except Exception as error:  # whatever a submission holds that we did not think of
            known = isinstance(error, NoVerdict | OSError | ValueError)
            yield Written(student, path, str(error) if known else f"{type(error).__name__}: {error}")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, html)
        yield Written(student, path)
