"""A graded submission as plain data: what a worker hands back, ready to be written down.

Files are text already and scores are read off, so that the process which records a class does little for each.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from nbformat import NotebookNode

from .grade import GradedSubmission, Submission
from .release import Release, is_solution, is_test, nbgrader_metadata
from .submitted import submission_id
from .summary import Line, line_of
from .verdict import Verdict


@dataclass(frozen=True, slots=True)
class Result:
    """`verdict_text` and `notebook_text` are the files; `scores` what nbgrader's rule reads off the notebook, by
    grade_id (None waits for a person); `untouched` the answers left as released; `line` the row in the table;
    `submission` tells what was graded from anything else the student hands in (submitted.submission_id).
    """

    student: str
    submission: str
    infra: bool
    points: float
    verdict_text: str
    notebook_text: str
    scores: dict[str, float | None]
    untouched: tuple[str, ...]
    line: Line

    @property
    def verdict(self) -> Verdict:
        return Verdict.from_json(self.verdict_text)


def result_of(release: Release, submission: Submission, graded: GradedSubmission) -> Result:
    verdict = graded.verdict
    untouched = untouched_answers(release, graded.notebook)
    return Result(
        student=verdict.student,
        submission=submission_id(submission),
        infra=verdict.infra,
        points=verdict.points,
        verdict_text=verdict.to_json(),
        notebook_text=json.dumps(graded.notebook, ensure_ascii=False),
        scores=scores_of(release, verdict, untouched),
        untouched=untouched,
        line=line_of(release, verdict),
    )


def untouched_answers(release: Release, notebook: NotebookNode) -> tuple[str, ...]:
    """Answer cells that are as they were handed out; nbgrader compares checksums of the same text to tell."""
    released = {nbgrader_metadata(cell)["grade_id"]: cell for cell in release.notebook.cells if is_solution(cell)}
    return tuple(
        nbgrader_metadata(cell)["grade_id"]
        for cell in notebook.cells
        if is_solution(cell) and cell.source == released[nbgrader_metadata(cell)["grade_id"]].source
    )


def scores_of(release: Release, verdict: Verdict, untouched: tuple[str, ...]) -> dict[str, float | None]:
    """Automatic scores as nbgrader's rule gives them: tests by their cases, untouched answers nothing, others wait."""
    scores: dict[str, float | None] = {}
    for cell in release.notebook.cells:
        data = nbgrader_metadata(cell)
        if is_test(cell):
            earned = math.fsum(case.points for case in verdict.of_cell(data["grade_id"]))
            scores[data["grade_id"]] = min(earned, float(data["points"]))
        elif data.get("grade"):
            scores[data["grade_id"]] = 0.0 if data["grade_id"] in untouched else None
    return scores
