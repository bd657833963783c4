"""Is everything as the kit left it? Compares log, verdicts and gradebook, and says what was changed by something else.

What the formgrader changes is not compared: manual scores, extra credit, comments, what is still to be marked.
Somebody who rewrites the log, the verdicts and the gradebook so that they agree cannot be found out from the files
alone; against that, keep the head that a run prints, and give it to `grader verify --head`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .course import Course, CourseError
from .files import read_regular_file
from .log import History, Line, broken_links, read_history, read_lines, sha256
from .plan import MAX_OUR_FILE
from .standings import Standing, open_gradebook, read_automatic, read_max_scores, read_standings

LOST = (
    "No command mends the log: put a copy from before in its place, if there is one. "
    "Grades that lost their line come back with: make grade"
)
AGAIN = "To grade again whose files are not those of the log: make grade"
ENTER = "To enter again what the gradebook should have (shows what changes, and asks): make regrade FORCE=1"
RELEASE = "To enter again what cells are worth: make release"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the kit left it, and what to do about it."""

    text: str
    remedy: str

    def __str__(self) -> str:
        return self.text


def verify(course: Course, assignment: str, head: str = "") -> list[Finding]:
    """Return what is not as the kit left it. An empty list: all is well.

    Raises CourseError where there is no log yet.
    """
    if not course.log.is_file():
        raise CourseError(f"There is no {course.log} yet. Run: make grade")
    history = read_history(course.log, assignment)
    return [
        *_in_log(course, head, history),
        *_in_files(course, assignment, history),
        *_in_gradebook(course, assignment, history),
    ]


def _in_log(course: Course, head: str, history: History) -> Iterator[Finding]:
    first, *more = broken_links(course.log) or [""]
    if first:
        yield Finding(first + (f"; {len(more)} more after it" if more else ""), LOST)
    if head and not any(sha256(raw) == head for raw, _ in read_lines(course.log)):
        yield Finding(f"no line of the log has the sha256 {head}: the log was rewritten, or is of another course", LOST)
    if history.interrupted is not None:
        yield Finding("the last run did not come to its end", "To go on with it: make grade")


def _in_files(course: Course, assignment: str, history: History) -> Iterator[Finding]:
    for student, line in history.latest.items():
        folder = course.autograded / student / assignment
        for name, what in (("verdict.json", "verdict"), (f"{assignment}.ipynb", "notebook")):
            if what not in line:
                continue  # nbgrader's own autograde writes the notebook after its line
            try:
                found = sha256(read_regular_file(folder / name, MAX_OUR_FILE))
            except OSError:
                yield Finding(f"{student}: {name} is missing or cannot be read", AGAIN)
                continue
            if found != line[what]:
                yield Finding(f"{student}: {name} was changed after line {line.get('n')} of the log was written", AGAIN)
    for path in sorted(course.autograded.glob(f"*/{assignment}/verdict.json")):
        student = path.parent.parent.name
        if student not in history.latest:
            yield Finding(f"{student}: there is a verdict that the log knows nothing of", AGAIN)


def _in_gradebook(course: Course, assignment: str, history: History) -> Iterator[Finding]:
    with open_gradebook(course) as engine:
        standings = read_standings(engine, assignment)
        scores = read_automatic(engine, assignment, "auto_score")
        comments = read_automatic(engine, assignment, "auto_comment")
        worth = read_max_scores(engine, assignment)
    if history.runs:
        logged = list(history.runs.values())[-1].get("max", {})
        yield from _findings(_differences("what a cell is worth", logged, worth), RELEASE)
    for student, line in history.grades.items():
        if student in standings:
            yield from _findings(_of_one(student, line, standings[student], scores, comments), ENTER)
        else:
            text = f"{student}: the gradebook has no submission, the log has a grade (line {line.get('n')})"
            yield Finding(text, AGAIN)
    for student in standings:
        if student not in history.grades and any(score is not None for score in scores.get(student, {}).values()):
            yield Finding(f"{student}: the gradebook has a grade that the log knows nothing of", AGAIN)


def _findings(texts: Iterator[str], remedy: str) -> Iterator[Finding]:
    return (Finding(text, remedy) for text in texts)


Cells = Mapping[str, Mapping[str, Any]]


def _of_one(student: str, line: Line, standing: Standing, scores: Cells, comments: Cells) -> Iterator[str]:
    yield from _differences(f"{student}: the automatic score", line.get("auto", {}), scores.get(student, {}))
    expected = dict.fromkeys(line.get("untouched", ()), "No response.")
    found = {name: comment for name, comment in comments.get(student, {}).items() if comment is not None}
    yield from _differences(f"{student}: the automatic comment", expected, found)
    yield from _differences(f"{student}: what was entered as", *_dates(line, standing))


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
