"""What a run ends with: the table in the terminal and grades.csv."""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import math
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .course import Course
from .files import write_whole
from .late import left_out
from .release import Release
from .standings import Recorded, open_gradebook, read_students
from .verdict import Status, Verdict
from .wording import counted

SHOWN = 40  # rows of the table in the terminal; the csv has them all
ROOMY = 110  # columns of a terminal that has room for the reasons as well


NOT_GRADED = "NOT GRADED"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Line:
    """One student in the table. Small, so that a table of a large class is.

    `points` holds the bonus, `max_points` does not.
    `sections` holds (points, of) by section heading; `recorded` what the gradebook has, None if nothing was written.
    """

    student: str
    status: str
    points: float
    max_points: float
    bonus: float
    sections: dict[str, tuple[float, float]]
    problem: str
    first_thing: str  # to look at
    recorded: Recorded | None = None


def line_of(release: Release, verdict: Verdict) -> Line:
    sections: dict[str, list[tuple[float, float]]] = defaultdict(list)
    headings = release.sections
    for case in verdict.cases:
        sections[headings[case.cell]].append((case.points, case.max_points))
    return Line(
        student=verdict.student,
        status=status_of(verdict),
        points=verdict.points,
        max_points=verdict.max_points,
        bonus=verdict.bonus_points,
        sections={
            name: tuple(math.fsum(column) for column in zip(*pairs, strict=True)) for name, pairs in sections.items()
        },
        problem=verdict.problem,
        first_thing=_first_thing(release, verdict),
    )


def headings_of(release: Release) -> list[str]:
    """The headings over the test cells, in the order of the notebook: the columns of the table."""
    return list(dict.fromkeys(release.sections[cell] for cell in release.tests))


def row_of(line: Line) -> list[Any]:
    """What the log keeps of a line, so that nobody has to read the verdict to print the table again."""
    return [line.status, line.max_points, line.bonus, *line.sections.values(), line.problem, line.first_thing]


def line_of_row(student: str, points: float, headings: Sequence[str], row: Sequence[Any]) -> Line:
    """The line back from the log's row; `headings` are those of `headings_of`."""
    status, max_points, bonus, *sections, problem, first_thing = row
    by_heading = dict(zip(headings, starmap(_pair, sections), strict=True))
    return Line(student, status, points, max_points, bonus, by_heading, problem, first_thing)


def with_marks(line: Line, release: Release, by_hand: Sequence[tuple[str, float]]) -> Line:
    """The line with what a person added to sections: (grade_id, points) each. Sections without a check come in so."""
    if not by_hand:
        return line
    got: dict[str, list[float]] = {heading: [points] for heading, (points, _) in line.sections.items()}
    for name, points in by_hand:
        got.setdefault(release.sections[name], []).append(points)
    most: dict[str, list[float]] = defaultdict(list)
    for cell in release.cells:
        if cell.graded:
            most[release.sections[cell.grade_id]].append(cell.points)
    sections = {
        heading: _pair(math.fsum(got[heading]), math.fsum(points)) for heading, points in most.items() if heading in got
    }
    return dataclasses.replace(line, sections=sections)


@functools.lru_cache(maxsize=1000)
def _pair(earned: float, of: float) -> tuple[float, float]:
    """The same tuple for the same points, which many have: a large class takes half the memory."""
    return earned, of


def status_of(verdict: Verdict) -> str:
    """One or two words for what became of the submission."""
    if verdict.infra:
        return NOT_GRADED
    if verdict.problem:
        return UNREADABLE
    if verdict.limits_hit or any(case.status is Status.TIMEOUT for case in verdict.cases):
        return "hit a limit"
    if verdict.not_attempted:
        return "not attempted"
    return "graded"


def short_heading(heading: str) -> str:
    """'3 · Test mode' -> '§3'; a heading without a number is cut to twelve characters."""
    first = heading.split(maxsplit=1)[0] if heading else ""
    return f"§{first}" if first.rstrip(".").isalnum() and len(first) <= 2 else heading[:12]


