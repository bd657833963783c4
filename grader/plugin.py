"""The road through plain nbgrader: `nbgrader autograde` and the formgrader's Autograde button.

nbgrader reads a submission through its exporter (`c.Autograde.exporter_class`, see nbgrader_config.py). Ours reads the
bytes itself, grades them with the same `grade_submission` as `make grade`, and hands nbgrader a notebook whose test
cells hold their results; nbgrader's SaveAutoGrades then enters them.
"""

from __future__ import annotations

import atexit
import dataclasses
import secrets
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from .course import Course, CourseError, active_course
from .files import write_whole
from .grade import Workbench, grade_submission
from .inputs import run_inputs
from .late import IN_TIME, late_rule, read_extensions, timestamp_problem
from .log import Log
from .record import log_line, run_line
from .result import Result, result_of
from .sandbox.host import ALL
from .standings import open_gradebook, read_max_scores, read_standings
from .submitted import read_submission, read_timestamp
from .workbench import open_workbench


class _CourseDirectory(CourseDirectory):
    """Reads hand-in times as `make grade` does: one that cannot be read costs nobody the grade, and is named."""

    def get_existing_timestamp(self, dest_path: str) -> datetime | None:
        folder = Path(dest_path)
        if problem := timestamp_problem(folder):
            self.log.error("%s: %s. %s", folder.parent.name, problem, IN_TIME)
        return read_timestamp(folder)


def _without_copies(shared: CourseDirectory) -> CourseDirectory:
    """A course directory like the given one, that ignores every other file.

    nbgrader would copy a submission's other files, and follow links doing so; nothing of ours needs the copies. The
    formgrader goes on with the object it has: a release needs its helper files.
    """
    own = _CourseDirectory(**{name: getattr(shared, name) for name in shared.trait_names(config=True)})
    own.ignore = [*shared.ignore, "*"]
    return own


class GraderFault(Exception):
    """The grader or the machine failed; nbgrader lists the submission as failed and enters no grade."""


class SubmissionExporter(NotebookExporter):
    """Grades submitted notebooks as they are read; passes autograded ones through, and logs the grade they got."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open = ExitStack()
        atexit.register(self._open.close)
        self._workbenches: dict[str, Workbench] = {}
        self._runs: dict[str, int] = {}  # by assignment: number of the line with which the log begins this run
        self._graded: dict[tuple[str, str], Result] = {}
        self._coursedir = _without_copies(self.parent.coursedir)
        self.parent.coursedir = self._coursedir
        self._course: Course = active_course(Path(self._coursedir.root))
        self._refuse_mistakes()

    def _refuse_mistakes(self) -> None:
        """End before nbgrader begins, which would go on without a late policy it does not know, and remove verdicts."""
        try:
            late_rule(self.config)
            read_extensions(self._course, self._coursedir.assignment_id)
        except CourseError as error:
            self.parent.log.error(str(error))
            raise NbGraderException(str(error)) from error

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs: Any) -> tuple[str, dict]:
        """nbgrader calls this twice per notebook: on the submitted file, then on what the first call returned."""
        names = (resources or {})["nbgrader"]
        assignment, student = names["assignment"], names["student"]
        folder = Path(filename).parent
        if not self._is_submitted(folder, assignment, student):
            output = super().from_filename(filename, resources=resources, **kwargs)
            self._log(assignment, student)  # nbgrader's preprocessors have entered the grade by now
            return output
        notebook = self._grade(folder, assignment, student)
        return super().from_notebook_node(notebook, resources=resources, **kwargs)

    def _is_submitted(self, folder: Path, assignment: str, student: str) -> bool:
        submitted = self._coursedir.format_path(self._coursedir.submitted_directory, student, assignment)
        return folder.absolute() == Path(submitted).absolute()

    def _grade(self, folder: Path, assignment: str, student: str) -> NotebookNode:
        submission = read_submission(folder, assignment, student)
        graded = grade_submission(self._workbench(assignment), submission)
        if graded.verdict.infra:
            raise GraderFault(next(case.message for case in graded.verdict.cases if case.status == "INFRA"))
        result = result_of(self._workbench(assignment).release, submission, graded)
        autograded = Path(self._coursedir.format_path(self._coursedir.autograded_directory, student, assignment))
        autograded.mkdir(parents=True, exist_ok=True)
        write_whole(autograded / "verdict.json", result.verdict_file)
        self._extend(assignment, student)
        self._graded[assignment, student] = dataclasses.replace(result, notebook_file=b"")
        return graded.notebook

    def _extend(self, assignment: str, student: str) -> None:
        """Enter the extension of the course's list, before nbgrader looks how late the submission is."""
        from nbgrader.api import Gradebook

        extension = read_extensions(self._course, assignment).get(student)
        if extension is not None:
            with Gradebook(self._course.db_url, self._coursedir.course_id) as book:
                book.find_submission(assignment, student).extension = extension
                book.db.commit()

    def _log(self, assignment: str, student: str) -> None:
        result = self._graded.pop((assignment, student), None)
        if result is None:
            return
        with open_gradebook(self._course) as engine:
            if assignment not in self._runs:
                self._runs[assignment] = self._begin(assignment, read_max_scores(engine, assignment))
            entered = read_standings(engine, assignment, student)[student].entered
        Log(self._course.log).append([{**log_line(assignment, self._runs[assignment], result), **entered.to_log()}])

    def _begin(self, assignment: str, max_scores: dict[str, float]) -> int:
        workbench = self._workbench(assignment)
        inputs = run_inputs(self._course, assignment, workbench.limits, ALL)
        line = run_line(assignment, "nbgrader autograde", workbench.salt, inputs, max_scores)
        return Log(self._course.log).append([line])[0]

    def _workbench(self, assignment: str) -> Workbench:
        if assignment not in self._workbenches:
            workbench = open_workbench(self._course, assignment, secrets.token_hex(16), layers=ALL)
            self._workbenches[assignment] = self._open.enter_context(workbench)
        return self._workbenches[assignment]
