"""Everything the report is made from: marks, and verdicts and answers of one student after the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from ..course import ENGLISH, Course, CourseError
from ..graded import verdict_files
from ..marks import Marks, read_marks
from ..release import graded_sections, released_notebook
from ..verdict import Verdict


@dataclass(frozen=True, slots=True)
class Submission:
    """What grading left of one student: the verdict, or the `damage` that keeps it from being read.

    `answers` are the code cells that the student wrote, None where there is no notebook to read them from.
    """

    student: str
    verdict: Verdict | None
    answers: list[str] | None = None
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Classroom:
    """`submissions` of everybody, sorted by student. They are read as they are asked for, once, and kept by nobody.

    `language` is that of the assignment's own sentences; the report's are English.
    """

    assignment: str
    title: str
    sections: dict[str, str]  # heading by grade_id
    submissions: Iterable[Submission]
    marks: Mapping[str, Marks]
    released: tuple[str, ...]
    language: str = ENGLISH


def read_class(course: Course, assignment: str) -> Classroom:
    """Read a graded class. Raises CourseError where nothing is graded."""
    files = verdict_files(course, assignment)
    if not files:
        raise CourseError(f"No submission of '{assignment}' is graded yet. Run: make grade")
    notebook = released_notebook(course, assignment)
    return Classroom(
        assignment=assignment,
        title=_title(notebook, assignment),
        sections=dict(graded_sections(notebook)),
        submissions=map(_submission, files),
        marks=read_marks(course, assignment),
        released=tuple(cell.source for cell in notebook.cells if cell.cell_type == "code"),
        language=str(notebook.metadata.get("language", ENGLISH)),
    )


def _submission(path: Path) -> Submission:
    student = path.parent.parent.name
    try:
        verdict = Verdict.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Submission(student, None, damage=f"{path.name} cannot be read: {error}")
    answers = None if verdict.problem or verdict.infra else _answers(path.with_name(f"{verdict.assignment}.ipynb"))
    return Submission(student, verdict, answers)


def _answers(path: Path) -> list[str] | None:
    """The code a student wrote: answer cells, and cells that they added."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))  # plain data: a class has thousands of these
    except (OSError, ValueError):
        return None
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return ["".join(cell["source"]) for cell in cells if is_answer(cell["metadata"].get("nbgrader"))]


def is_answer(marks: object) -> bool:
    """True for nbgrader's metadata of an answer cell, and for a cell that the author did not make."""
    return not isinstance(marks, dict) or bool(marks.get("solution"))


def _title(notebook: NotebookNode, otherwise: str) -> str:
    headings = (line for cell in notebook.cells for line in cell.source.splitlines() if cell.cell_type == "markdown")
    return next((line[2:].strip() for line in headings if line.startswith("# ")), otherwise)
