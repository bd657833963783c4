"""The content of the report, without any HTML around it: what each submission adds to it, and what comes of them all.

A class may have a hundred thousand students, so no verdict is kept.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from ..summary import status_of
from ..verdict import Status, Verdict
from .classroom import Classroom
from .figures import Bar, histogram
from .items import Checks, Item
from .likeness import Likeness, Pair

SLOWEST = 10
COLUMNS = 2_000  # of the heat map, at most; a screen shows fewer
LISTED = 10_000  # rows of the table of students, at most; a browser still sorts them


@dataclass(frozen=True, slots=True)
class Row:
    """One student in the table, points as the gradebook has them (the verdict's where it has none)."""

    student: str
    score: float | None  # None: not graded
    penalty: float
    waiting: int
    to_review: int
    status: str
    failed: int
    repairs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Group:
    """Something that several students have in common: a misconception, a repair, a limit that was hit."""

    name: str
    detail: str
    students: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the report shows. `rows` are sorted by score, lowest first, as the columns of the heat map are.

    The map has a column for one in `every` students.
    """

    title: str
    language: str  # of titles and questions
    assignment: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]  # students of the heat map
    every: int
    max_score: float
    look_at: tuple[Group, ...]  # not graded, unreadable, graded without a sandbox
    bars: tuple[Bar, ...]
    items: tuple[Item, ...]
    misconceptions: tuple[Group, ...]
    limits: tuple[Group, ...]
    hindrances: tuple[Group, ...]
    repairs: tuple[Group, ...]
    pairs: tuple[Pair, ...]

    @property
    def listed(self) -> tuple[Row, ...]:
        """Rows of the table of students."""
        return self.rows[:LISTED]

    @property
    def scores(self) -> list[float]:
        return [row.score for row in self.rows if row.score is not None]

    def count(self, status: str) -> int:
        """Submissions that the grader failed on ("not graded") or could not read ("unreadable")."""
        return len({student for group in self.look_at if group.name == status for student in group.students})

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        return tuple(statistics.quantiles(self.scores, n=4)) if len(self.scores) > 1 else None

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def waiting(self) -> int:
        """Students with answers that a person still has to mark."""
        return sum(row.waiting > 0 for row in self.rows)

    @property
    def to_review(self) -> int:
        """Students with marks by hand for an earlier submission."""
        return sum(row.to_review > 0 for row in self.rows)

    @property
    def slowest(self) -> list[Row]:
        return sorted(self.rows, key=lambda row: -row.seconds)[:SLOWEST]

    @property
    def median_seconds(self) -> float:
        return statistics.median(row.seconds for row in self.rows) if self.rows else 0.0


def build_report(classroom: Classroom) -> Report:
    """Gather the report of a class."""
    rows, number, most = [], {}, 0.0
    checks, likeness = Checks(), Likeness(classroom.released)
    ours, theirs, unprotected, limits, hindrances, repairs, misconceptions = (_Groups() for _ in range(7))
    for submission in classroom.submissions:
        student, verdict = submission.student, submission.verdict
        if verdict is None:
            ours.add(submission.damage, student)
            continue
        rows.append(_row(classroom, verdict))
        if verdict.sandbox.startswith("NONE"):
            unprotected.add(verdict.sandbox, student)
        if submission.answers is not None:
            likeness.add(student, submission.answers)
        if verdict.infra:
            ours.add(next(case.message for case in verdict.cases if case.status is Status.INFRA), student)
            continue
        most = max(most, _out_of(classroom, verdict))
        for line in verdict.repairs:
            repairs.add(line, student)
        if verdict.problem:
            theirs.add(verdict.problem, student)
            continue
        number[student] = checks.add(verdict)
        for line in verdict.limits_hit:
            limits.add(line, student)
        for line in verdict.hindrances.values():
            hindrances.add(line, student)
        for case in verdict.cases:
            if case.status is Status.TIMEOUT and not verdict.limits_hit:
                limits.add(case.message, student)  # an earlier version said it there alone
            if case.misconception:  # '+' joins two that occur together, '|' two that cannot be told apart
                name = case.misconception.replace("+", " and ").replace("|", " or ")
                misconceptions.add(name, student, detail=case.hint)
    rows.sort(key=_rank)
    columns = [row.student for row in rows if row.student in number]
    every = max(1, math.ceil(len(columns) / COLUMNS))
    items = checks.items(classroom.sections, [number[student] for student in columns[::every]])
    return Report(
        title=classroom.title,
        language=classroom.language,
        assignment=classroom.assignment,
        rows=tuple(rows),
        columns=tuple(columns[::every]),
        every=every,
        max_score=most,
        look_at=(*ours.named("not graded"), *theirs.named("unreadable"), *unprotected.named("no sandbox")),
        bars=tuple(histogram([row.score for row in rows if row.score is not None], most)),
        items=tuple(sorted(items, key=lambda item: item.difficulty)),
        misconceptions=misconceptions.found(),
        limits=limits.found(),
        hindrances=hindrances.found(),
        repairs=repairs.found(),
        pairs=tuple(likeness.pairs()),
    )


class _Groups:
    """Students by what they have in common, each of them once."""

    def __init__(self) -> None:
        self._students: dict[str, dict[str, None]] = {}
        self._details: dict[str, str] = {}

    def add(self, name: str, student: str, detail: str = "") -> None:
        self._students.setdefault(name, {})[student] = None
        self._details.setdefault(name, detail)

    def found(self) -> tuple[Group, ...]:
        """The groups, most students first."""
        groups = [Group(name, self._details[name], tuple(sorted(who))) for name, who in self._students.items()]
        return tuple(sorted(groups, key=lambda group: (-len(group.students), group.name)))

    def named(self, kind: str) -> Iterator[Group]:
        """The same under the name of what they all are; what they have in common becomes the detail."""
        return (Group(kind, group.name, group.students) for group in self.found())


def _row(classroom: Classroom, verdict: Verdict) -> Row:
    marks = classroom.marks.get(verdict.student)
    score = marks.score if marks else verdict.points
    return Row(
        student=verdict.student,
        score=None if verdict.infra else score,
        penalty=marks.late_penalty if marks else 0.0,
        waiting=marks.waiting if marks else 0,
        to_review=marks.to_review if marks else 0,
        status=status_of(verdict).lower(),
        failed=sum(case.status is not Status.PASS for case in verdict.cases),
        repairs=len(verdict.repairs),
        seconds=verdict.seconds.get("total", 0.0),
    )


def _out_of(classroom: Classroom, verdict: Verdict) -> float:
    marks = classroom.marks.get(verdict.student)
    return marks.out_of(verdict.bonus) if marks else verdict.max_points


def _rank(row: Row) -> tuple[float, str]:
    return (-1.0 if row.score is None else row.score, row.student)