def print_summary(console: Console, lines: Sequence[Line], course: Course) -> None:
    """Print the table, sorted by student, and where everything lies."""
    headings = _headings(lines)
    console.print(_table(lines, headings, with_reasons=console.width >= ROOMY), soft_wrap=False)
    if len(lines) > SHOWN:
        console.print(f"… and {len(lines) - SHOWN} more, in {course.grades_csv}")
    for heading in headings:
        console.print(f"{short_heading(heading)} {heading.split(maxsplit=2)[-1]}", style="dim")
    waiting = sum(line.recorded.needs_marking > 0 for line in lines if line.recorded)
    review = sum(line.recorded.to_review > 0 for line in lines if line.recorded)
    failed = sum(line.status == NOT_GRADED for line in lines)
    damaged = sum(line.status == UNREADABLE for line in lines)
    numbers = [f"{len(lines) - failed - damaged} graded", f"{failed} not graded", f"{damaged} unreadable"]
    numbers.append(f"{waiting} with answers to mark")
    numbers += [f"{review} marked for an earlier submission"] if review else []
    console.print(f"\n{', '.join(numbers)} (make formgrader).")
    gradebook = course.gradebook_name if course.database else _short(course.gradebook)
    places = {"grades": _short(course.grades_csv), "verdicts": _short(course.autograded), "gradebook": gradebook}
    for what, place in places.items():
        console.print(Text(f"{what + ':':10} {place}"))


