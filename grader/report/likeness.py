"""Pairs of answers that are built alike. A place to look, never a proof: short tasks have few good answers.

Each answer becomes the sequence of its syntax, with the student's own names, comments, layout and docstrings gone and
the release's own lines left out. Runs of that sequence that many share say nothing; two students are put side by side
where they share most of what few others have.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

RUN = 10  # steps of syntax in one run: about one statement of arithmetic
COMMON_SHARE, COMMON_LEAST, COMMON_MOST = 0.1, 3, 40  # a run that more students than this have is nobody's
ENOUGH = 12  # rare runs that a pair has to share
ALIKE = 0.6  # share of the smaller answer's rare runs from which a pair is shown
SHOWN = 50
MAX_PARSED = 20_000  # characters of one cell; the effort grows with statements times the length of their lines


@dataclass(frozen=True, slots=True)
class Pair:
    """Two students, the share of rare runs in common (of the one who has fewer), and how many those are."""

    first: str
    second: str
    share: float
    runs: int
    same_text: bool


def alike(answers: Mapping[str, list[str]], released: Iterable[str]) -> list[Pair]:
    """Return the most alike pairs first. `answers` are each student's cells, `released` the cells as handed out."""
    handed_out = frozenset(released)
    known = {text for source in handed_out for text in _statements(source)}
    runs = {
        student: _runs([source for source in sources if source not in handed_out], known)
        for student, sources in answers.items()
    }
    counts = Counter(run for found in runs.values() for run in found)
    common = min(max(COMMON_LEAST, COMMON_SHARE * len(runs)), COMMON_MOST)
    holders: dict[int, list[str]] = defaultdict(list)
    rare: Counter[str] = Counter()
    for student, found in runs.items():
        for run in found:
            if counts[run] <= common:
                rare[student] += 1
                holders[run].append(student)
    shared = Counter(pair for students in holders.values() for pair in combinations(students, 2))
    pairs = [
        Pair(first, second, count / min(rare[first], rare[second]), count, _same_text(answers[first], answers[second]))
        for (first, second), count in shared.items()
        if count >= ENOUGH and count >= ALIKE * min(rare[first], rare[second])
    ]
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.runs, pair.first, pair.second))[:SHOWN]


def _same_text(first: list[str], second: list[str]) -> bool:
    return [source.split() for source in first] == [source.split() for source in second]


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


def _runs(sources: list[str], known: set[str]) -> set[int]:
    """Hashes of all runs of RUN steps. Functions do not run into each other."""
    found: set[int] = set()
    for source in sources:
        tree = _parse(source)
        if tree is None:
            continue
        try:
            steps = list(_steps(tree, source.splitlines(), known))
        except RecursionError:
            continue
        found.update(hash(tuple(steps[start : start + RUN])) for start in range(len(steps) - RUN + 1))
    return found


def _steps(node: ast.AST, lines: list[str], known: set[str]) -> Iterator[str]:
    """The syntax below `node`, depth first: kinds of nodes, operators, attributes, constants; any name is 'name'."""
    if isinstance(node, ast.stmt) and (_is_docstring(node) or _text(node, lines) in known):
        return
    if isinstance(node, ast.Name | ast.arg):
        yield "name"
    elif isinstance(node, ast.Constant):
        yield _constant(node.value)
    else:
        yield type(node).__name__
    if isinstance(node, ast.Attribute):
        yield node.attr
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr_context):
            yield from _steps(child, lines, known)


def _constant(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # a whole number of more digits than Python says
        return type(value).__name__


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
