"""Pairs of answers that are built alike. A place to look, never a proof: short tasks have few good answers.

Each answer becomes the sequence of its syntax, with the student's own names, comments, layout and docstrings gone and
the release's own lines left out. Runs of that sequence that many share say nothing; two students are put side by side
where they share most of what few others have.

A run is kept as a number of eight bytes, and pairs are counted for a few hundred students at a time: the memory for a
student stays what it is however large the class.
"""

from __future__ import annotations

import ast
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

RUN = 10  # steps of syntax in one run: about one statement of arithmetic
COMMON_SHARE, COMMON_LEAST, COMMON_MOST = 0.1, 3, 40  # a run that more students than this have is nobody's
ENOUGH = 12  # rare runs that a pair has to share
ALIKE = 0.6  # share of the smaller answer's rare runs from which a pair is shown
SHOWN = 50
BLOCK = 256  # students whose pairs are counted at a time
PARTS = 64  # that the runs of the class are sorted in, a power of two
MAX_PARSED = 20_000  # characters of one cell; the effort grows with statements times the length of their lines


@dataclass(frozen=True, slots=True)
class Pair:
    """Two students, the share of rare runs in common (of the one who has fewer), and how many those are."""

    first: str
    second: str
    share: float
    runs: int
    same_text: bool


class Likeness:
    """Takes the answers of a class, one student after the other. `released` are the cells as handed out."""

    def __init__(self, released: Iterable[str]) -> None:
        self._handed_out = frozenset(released)
        self._known = {text for source in self._handed_out for text in _statements(source)}
        self._students: list[str] = []
        self._runs = array("q")  # of all students, one student's after the other's
        self._counts = array("q")  # how many of them each student has
        self._texts = array("q")  # what tells a student's text, without white space, from another's

    def add(self, student: str, sources: Sequence[str]) -> None:
        """Take a student's cells."""
        words = [source.split() for source in sources]
        runs = _runs([source for source in sources if source not in self._handed_out], self._known)
        self._students.append(student)
        self._runs.extend(runs)
        self._counts.append(len(runs))
        self._texts.append(hash(tuple(map(tuple, words))))

    def pairs(self) -> list[Pair]:
        """Return the most alike pairs, first those that share most."""
        number = len(self._students)
        holders, sizes = self._rare(min(max(COMMON_LEAST, COMMON_SHARE * number), COMMON_MOST))
        rare = np.bincount(holders, minlength=number)
        found = (
            Pair(
                self._students[first],
                self._students[second],
                runs / min(int(rare[first]), int(rare[second])),
                runs,
                self._texts[first] == self._texts[second],
            )
            for first, second, runs in _in_common(holders, sizes, rare)
        )
        return nsmallest(SHOWN, found, key=lambda pair: (-pair.share, -pair.runs, pair.first, pair.second))

    def _rare(self, most: float) -> tuple[np.ndarray, np.ndarray]:
        """Of every run that at most `most` students have: those students' numbers, and how many they are."""
        runs = np.frombuffer(self._runs, np.int64)
        ends = np.cumsum(self._counts)  # of each student's runs
        part_of = runs.astype(np.int8) & (PARTS - 1)
        holders, sizes = [], []
        for part in range(PARTS):  # each a small part of the memory that sorting takes
            chosen = np.flatnonzero(part_of == part)
            owners = np.searchsorted(ends, chosen, side="right").astype(np.uint32)
            size = np.unique(runs[chosen], return_counts=True)[1]
            order = np.argsort(runs[chosen], kind="stable")
            holders.append(owners[order[np.repeat(size <= most, size)]])
            sizes.append(size[size <= most])
        return np.concatenate(holders), np.concatenate(sizes)


def _in_common(holders: np.ndarray, sizes: np.ndarray, rare: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield (one student, other student, rare runs in common) of each pair that has enough of them.

    `holders` has the students of one run after the other, ascending; `sizes` how many each run has, `rare` how many
    rare runs each student has.
    """
    several = sizes > 1
    holders, sizes = holders[np.repeat(several, sizes)], sizes[several]
    ends = np.repeat(np.cumsum(sizes), sizes)  # where the run of each holder ends
    for start in range(0, len(rare), BLOCK):
        mine = np.flatnonzero((holders >= start) & (holders < start + BLOCK))
        behind = ends[mine] - mine - 1  # how many have the same run and come after this holder
        first = np.repeat(holders[mine], behind).astype(np.int64)
        before = np.repeat(np.cumsum(behind) - behind, behind)
        second = holders[np.repeat(mine + 1, behind) + np.arange(len(first)) - before]
        pair, runs = np.unique(first * len(rare) + second, return_counts=True)
        first, second = np.divmod(pair, len(rare))
        enough = (runs >= ENOUGH) & (runs >= ALIKE * np.minimum(rare[first], rare[second]))
        yield from zip(first[enough].tolist(), second[enough].tolist(), runs[enough].tolist(), strict=True)


def _parse(source: str) -> ast.Module | None:
    if len(source) > MAX_PARSED:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(source: str) -> Iterator[str]:
    tree, lines = _parse(source), source.splitlines()
    if tree is not None:
        yield from (_text(node, lines) for node in ast.walk(tree) if isinstance(node, ast.stmt))


def _text(statement: ast.stmt, lines: list[str]) -> str:
    """The lines of a statement without any white space."""
    return "".join("".join(lines[statement.lineno - 1 : statement.end_lineno]).split())


def _runs(sources: Iterable[str], known: set[str]) -> set[int]:
    """Hashes of all runs of RUN steps. Functions do not run into each other."""
    found: set[int] = set()
    for source in sources:
        tree = _parse(source)
        if tree is None:
            continue
        steps: list[str] = []
        try:
            _add_steps(steps, tree, source.splitlines(), known)
        except RecursionError:
            continue
        found.update(hash(tuple(steps[start : start + RUN])) for start in range(len(steps) - RUN + 1))
    return found


_NAMES = (ast.Name, ast.arg)


def _add_steps(steps: list[str], node: ast.AST, lines: list[str], known: set[str]) -> None:
    """Add the syntax below `node`, depth first: kinds, operators, attributes, constants; names are all 'name'."""
    if isinstance(node, ast.stmt) and (_is_docstring(node) or _text(node, lines) in known):
        return
    if isinstance(node, _NAMES):
        steps.append("name")
    elif isinstance(node, ast.Constant):
        steps.append(_constant(node.value))
    else:
        steps.append(type(node).__name__)
    if isinstance(node, ast.Attribute):
        steps.append(node.attr)
    for name in node._fields:  # as ast.iter_child_nodes, which takes three times as long
        value = getattr(node, name, None)
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                _add_steps(steps, child, lines, known)


def _constant(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # a whole number of more digits than Python says
        return type(value).__name__


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
