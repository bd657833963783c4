"""What the grades of wrong and right solutions say about the cases: the data side of `make audit`.

Wrong solutions are files in `solutions/NAME/mutants/`, right ones in other styles in `variants/`; each has one or more
of the assignment's functions, and what it lacks is the reference's. A wrong one begins with three lines: a docstring
(what is wrong, and where it was seen), `# kind: eps`, and `# diagnosed as: eps-outside-root`. The kind is a word of the
author's: a mistake of the kinds in BROAD may cost any number of cases, a slip of any other kind at most MOST_LOST.
Diagnosed as are the misconceptions that a diagnosis should name, or "nothing". Nothing here runs a solution.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .fill import read_solution
from .verdict import CaseResult

BROAD = ("formula", "composition")
MOST_SHOWN = 6  # cases in a line of the table; the matrix has them all
MOST_LOST = 2  # hidden cases that a single small mistake may cost

_HEADER = re.compile(r'"""(?P<doc>[^\n]+?)"""\n# kind: (?P<kind>[\w-]+)\n# diagnosed as: (?P<ids>[\w, -]+)\n')


@dataclass(frozen=True, slots=True)
class Solution:
    """A Python file with one or more of the assignment's functions; what it lacks is the reference's.

    `misconceptions` are the ids a diagnosis should give, empty where none can be given and for right solutions, whose
    `kind` is "variant".
    """

    name: str
    doc: str
    kind: str
    misconceptions: frozenset[str]
    source: str


Results = Mapping[str, CaseResult]
"""The results of one solution, by case id."""


def wrong_solutions(secret: Path) -> list[Solution]:
    """Those of `solutions/NAME`, by name. Raises ValueError for a file without the three header lines."""
    return [_mutant(path) for path in sorted((secret / "mutants").glob("*.py"))]


def _mutant(path: Path) -> Solution:
    source = read_solution(path)
    header = _HEADER.match(source)
    if header is None:
        raise ValueError(f"{path.name}: the first lines must be a docstring, '# kind: ...' and '# diagnosed as: ...'")
    ids = frozenset(name.strip() for name in header["ids"].split(",")) - {"nothing"}
    return Solution(path.stem, header["doc"], header["kind"], ids, source)


def right_solutions(secret: Path) -> list[Solution]:
    """Those in other styles than the reference, by name."""
    found = []
    for path in sorted((secret / "variants").glob("*.py")):
        source = read_solution(path)
        found.append(Solution(path.stem, source.split('"""')[1].strip(), "variant", frozenset(), source))
    return found


def lost(results: Results) -> list[str]:
    """Ids of the cases that a solution loses by its own fault. BLOCKED ones are the fault of the case they name."""
    return [case for case, result in results.items() if result.status not in ("PASS", "BLOCKED")]


def named(results: Results) -> list[frozenset[str]]:
    """The misconceptions named, one set per diagnosed case. "a+b" is a pair, "a|b" says either."""
    said = (result.misconception for result in results.values())
    return [frozenset(re.split(r"[+|]", text)) for text in said if text]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the grades of one wrong solution say. `verdict` is "right", "wrong", "missing" or "nothing to name"."""

    name: str
    kind: str
    rejected: bool
    lost: tuple[str, ...]
    blocked: tuple[str, ...]
    points_lost: float
    diagnosis: str
    stray: frozenset[str]


def finding(solution: Solution, results: Results, points: Mapping[str, float]) -> Finding:
    """`points` are the points each case is worth, by id.

    Diagnosis is "right" where each of the solution's own misconceptions is named by some case, "partly" where only
    some are. It is "wrong" where a case names misconceptions of which none is the solution's own: `stray` has them.
    """
    said = named(results)
    stray = frozenset().union(*(ids for ids in said if not ids & solution.misconceptions))
    own = frozenset().union(*said) & solution.misconceptions
    if stray:
        diagnosis = "wrong"
    elif not solution.misconceptions:
        diagnosis = "nothing to name"
    else:
        diagnosis = "right" if own == solution.misconceptions else "partly" if own else "missing"
    return Finding(
        name=solution.name,
        kind=solution.kind,
        rejected=any(result.status != "PASS" for result in results.values()),
        lost=tuple(lost(results)),
        blocked=tuple(case for case, result in results.items() if result.status == "BLOCKED"),
        points_lost=math.fsum(points[case] - result.points for case, result in results.items()),
        diagnosis=diagnosis,
        stray=stray,
    )


def table(findings: Sequence[Finding]) -> list[str]:
    """A line per wrong solution: points lost, diagnosis, and the cases lost (blocked ones in brackets)."""
    width = max((len(found.name) for found in findings), default=0)
    lines = []
    for found in findings:
        cases = [*map(_short, found.lost), *(f"({_short(case)})" for case in found.blocked)]
        shown = [*cases[:MOST_SHOWN], *([f"and {len(cases) - MOST_SHOWN} more"] if len(cases) > MOST_SHOWN else [])]
        lines.append(f"{found.name:{width}}  {found.points_lost:5.2f}  {found.diagnosis:15}  {' '.join(shown)}")
    return lines


def matrix(findings: Sequence[Finding], case_ids: Sequence[str]) -> list[str]:
    """Mistake x case: `x` lost, `b` blocked, `.` passed. Columns are numbered; the key stands first."""
    width = max((len(found.name) for found in findings), default=0)
    key = [f"{number:3}  {case}" for number, case in enumerate(case_ids, start=1)]
    head = " " * width + "  " + "".join(str(number % 10) for number in range(1, len(case_ids) + 1))
    rows = []
    for found in findings:
        gone, blocked = set(found.lost), set(found.blocked)
        marks = "".join("x" if case in gone else "b" if case in blocked else "." for case in case_ids)
        rows.append(f"{found.name:{width}}  {marks}  {len(found.lost)}")
    return [*key, "", head, *rows]


def _short(case: str) -> str:
    cell, _, slug = case.partition("/")
    return f"{cell.removesuffix('_hidden')}/{slug}"


def too_expensive(findings: Iterable[Finding]) -> list[Finding]:
    """Single small mistakes that cost more than MOST_LOST cases."""
    return [found for found in findings if found.kind not in BROAD and len(found.lost) > MOST_LOST]


def diagnosis_line(findings: Sequence[Finding]) -> str:
    nameable = [found for found in findings if found.diagnosis != "nothing to name"]
    right = sum(found.diagnosis == "right" for found in nameable)
    partly = sum(found.diagnosis == "partly" for found in nameable)
    wrong = sum(found.diagnosis == "wrong" for found in findings)
    return (
        f"diagnosis: {right} of {len(nameable)} mistakes named, {partly} in part, {wrong} named wrongly, "
        f"{len(findings) - len(nameable)} without a name"
    )


def last_line(findings: Sequence[Finding], full_marks: Sequence[bool]) -> str:
    """`full_marks` has one entry per right solution."""
    rejected = sum(found.rejected for found in findings)
    median = statistics.median(found.points_lost for found in findings) if findings else 0.0
    return (
        f"audit: {rejected} of {len(findings)} wrong solutions rejected, {sum(full_marks)} of {len(full_marks)} "
        f"correct variants at full marks, median {median:g} points lost per mistake"
    )
