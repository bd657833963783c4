"""The released assignment as grading needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from .course import Course, CourseError
from .files import folder_digest
from .messages import ENGLISH
from .read_notebook import defined_names, squeeze

EXPERIMENT = "experiment"  # tag of cells that grading does not run again
BONUS = "bonus"  # tag of graded cells whose points come on top: a score is out of the points of all others


@dataclass(frozen=True, slots=True)
class GradedCell:
    """A locked, autograded code cell: `source` is the author's full text, `section` the heading above it."""

    grade_id: str
    source: str
    points: float
    section: str


@dataclass(frozen=True, slots=True)
class ReleasedCell:
    """One cell of the student version, and what its marks and its text say.

    Of what a cell lacks, `cell_id` and `grade_id` are "" and `points` 0. `text` is the source without the blanks that
    editors change (read_notebook.squeeze), `names` are those that it defines.
    """

    node: NotebookNode  # not to be changed
    cell_id: str
    grade_id: str
    graded: bool
    points: float
    is_code: bool
    is_test: bool
    is_solution: bool
    is_locked: bool
    is_experiment: bool
    is_bonus: bool
    text: str
    names: frozenset[str]

    def copy(self, **changed: Any) -> NotebookNode:
        """A cell like it without outputs, with these changes. It shares the metadata, which nobody changes."""
        empty = {"outputs": [], "execution_count": None} if self.is_code else {}
        return NotebookNode({**self.node, **empty, **changed})


@dataclass(frozen=True)
class Release:
    """One assignment as released: what the students got, and the test cells with their full text.

    `notebook` is the student version, with nbgrader's metadata and checksums; `files` the folder with the helper
    modules and public data; `sha256` covers all of it, so a verdict can say what it was graded against. What follows
    from these is worked out once for all submissions.
    """

    assignment: str
    notebook: NotebookNode
    tests: dict[str, GradedCell]
    files: Path
    sha256: str

    @property
    def language(self) -> str:
        """Code of the language that students are spoken to in (grader.language writes it into the notebook)."""
        return str(self.notebook.metadata.get("language", ENGLISH))

    @cached_property
    def cells(self) -> tuple[ReleasedCell, ...]:
        """The cells of `notebook`."""
        return tuple(map(_released_cell, self.notebook.cells))

    @cached_property
    def by_source(self) -> dict[str, ReleasedCell]:
        """The cells by their exact source."""
        return {cell.node.source: cell for cell in self.cells}

    @cached_property
    def stub_names(self) -> frozenset[str]:
        """All names that the students are asked to define."""
        return frozenset(name for cell in self.cells if cell.is_solution and cell.is_code for name in cell.names)

    @cached_property
    def bonus(self) -> dict[str, float]:
        """Points by grade_id of the graded cells that are a bonus."""
        return {cell.grade_id: cell.points for cell in self.cells if cell.is_bonus and cell.graded}

    @cached_property
    def sections(self) -> dict[str, str]:
        """Section heading of every graded cell (manual ones too), by grade_id, in the order of the notebook."""
        return dict(graded_sections(self.notebook))

    @cached_property
    def public_tests(self) -> tuple[str, ...]:
        """Test cells of which students have all the text that judges: nothing was cut out of it for the release."""
        released = {cell.grade_id: cell.node.source for cell in self.cells if cell.is_test}
        return tuple(name for name, test in self.tests.items() if released.get(name) == test.source)


def _released_cell(node: NotebookNode) -> ReleasedCell:
    marks = nbgrader_metadata(node)
    return ReleasedCell(
        node=node,
        cell_id=node.get("id", ""),
        grade_id=marks.get("grade_id", ""),
        graded=bool(marks.get("grade")),
        points=float(marks["points"]) if marks.get("grade") else 0.0,
        is_code=node.cell_type == "code",
        is_test=is_test(node),
        is_solution=is_solution(node),
        is_locked=is_locked(node),
        is_experiment=is_experiment(node),
        is_bonus=BONUS in node.metadata.get("tags", []),
        text=squeeze(node.source),
        names=defined_names(node.source),
    )


def nbgrader_metadata(cell: NotebookNode) -> dict:
    data = cell["metadata"].get("nbgrader")
    return data if isinstance(data, dict) else {}


def is_test(cell: NotebookNode) -> bool:
    """True for an autograded test cell: graded, code, and not itself an answer."""
    data = nbgrader_metadata(cell)
    return cell.cell_type == "code" and bool(data.get("grade")) and not data.get("solution")


def is_solution(cell: NotebookNode) -> bool:
    return bool(nbgrader_metadata(cell).get("solution"))


def is_locked(cell: NotebookNode) -> bool:
    """True where the release, not the student, says what the cell contains."""
    data = nbgrader_metadata(cell)
    return not data.get("solution") and bool(data.get("grade") or data.get("locked"))


def is_experiment(cell: NotebookNode) -> bool:
    return EXPERIMENT in cell["metadata"].get("tags", ())


def graded_sections(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield (grade_id, heading) for every graded cell; the heading is the nearest level-2 one above it."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("## "):
                    heading = line[3:].strip()
        if nbgrader_metadata(cell).get("grade"):
            yield nbgrader_metadata(cell)["grade_id"], heading


def read_made(path: Path, remedy: str = "Mend it and run: make release") -> NotebookNode:
    """Read a notebook that an author or a release made. Raises CourseError, with the remedy, where it is none."""
    try:
        notebook = nbformat.read(path, as_version=4)
        cells = notebook["cells"]
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise CourseError(f"{path} is no notebook ({reason}). {remedy}") from error
    if not isinstance(cells, list):
        raise CourseError(f"{path} is no notebook (it has no list of cells). {remedy}")
    return notebook


def released_notebook(course: Course, assignment: str) -> NotebookNode:
    """The student version. Raises CourseError where it was not made, or is damaged."""
    path = course.release / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        raise CourseError(f"'{assignment}' is not released yet. Run: make release")
    return read_made(path, "Run: make release")


def load_release(course: Course, assignment: str) -> Release:
    """Read the release of `assignment`. Raises CourseError where it was not made, or is not of the present source."""
    source_folder = course.sources / assignment
    released = released_notebook(course, assignment)
    source = read_made(source_folder / f"{assignment}.ipynb")
    sections = dict(graded_sections(source))
    tests = {}
    for cell in source.cells:
        if is_test(cell):
            data = nbgrader_metadata(cell)
            grade_id = data["grade_id"]
            tests[grade_id] = GradedCell(grade_id, cell.source, float(data["points"]), sections[grade_id])
    return Release(
        assignment=assignment,
        notebook=released,
        tests=tests,
        files=course.release / assignment,
        sha256=folder_digest(source_folder),
    )
