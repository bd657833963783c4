"""Everything the report is made from: verdicts, marks and answers of one class, read once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, from_dict

from ..course import ENGLISH, Course, CourseError
from ..marks import Marks, read_marks
from ..release import graded_sections
from ..verdict import Verdict


@dataclass(frozen=True, slots=True)
class Classroom:
    """`verdicts` of everybody, sorted by student; `unreadable` verdict files by student; `answers` the code cells.

    `language` is that of the assignment's own sentences; the report's are English.
    """

    assignment: str
    title: str
    sections: dict[str, str]  # heading by grade_id
    verdicts: tuple[Verdict, ...]
    unreadable: dict[str, str]
    marks: dict[str, Marks]
    answers: dict[str, list[str]]
    released: tuple[str, ...]
    language: str = ENGLISH


def read_class(course: Course, assignment: str) -> Classroom:
    """Read a graded class. Raises CourseError where nothing is graded."""
    files = sorted(course.autograded.glob(f"*/{assignment}/verdict.json"))
    if not files:
        raise CourseError(f"No submission of '{assignment}' is graded yet. Run: make grade")
    verdicts, unreadable = [], {}
    for path in files:
        try:
            verdicts.append(Verdict.from_json(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            unreadable[path.parent.parent.name] = f"{path.name} cannot be read: {error}"
    notebook = _read(course.release / assignment / f"{assignment}.ipynb")
    return Classroom(
        assignment=assignment,
        title=_title(notebook, assignment),
        sections=dict(graded_sections(notebook)),
        verdicts=tuple(verdicts),
        unreadable=unreadable,
        marks=read_marks(course, assignment),
        answers=dict(_answers(course, verdicts)),
        released=tuple(cell.source for cell in notebook.cells if cell.cell_type == "code"),
        language=str(notebook.metadata.get("language", ENGLISH)),
    )


def _answers(course: Course, verdicts: list[Verdict]) -> Iterator[tuple[str, list[str]]]:
    """The code a student wrote: answer cells, and cells that they added."""
    for verdict in verdicts:
        if verdict.problem or verdict.infra:
            continue
        path = course.autograded / verdict.student / verdict.assignment / f"{verdict.assignment}.ipynb"
        try:
            notebook = json.loads(path.read_text(encoding="utf-8"))  # plain data: a class has thousands of these
        except (OSError, ValueError):
            continue
        cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        mine = (cell for cell in cells if is_answer(cell["metadata"].get("nbgrader")))
        yield verdict.student, ["".join(cell["source"]) for cell in mine]


def is_answer(marks: object) -> bool:
    """True for nbgrader's metadata of an answer cell, and for a cell that the author did not make."""
    return not isinstance(marks, dict) or bool(marks.get("solution"))


def _read(path: Path) -> NotebookNode:
    """A notebook that grading wrote; sources joined, outputs left as they are."""
    notebook = from_dict(json.loads(path.read_text(encoding="utf-8")))
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    return notebook


def _title(notebook: NotebookNode, otherwise: str) -> str:
    headings = (line for cell in notebook.cells for line in cell.source.splitlines() if cell.cell_type == "markdown")
    return next((line[2:].strip() for line in headings if line.startswith("# ")), otherwise)
