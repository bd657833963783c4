"""The report's pictures as plain numbers for SVG: the histogram of scores, and one strip of the heat map per check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ..verdict import Status

BINS = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram: from `low` to `high` points, `count` students, `share` of the tallest bar (0 to 1)."""

    low: float
    high: float
    count: int
    share: float


def histogram(scores: Sequence[float], most: float) -> list[Bar]:
    """Count scores in equal bins from 0 to `most` points; full marks belong to the last bin, bonus points too."""
    most = max(most, 1e-9)
    counts = [0] * BINS
    for score in scores:
        counts[min(max(int(BINS * score / most), 0), BINS - 1)] += 1
    tallest = max(counts, default=0) or 1
    width = most / BINS
    return [Bar(number * width, (number + 1) * width, count, count / tallest) for number, count in enumerate(counts)]


def strip(statuses: Sequence[Status | None]) -> dict[str, str]:
    """{status: SVG path} of one row of the heat map, one unit per student; equal neighbours are drawn as one stroke."""
    paths: dict[str, list[str]] = {}
    start = 0
    for status, run in groupby(statuses):
        length = sum(1 for _ in run)
        if status is not None:
            paths.setdefault(status.value, []).append(f"M{start} .5h{length}")
        start += length
    return {status: "".join(parts) for status, parts in paths.items()}
