"""The road through plain nbgrader: `nbgrader autograde` and the formgrader's Autograde button.

nbgrader reads a submission through its exporter (`c.Autograde.exporter_class`, see nbgrader_config.py). Ours reads the
bytes itself, grades them with the same `grade_submission` as `make grade`, and hands nbgrader a notebook whose test
cells hold their results; nbgrader's SaveAutoGrades then enters them.
"""

from __future__ import annotations

import atexit
import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter

from .bench import open_bench
from .course import Course, find_course
from .files import write_whole
from .grade import Bench, GradedSubmission, grade_submission
from .sandbox.host import ALL
from .submitted import read_submission


class GraderFault(Exception):
    """The grader or the machine failed; nbgrader lists the submission as failed and enters no grade."""


class SubmissionExporter(NotebookExporter):
    """Grades submitted notebooks as they are read; passes autograded ones through."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open = ExitStack()
        atexit.register(self._open.close)
        self._benches: dict[str, Bench] = {}
        converter = self.parent
        self._coursedir = converter.coursedir
        # nbgrader would copy a submission's other files and follow links doing so; nothing of ours needs the copies
        self._coursedir.ignore = [*self._coursedir.ignore, "*"]

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs: Any) -> tuple[str, dict]:
        """nbgrader calls this twice per notebook: on the submitted file, then on what the first call returned."""
        names = (resources or {})["nbgrader"]
        folder = Path(filename).parent
        if not self._is_submitted(folder, names["assignment"], names["student"]):
            return super().from_filename(filename, resources=resources, **kwargs)
        graded = self._grade(folder, names["assignment"], names["student"])
        return super().from_notebook_node(graded.notebook, resources=resources, **kwargs)

    def _is_submitted(self, folder: Path, assignment: str, student: str) -> bool:
        submitted = self._coursedir.format_path(self._coursedir.submitted_directory, student, assignment)
        return folder.absolute() == Path(submitted).absolute()

    def _grade(self, folder: Path, assignment: str, student: str) -> GradedSubmission:
        graded = grade_submission(self._bench(assignment), read_submission(folder, assignment, student))
        if graded.verdict.infra:
            raise GraderFault(next(case.message for case in graded.verdict.cases if case.status == "INFRA"))
        autograded = Path(self._coursedir.format_path(self._coursedir.autograded_directory, student, assignment))
        autograded.mkdir(parents=True, exist_ok=True)
        write_whole(autograded / "verdict.json", graded.verdict.to_json())
        return graded

    def _bench(self, assignment: str) -> Bench:
        if assignment not in self._benches:
            course: Course = find_course(Path(self._coursedir.root))
            bench = open_bench(course, assignment, secrets.token_hex(16), layers=ALL)
            self._benches[assignment] = self._open.enter_context(bench)
        return self._benches[assignment]
