"""Is everything as the kit left it? Compares log, verdicts and gradebook, and says what was changed by something else.

What the formgrader changes is not compared: manual scores, extra credit, comments, what is still to be marked.
Somebody who rewrites the log, the verdicts and the gradebook so that they agree cannot be found out from the files
alone; against that, keep the head that a run prints, and give it to `grader verify --head`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .course import Course, CourseError
from .files import read_regular_file
from .log import History, Line, broken_links, read_history, read_lines, sha256
from .plan import MAX_OUR_FILE
from .standings import Standing, open_gradebook, read_automatic, read_max_scores, read_standings


def verify(course: Course, assignment: str, head: str = "") -> list[str]:
    """Return a sentence for each thing that is not as the kit left it. An empty list: all is well.

    Raises CourseError where there is no log yet.
    """
    if not course.log.is_file():
        raise CourseError(f"There is no {course.log} yet. Run: make grade")
    findings = broken_links(course.log)
    if head and not any(sha256(raw) == head for raw, _ in read_lines(course.log)):
        findings.append(f"no line of the log has the sha256 {head}: the log was rewritten, or is of another course")
    history = read_history(course.log, assignment)
    if history.interrupted is not None:
        findings.append("the last run did not come to its end; make grade goes on with it, then verify again")
    return [*findings, *_in_files(course, assignment, history), *_in_gradebook(course, assignment, history)]


def _in_files(course: Course, assignment: str, history: History) -> Iterator[str]:
    for student, line in history.latest.items():
        folder = course.autograded / student / assignment
        for name, what in (("verdict.json", "verdict"), (f"{assignment}.ipynb", "notebook")):
            if what not in line:
                continue  # nbgrader's own autograde writes the notebook after its line
            try:
                found = sha256(read_regular_file(folder / name, MAX_OUR_FILE))
            except OSError:
                yield f"{student}: {name} is missing or cannot be read"
                continue
            if found != line[what]:
                yield f"{student}: {name} was changed after line {line.get('n')} of the log was written"
    for path in sorted(course.autograded.glob(f"*/{assignment}/verdict.json")):
        student = path.parent.parent.name
        if student not in history.latest:
            yield f"{student}: there is a verdict that the log knows nothing of"


def _in_gradebook(course: Course, assignment: str, history: History) -> Iterator[str]:
    with open_gradebook(course) as engine:
        standings = read_standings(engine, assignment)
        scores = read_automatic(engine, assignment, "auto_score")
        comments = read_automatic(engine, assignment, "auto_comment")
        worth = read_max_scores(engine, assignment)
    if history.runs:
        yield from _differences("what a cell is worth", list(history.runs.values())[-1].get("max", {}), worth)
    for student, line in history.grades.items():
        standing = standings.get(student)
        if standing is None:
            yield f"{student}: the gradebook has no submission, the log has a grade (line {line.get('n')})"
            continue
        yield from _differences(f"{student}: the automatic score", line.get("auto", {}), scores.get(student, {}))
        expected = dict.fromkeys(line.get("untouched", ()), "No response.")
        found = {name: comment for name, comment in comments.get(student, {}).items() if comment is not None}
        yield from _differences(f"{student}: the automatic comment", expected, found)
        yield from _differences(f"{student}: what was entered as", *_dates(line, standing))
    for student in standings:
        if student not in history.grades and any(score is not None for score in scores.get(student, {}).values()):
            yield f"{student}: the gradebook has a grade that the log knows nothing of"


def _dates(line: Line, standing: Standing) -> tuple[dict[str, Any], dict[str, Any]]:
    found = standing.entered.to_log()
    logged = {name: line.get(name) for name in ("handed_in", "extension")}
    penalty = (line.get("late") or [0, 0, None])[2]
    return {**logged, "late penalty": penalty}, {
        "handed_in": found["handed_in"],
        "extension": found["extension"],
        "late penalty": standing.penalty,
    }


def _differences(what: str, logged: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*logged, *found}):
        before, now = logged.get(name), found.get(name)
        close = (
            isinstance(before, float | int) and isinstance(now, float | int) and math.isclose(before, now, abs_tol=1e-9)
        )
        if before != now and not close:
            yield f"{what} '{name}' is {now} in the gradebook, and was entered as {before}"