def print_absent(console: Console, course: Course, students: Collection[str]) -> None:
    """Name those whom the gradebook has from a class list (docs/marking.md), and who are not among `students`."""
    with open_gradebook(course) as engine:
        everybody = read_students(engine)
    absent = set(everybody).difference(students)
    if absent := sorted(absent and absent - left_out(course)):
        more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        of = f"{len(absent)} of the gradebook's {counted(len(everybody), 'student')}"
        console.print(Text(f"not handed in: {of}: {', '.join(absent[:SHOWN])}{more}"))


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _table(lines: Sequence[Line], headings: Sequence[str], *, with_reasons: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), expand=with_reasons)
    table.add_column("student", no_wrap=True, max_width=24, overflow="ellipsis")
    # scores as soon as a person or the calendar changed one; until then the points of the checks
    final = any(line.recorded and not math.isclose(line.recorded.score, line.points) for line in lines)
    late = any(line.recorded and line.recorded.late_penalty for line in lines)
    table.add_column("score" if final else "points", justify="right", no_wrap=True)
    if late:
        table.add_column("late", justify="right", no_wrap=True)
    for heading in headings:
        table.add_column(short_heading(heading), justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    if with_reasons:
        table.add_column("first thing to look at", overflow="ellipsis", no_wrap=True, ratio=1)
    with_bonus = any(line.bonus for line in lines)
    for line in lines[:SHOWN]:
        failed = line.status == NOT_GRADED
        total = _total(line, final=final, with_bonus=with_bonus)
        if late:
            penalty = line.recorded.late_penalty if line.recorded else 0.0
            total.append(f"−{penalty:g}" if penalty else "")
        points = ["–" if failed else _points(line, heading) for heading in headings]
        style = {NOT_GRADED: "bold red", "graded": ""}.get(line.status, "yellow")
        reason = [Text(line.first_thing)] if with_reasons else []
        table.add_row(Text(line.student), *total, *points, Text(line.status, style), *reason)
    return table


def _total(line: Line, *, final: bool, with_bonus: bool) -> list[str]:
    """The cell of the table's first number."""
    if line.status == NOT_GRADED:
        return ["–"]
    if final and line.recorded:
        return [f"{line.recorded.score:g}/{line.recorded.max_score:g}"]
    return [f"{line.points - line.bonus:g}/{line.max_points:g}" + (f" +{line.bonus:g}" if with_bonus else "")]


def _headings(lines: Sequence[Line]) -> list[str]:
    """Sections of anybody's line, in the order of the line that has most."""
    longest = max((line.sections for line in lines), key=len, default={})
    return list(dict.fromkeys([*longest, *(heading for line in lines for heading in line.sections)]))


def _points(line: Line, heading: str) -> str:
    """Points of a section, "" where a person has them to give and has not yet."""
    return f"{line.sections[heading][0]:g}" if heading in line.sections else ""


def _first_thing(release: Release, verdict: Verdict) -> str:
    if verdict.problem:
        return verdict.problem
    wrong = [case for case in verdict.cases if case.status is not Status.PASS]
    code = {cell.grade_id for cell in release.cells if cell.is_solution and cell.is_code}
    hindered = [reason for name, reason in verdict.hindrances.items() if name in code]
    if wrong and hindered:
        return hindered[0]
    if not wrong:
        return next(iter(verdict.limits_hit), "")
    return wrong[0].message.splitlines()[0] if wrong[0].message else ""


def table_as_json(assignment: str, lines: Sequence[Line], log_head: str) -> str:
    """The table for machines: one object with everybody in it. `score` is null where no grade was written."""
    students = [
        {
            "student": line.student,
            "status": line.status,
            "auto_points": line.recorded.auto_points if line.recorded else line.points,
            "auto_max_points": line.max_points,
            "auto_bonus_points": line.bonus,
            "score": line.recorded.score if line.recorded else None,
            "max_score": line.recorded.max_score if line.recorded else None,
            "manual_points": line.recorded.manual_points if line.recorded else None,
            "extra_credit": line.recorded.extra_credit if line.recorded else None,
            "late_penalty": line.recorded.late_penalty if line.recorded else None,
            "to_mark": line.recorded.needs_marking if line.recorded else None,
            "to_review": line.recorded.to_review if line.recorded else None,
            "sections": {name: {"points": got, "max_points": most} for name, (got, most) in line.sections.items()},
            "problem": line.problem,
        }
        for line in lines
    ]
    failed = sum(line.status == NOT_GRADED for line in lines)
    table = {"assignment": assignment, "graded": len(lines) - failed, "not_graded": failed, "log_head": log_head}
    return json.dumps({**table, "students": students}, ensure_ascii=False)


def write_csv(path: Path, lines: Sequence[Line]) -> None:
    """Write one row per student: points by section, marking still to do, status. Replaces the file in one step.

    `auto_points` are those that no person's score replaced, so that score = auto_points + manual_points + extra_credit
    - late_penalty, and at least 0; the sections add up to the score before the penalty.
    """
    headings = _headings(lines)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        [
            "student",
            "score",
            "max_score",
            "auto_points",
            "auto_max_points",
            "auto_bonus_points",
            "manual_points",
            "extra_credit",
            "late_penalty",
            "to_mark",
            "to_review",
            "status",
        ]
        + [f"points: {heading}" for heading in headings]
        + ["problem"]
    )
    for line in lines:
        recorded = line.recorded
        if recorded is None:
            numbers = [""] * 10
        else:
            numbers = [
                f"{number:g}"
                for number in (
                    recorded.score, recorded.max_score, recorded.auto_points, line.max_points, line.bonus,
                    recorded.manual_points, recorded.extra_credit, recorded.late_penalty, recorded.needs_marking,
                    recorded.to_review,
                )
            ]  # fmt: skip
        by_section = ["" if recorded is None else _points(line, heading) for heading in headings]
        writer.writerow([harmless(line.student), *numbers, line.status, *by_section, harmless(line.problem)])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, stream.getvalue())


def write_grades(course: Course, assignment: str, lines: Sequence[Line]) -> None:
    """Write the table of one assignment, and the same where the one that was graded last is looked for."""
    write_csv(course.grades_of(assignment), lines)
    if lines:  # where nobody has handed in, what was graded last is another assignment
        write_whole(course.grades_csv, course.grades_of(assignment).read_bytes())


# with what a reader may take off a field before it looks at the first character; a sign after a blank is as in "a, -1"
_FORMULA = re.compile(r'(^|[;,\t\r\n])(?=[\s"]*[=@＝＠]|(?:[\s"]*")?[+\-＋－\t\r])')


def harmless(text: str) -> str:
    """A csv field that no spreadsheet takes for a formula, at whatever separator it splits the line."""
    return _FORMULA.sub(r"\1'", text)
