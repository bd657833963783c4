"""Everything that is written about a submission, on any road out of grading, and a look through it for signs."""

from __future__ import annotations

import io
import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ..course import Course
from ..export.formats import Format
from ..export.write import export_class
from ..feedback.write import write_feedback
from ..nbgrader_app import nbgrader_config
from ..report.write import write_report
from ..summary import Line, print_summary, write_csv
from . import signs
from .canaries import Canaries

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter

Texts = dict[str, bytes]  # what it is -> what stands in it


class Papers:
    """The papers of one course."""

    def __init__(self, course: Course, assignment: str, canaries: Canaries) -> None:
        self._course = course
        self._assignment = assignment
        self._canaries = canaries
        self._usual: dict[str, Counter[str]] = {}
        self._unmarked: set[str] = set()

    def write(self, line: Line) -> Texts:
        """Write all there is about a student who was graded: files, tables and pages. `line` is theirs in the table."""
        return self._tables(line) | self._files(line.student) | self._pages(line.student) | self._of_the_class()

    def take_for_usual(self, line: Line) -> None:
        """From now on nothing that the pages of this student hold is a sign."""
        cells = json.loads(self._notebook(line.student).read_bytes())["cells"]
        self._unmarked = {_text_of(cell) for cell in cells if not _is_marked(cell)}
        pages = {name: text for name, text in self.write(line).items() if name.endswith("page")}
        self._usual = {name: signs.count_active(text.decode()) for name, text in pages.items()}

    def look_through(self, texts: Texts) -> list[str]:
        found = signs.hidden_inputs(texts)
        for name, data in texts.items():
            found += self._canaries.found_in(name, data) + signs.breaches(data)
            if name.endswith("verdict.json"):
                found += signs.in_verdict(name, data)
            elif name.endswith(".ipynb"):
                found += signs.in_notebook(name, data)
            elif name.endswith(".csv"):
                found += signs.in_csv(name, data.decode())
            else:
                found += signs.control_characters(name, data.decode("utf-8", "replace"))
            if name.endswith("page"):
                found += [
                    f"{name} holds {thing}" for thing in signs.active_content(data.decode(), self._usual.get(name))
                ]
        return found

    def _tables(self, line: Line) -> Texts:
        """The csv and the table on the terminal, of a class of one."""
        write_csv(self._course.grades_csv, [line])
        terminal = io.StringIO()
        print_summary(Console(file=terminal, width=250, force_terminal=False), [line], self._course)
        return {"grades.csv": self._course.grades_csv.read_bytes(), "the terminal": terminal.getvalue().encode()}

    def _files(self, student: str) -> Texts:
        folder = self._course.autograded / student
        return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def _notebook(self, student: str) -> Path:
        return self._course.autograded / student / self._assignment / f"{self._assignment}.ipynb"

    def _pages(self, student: str) -> Texts:
        """The student's feedback page, and the page of the formgrader, where written answers are marked."""
        (written,) = write_feedback(self._course, self._assignment, [student])
        if written.problem:
            raise RuntimeError(f"no feedback page: {written.problem}")
        return {"the feedback page": written.path.read_bytes(), "the marker's page": self._marking(student).encode()}

    def _marking(self, student: str) -> str:
        """The formgrader's page, made of the cells that are marked and of all that is not as released.

        The rest, which no submission can change, takes five times as long.
        """
        notebook = json.loads(self._notebook(student).read_bytes())
        notebook["cells"] = [cell for cell in notebook["cells"] if _text_of(cell) not in self._unmarked]
        resources = {"base_url": "", "notebook_path": "", "submission_id": "0", "index": 0, "total": 1}
        names = dict.fromkeys(("assignment_id", "notebook_id", "student", "last_name", "first_name"), "")
        shown = self._notebook(student).with_name("marked.ipynb")
        shown.write_text(json.dumps(notebook), encoding="utf-8")
        page, _ = self._formgrader.from_filename(str(shown), resources={**resources, **names})
        shown.unlink()
        return page

    @cached_property
    def _formgrader(self) -> HTMLExporter:
        """What the formgrader renders a submission with, made as its server does (`build_extra_config`)."""
        from nbconvert.exporters import HTMLExporter
        from nbgrader.server_extensions import formgrader

        config = nbgrader_config(self._course)
        config.HTMLExporter.template_name = "formgrade"
        config.HTMLExporter.extra_template_basedirs = [str(Path(formgrader.__file__).parent / "templates")]
        return HTMLExporter(config=config)

    def _of_the_class(self) -> Texts:
        """What the teacher gets of all submissions together: the report, and tables for other programs."""
        written = {"the report page": write_report(self._course, self._assignment).read_bytes()}
        for form in (Format.CASES, Format.MOODLE):
            written[f"{form}.csv"] = export_class(self._course, self._assignment, form).path.read_bytes()
        return written


def _is_marked(cell: dict[str, Any]) -> bool:
    """The formgrader puts a score, a comment, or both below it."""
    marks = cell["metadata"].get("nbgrader", {})
    return marks.get("grade", False) or marks.get("solution", False)


def _text_of(cell: dict[str, Any]) -> str:
    """All there is to a cell but the count of its run, which an added cell in front of it moves on."""
    return json.dumps({key: value for key, value in cell.items() if key != "execution_count"}, sort_keys=True)
