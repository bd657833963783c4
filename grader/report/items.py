"""What the answers of a class say about each check: how hard it is, and whether it tells strong from weak."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..verdict import CaseResult, Status, Verdict

TOO_EASY = 0.98  # share of the points earned above which a check tells nobody apart
WEAK = 0.1  # item-rest correlation below which a check deserves a look


@dataclass(frozen=True, slots=True)
class Item:
    """One check over the class.

    `difficulty` is the share of its points that the class earned (1: everybody had it), `discrimination` the
    correlation between this check and the points of all other checks (None where either does not vary), `counts` how
    many students have which status, `statuses` those of the students asked for, None where one has no such case.
    """

    id: str
    title: str
    section: str
    max_points: float
    counts: dict[Status, int]
    statuses: tuple[Status | None, ...]
    difficulty: float
    discrimination: float | None

    @property
    def failing(self) -> float:
        """Share of the students who did not pass."""
        there = sum(self.counts.values())
        return 1 - self.counts.get(Status.PASS, 0) / there if there else 0.0

    @property
    def remark(self) -> str:
        """Why a person should look at this check, "" where there is no reason."""
        if self.discrimination is not None and self.discrimination < 0:
            return "those who do well elsewhere do worse here"
        if self.discrimination is not None and self.discrimination < WEAK:
            return "hardly related to the rest"
        if self.difficulty > TOO_EASY:
            return "almost everybody has it"
        if self.difficulty < 1 - TOO_EASY:
            return "almost nobody has it"
        return ""


_STATUSES = (None, *Status)
_CODES = {status: code for code, status in enumerate(_STATUSES)}


@dataclass(slots=True)
class _Column:
    """One check over the class, as the verdicts come: codes of statuses (0: no such case) and points by student."""

    first: CaseResult
    statuses: bytearray = field(default_factory=bytearray)
    points: array = field(default_factory=lambda: array("d"))
    max_points: float = 0.0  # of all students who have it

    def fill(self, length: int) -> None:
        """Nothing for the students up to `length` who have no such case."""
        missing = length - len(self.statuses)
        self.statuses.extend(bytes(missing))
        self.points.extend([0.0] * missing)


class Checks:
    """Takes verdicts, one student after the other, and keeps of each check nine bytes a student.

    They have to be of submissions that were graded and could be read.
    """

    def __init__(self) -> None:
        self._totals = array("d")
        self._columns: dict[str, _Column] = {}

    def add(self, verdict: Verdict) -> int:
        """Take a verdict and return its number, counted from 0."""
        number = len(self._totals)
        self._totals.append(verdict.points)
        for case in {case.id: case for case in verdict.cases}.values():
            column = self._columns.get(case.id)
            if column is None:
                column = self._columns[case.id] = _Column(case)
            column.fill(number)
            column.statuses.append(_CODES[case.status])
            column.points.append(case.points)
            column.max_points += case.max_points
        return number

    def items(self, sections: Mapping[str, str], shown: Sequence[int]) -> list[Item]:
        """Return one item per case, in the order of the notebook.

        `sections` gives the heading of each test cell, `shown` the verdicts whose statuses are wanted.
        """
        return [self._item(column, sections, shown) for column in self._columns.values()]

    def _item(self, column: _Column, sections: Mapping[str, str], shown: Sequence[int]) -> Item:
        column.fill(len(self._totals))
        points = zip(column.statuses, column.points, self._totals, strict=True)
        return Item(
            id=column.first.id,
            title=column.first.title,
            section=sections.get(column.first.cell, ""),
            max_points=column.first.max_points,
            counts={status: count for status in Status if (count := column.statuses.count(_CODES[status]))},
            statuses=tuple(_STATUSES[column.statuses[number]] for number in shown),
            difficulty=math.fsum(column.points) / column.max_points if column.max_points else 1.0,
            discrimination=correlation([(earned, total - earned) for there, earned, total in points if there]),
        )


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's r of pairs of numbers, None where one side does not vary."""
    if len(pairs) < 3:
        return None
    mean_x = math.fsum(x for x, _ in pairs) / len(pairs)
    mean_y = math.fsum(y for _, y in pairs) / len(pairs)
    xx = math.fsum((x - mean_x) ** 2 for x, _ in pairs)
    yy = math.fsum((y - mean_y) ** 2 for _, y in pairs)
    xy = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return xy / math.sqrt(xx * yy) if min(xx, yy) > 1e-12 else None
