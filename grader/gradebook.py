"""Verdicts -> nbgrader's gradebook, exactly as `nbgrader autograde` would have entered them.

The scores are read off the graded notebook by nbgrader's own rule, so both roads leave the same rows. Manual scores,
extra credit and comments of the formgrader are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from .course import Course
from .grade import GradedSubmission
from .release import nbgrader_metadata

if TYPE_CHECKING:
    from nbgrader.api import SubmittedNotebook


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the gradebook holds for a submission after recording, in points."""

    student: str
    auto_points: float
    manual_points: float
    extra_credit: float
    late_penalty: float
    score: float
    max_score: float
    needs_marking: int  # graded cells that wait for the formgrader


class GradeRecorder:
    """Writes graded submissions of one assignment into the gradebook. Use as a context manager.

    One per process: the parent alone writes.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        from nbgrader.api import Gradebook
        from nbgrader.preprocessors import AssignLatePenalties

        from .nbgrader_app import nbgrader_config

        config = nbgrader_config(course)
        self._assignment = assignment
        self._gradebook = Gradebook(course.db_url, config.CourseDirectory.course_id)
        self._late = AssignLatePenalties(config=config)
        self._late.init_plugin()

    def __enter__(self) -> GradeRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gradebook.close()

    def record(self, graded: GradedSubmission, timestamp: str | None = None) -> Recorded:
        """Enter one submission, handed in at `timestamp`. Raises ValueError for a verdict that is `infra`."""
        if graded.verdict.infra:
            raise ValueError("a fault of the grader is no grade")
        student = graded.verdict.student
        book = self._gradebook
        book.update_or_create_student(student)
        fields = {"timestamp": timestamp} if timestamp else {}
        book.update_or_create_submission(self._assignment, student, **fields)
        entry = book.find_submission_notebook(graded.verdict.assignment, self._assignment, student)
        self._enter_scores(entry, graded)
        book.db.flush()
        book.db.expire(entry)  # its score is a sum that the database computes
        self._enter_late_penalty(entry, student)
        book.db.commit()
        return _recorded(entry, student)

    def _enter_scores(self, entry: SubmittedNotebook, graded: GradedSubmission) -> None:
        from nbgrader import utils

        cells = {nbgrader_metadata(cell).get("grade_id"): cell for cell in graded.notebook.cells}
        for grade in entry.grades:
            cell = cells[grade.name]
            grade.auto_score = utils.determine_grade(cell)[0] if utils.is_grade(cell) else None
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        for comment in entry.comments:
            cell = cells[comment.name]
            untouched = nbgrader_metadata(cell).get("checksum") == utils.compute_checksum(cell)
            comment.auto_comment = "No response." if untouched and not utils.is_task(cell) else None

    def _enter_late_penalty(self, entry: SubmittedNotebook, student: str) -> None:
        entry.late_submission_penalty = None
        seconds_late = entry.assignment.total_seconds_late
        if seconds_late > 0:
            penalty = self._late.plugin_inst.late_submission_penalty(student, entry.score, seconds_late)
            if penalty is not None:
                entry.late_submission_penalty = self._late._check_late_penalty(entry, penalty)


def _recorded(entry: SubmittedNotebook, student: str) -> Recorded:
    grades = list(entry.grades)
    penalty = entry.late_submission_penalty or 0.0
    return Recorded(
        student=student,
        auto_points=sum(grade.auto_score or 0.0 for grade in grades if grade.manual_score is None),
        manual_points=sum(grade.manual_score or 0.0 for grade in grades),
        extra_credit=sum(grade.extra_credit or 0.0 for grade in grades),
        late_penalty=penalty,
        score=max(0.0, entry.score - penalty),
        max_score=entry.max_score,
        needs_marking=sum(bool(grade.needs_manual_grade) for grade in grades),
    )
