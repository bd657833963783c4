"""A graded submission as plain data: what a worker hands back, ready to be written down.

Files are bytes already and scores are read off, so that the process which records a class does little for each.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from nbformat import NotebookNode

from .grade import GradedSubmission, Workbench, grade_submission, not_graded
from .release import Release, nbgrader_metadata
from .submitted import Submission, submission_id
from .summary import Line, line_of
from .testcell import clip
from .verdict import Verdict


@dataclass(frozen=True, slots=True)
class Result:
    """`verdict_file` and `notebook_file` are the files; `scores` what nbgrader's rule reads off the notebook, by
    grade_id (None waits for a person); `untouched` the answers left as released; `line` the row in the table;
    `submission` tells what was graded from anything else the student hands in (submitted.submission_id).
    """

    student: str
    submission: str
    infra: bool
    points: float
    verdict_file: bytes
    notebook_file: bytes
    scores: dict[str, float | None]
    untouched: tuple[str, ...]
    line: Line

    @property
    def verdict(self) -> Verdict:
        return Verdict.from_json(self.verdict_file)


def graded_result(workbench: Workbench, submission: Submission) -> Result:
    """Grade one submission. Raises nothing for what it holds: what came of it and cannot be written down is `INFRA`."""
    graded = grade_submission(workbench, submission)
    try:
        return result_of(workbench.release, submission, graded)
    except Exception as error:
        reason = clip(f"{type(error).__name__}: {error}")
        return result_of(workbench.release, submission, not_graded(workbench.release, submission, reason))


def result_of(release: Release, submission: Submission, graded: GradedSubmission) -> Result:
    verdict = graded.verdict
    untouched = untouched_answers(release, graded.notebook)
    return Result(
        student=verdict.student,
        submission=submission_id(submission),
        infra=verdict.infra,
        points=verdict.points,
        verdict_file=verdict.to_json().encode(),
        notebook_file=json.dumps(graded.notebook, ensure_ascii=False).encode(),
        scores=scores_of(release, verdict, untouched),
        untouched=untouched,
        line=line_of(release, verdict),
    )


def untouched_answers(release: Release, notebook: NotebookNode) -> tuple[str, ...]:
    """Answer cells that are as they were handed out; nbgrader compares checksums of the same text to tell."""
    stubs = {cell.grade_id: cell.node.source for cell in release.cells if cell.is_solution}
    marked = ((nbgrader_metadata(cell).get("grade_id"), cell) for cell in notebook.cells)
    return tuple(name for name, cell in marked if name in stubs and cell.source == stubs[name])


def scores_of(release: Release, verdict: Verdict, untouched: tuple[str, ...]) -> dict[str, float | None]:
    """Automatic scores as nbgrader's rule gives them: tests by their cases, untouched answers nothing, others wait."""
    points: dict[str, list[float]] = {name: [] for name in release.tests}
    for case in verdict.cases:
        points[case.cell].append(case.points)
    scores: dict[str, float | None] = {}
    for cell in release.cells:
        if cell.is_test:
            scores[cell.grade_id] = min(math.fsum(points[cell.grade_id]), cell.points)
        elif cell.graded:
            scores[cell.grade_id] = 0.0 if cell.grade_id in untouched else None
    return scores
