"""What the answers of a class say about each check: how hard it is, and whether it tells strong from weak."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..verdict import CaseResult, Status, Verdict

TOO_EASY = 0.98  # share of the points earned above which a check tells nobody apart
WEAK = 0.1  # item-rest correlation below which a check deserves a look


@dataclass(frozen=True, slots=True)
class Item:
    """One check over the class.

    `difficulty` is the share of its points that the class earned (1: everybody had it), `discrimination` the
    correlation between this check and the points of all other checks (None where either does not vary), `statuses`
    one per student in the order that was given, None where a student has no such case.
    """

    id: str
    title: str
    section: str
    max_points: float
    statuses: tuple[Status | None, ...]
    difficulty: float
    discrimination: float | None

    @property
    def counts(self) -> Counter[Status]:
        return Counter(status for status in self.statuses if status is not None)

    @property
    def failing(self) -> float:
        """Share of the students who did not pass."""
        there = sum(self.counts.values())
        return 1 - self.counts[Status.PASS] / there if there else 0.0

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


def analyse(verdicts: Sequence[Verdict], sections: dict[str, str]) -> list[Item]:
    """Return one item per case, in the order of the notebook.

    `verdicts` are those that were graded and could be read; `sections` gives the heading of each test cell.
    """
    by_student = [{case.id: case for case in verdict.cases} for verdict in verdicts]
    ids = dict.fromkeys(case.id for cases in by_student for case in cases.values())
    totals = [verdict.points for verdict in verdicts]
    return [_item(case_id, [cases.get(case_id) for cases in by_student], totals, sections) for case_id in ids]


def _item(case_id: str, cases: list[CaseResult | None], totals: list[float], sections: dict[str, str]) -> Item:
    there = [case for case in cases if case is not None]
    pairs = [(case.points, total - case.points) for case, total in zip(cases, totals, strict=True) if case is not None]
    most = math.fsum(case.max_points for case in there)
    return Item(
        id=case_id,
        title=there[0].title,
        section=sections.get(there[0].cell, ""),
        max_points=there[0].max_points,
        statuses=tuple(None if case is None else case.status for case in cases),
        difficulty=math.fsum(case.points for case in there) / most if most else 1.0,
        discrimination=correlation(pairs),
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
