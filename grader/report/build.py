"""The content of the report, without any HTML around it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..verdict import Status, Verdict
from .classroom import Classroom
from .figures import Bar, histogram
from .items import Item, analyse
from .likeness import Pair, alike

SLOWEST = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One student in the table, points as the gradebook has them (the verdict's where it has none)."""

    student: str
    score: float | None  # None: not graded
    penalty: float
    waiting: int
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
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the report shows. `rows` are sorted by score, lowest first, as the columns of the heat map are."""

    title: str
    language: str  # of titles and questions
    assignment: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]  # students of the heat map
    max_score: float
    not_graded: tuple[Group, ...]
    bars: tuple[Bar, ...]
    items: tuple[Item, ...]
    misconceptions: tuple[Group, ...]
    limits: tuple[Group, ...]
    repairs: tuple[Group, ...]
    pairs: tuple[Pair, ...]
    sandboxes: tuple[str, ...]

    @property
    def scores(self) -> list[float]:
        return [row.score for row in self.rows if row.score is not None]

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
    def slowest(self) -> list[Row]:
        return sorted(self.rows, key=lambda row: -row.seconds)[:SLOWEST]

    @property
    def median_seconds(self) -> float:
        return statistics.median(row.seconds for row in self.rows) if self.rows else 0.0


def build_report(classroom: Classroom) -> Report:
    """Gather the report of a class."""
    rows = sorted((_row(classroom, verdict) for verdict in classroom.verdicts), key=_rank)
    by_student = {verdict.student: verdict for verdict in classroom.verdicts}
    graded = [by_student[row.student] for row in rows if not by_student[row.student].infra]
    readable = [verdict for verdict in graded if not verdict.problem]
    scores = [row.score for row in rows if row.score is not None]
    most = max((_out_of(classroom, verdict) for verdict in graded), default=0.0)
    return Report(
        title=classroom.title,
        language=classroom.language,
        assignment=classroom.assignment,
        rows=tuple(rows),
        columns=tuple(verdict.student for verdict in readable),
        max_score=most,
        not_graded=_not_graded(classroom),
        bars=tuple(histogram(scores, most)),
        items=tuple(sorted(analyse(readable, classroom.sections), key=lambda item: item.difficulty)),
        misconceptions=_misconceptions(readable),
        limits=_grouped((case.message, verdict.student) for verdict in readable for case in verdict.cases
                        if case.status is Status.TIMEOUT),
        repairs=_grouped((line, verdict.student) for verdict in graded for line in verdict.repairs),
        pairs=tuple(alike(classroom.answers, classroom.released)),
        sandboxes=tuple(sorted({verdict.sandbox for verdict in classroom.verdicts})),
    )  # fmt: skip


def _row(classroom: Classroom, verdict: Verdict) -> Row:
    marks = classroom.marks.get(verdict.student)
    score = marks.score if marks else verdict.points
    return Row(
        student=verdict.student,
        score=None if verdict.infra else score,
        penalty=marks.late_penalty if marks else 0.0,
        waiting=marks.waiting if marks else 0,
        status=_status(verdict),
        failed=sum(case.status is not Status.PASS for case in verdict.cases),
        repairs=len(verdict.repairs),
        seconds=verdict.seconds.get("total", 0.0),
    )


def _out_of(classroom: Classroom, verdict: Verdict) -> float:
    marks = classroom.marks.get(verdict.student)
    return marks.out_of(verdict.bonus) if marks else verdict.max_points


def _rank(row: Row) -> tuple[float, str]:
    return (-1.0 if row.score is None else row.score, row.student)


def _status(verdict: Verdict) -> str:
    if verdict.infra:
        return "not graded"
    if verdict.problem:
        return "unreadable"
    if any(case.status is Status.TIMEOUT for case in verdict.cases):
        return "hit a limit"
    if all(case.status is Status.NOT_ATTEMPTED for case in verdict.cases):
        return "not attempted"
    return "graded"


def _not_graded(classroom: Classroom) -> tuple[Group, ...]:
    """First what we failed at, then what could not be read."""
    ours: list[tuple[str, str]] = [(problem, student) for student, problem in classroom.unreadable.items()]
    theirs = []
    for verdict in classroom.verdicts:
        if verdict.infra:
            ours.append((next(case.message for case in verdict.cases if case.status is Status.INFRA), verdict.student))
        elif verdict.problem:
            theirs.append((verdict.problem, verdict.student))
    named = [(group, "not graded") for group in _grouped(ours)] + [(group, "unreadable") for group in _grouped(theirs)]
    return tuple(Group(kind, group.name, group.students) for group, kind in named)


def _misconceptions(verdicts: Sequence[Verdict]) -> tuple[Group, ...]:
    """Diagnosed mistakes, most frequent first; '+' joins two that occur together, '|' two that cannot be told apart."""
    students: dict[str, dict[str, None]] = defaultdict(dict)
    cases: dict[str, dict[str, None]] = defaultdict(dict)
    hints: dict[str, str] = {}
    for verdict in verdicts:
        for case in verdict.cases:
            if case.misconception:
                students[case.misconception][verdict.student] = None
                cases[case.misconception][case.title] = None
                hints.setdefault(case.misconception, case.hint)
    groups = [
        Group(name.replace("+", " and ").replace("|", " or "), hints[name], tuple(sorted(who)), tuple(cases[name]))
        for name, who in students.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group.students), group.name)))


def _grouped(pairs: Iterable[tuple[str, str]]) -> tuple[Group, ...]:
    """Group (text, student) by text, most frequent first."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for text, student in pairs:
        found[text][student] = None
    groups = [Group(text, "", tuple(sorted(students))) for text, students in found.items()]
    return tuple(sorted(groups, key=lambda group: (-len(group.students), group.name)))
