"""Which answers are put side by side, and which are not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations

import pytest

from grader.report import likeness
from grader.report.likeness import Likeness, Pair

RELEASED = ["def f(x):\n    '''Twice x, the long way round.'''\n    raise NotImplementedError('f is not written yet')"]

ODD = """def f(x, k=3):
    # my own way
    total = [value ** 2 + k for value in x if value % 7 != 1]
    total.sort(key=lambda pair: -pair)
    while len(total) > 5 and total[0] > total[-1] * k:
        total = total[1:] + [sum(total) / max(len(total), 1)]
    return {"sum": sum(total), "most": max(total, default=None)}
"""
RENAMED = (
    ODD.replace("total", "acc").replace("value", "v").replace("pair", "p").replace("# my own way", "# written by me")
    .replace("    acc.sort", "\n    acc.sort")
)  # fmt: skip


def alike(answers: Mapping[str, list[str]], released: Iterable[str]) -> list[Pair]:
    found = Likeness(released)
    for student, sources in answers.items():
        found.add(student, sources)
    return found.pairs()


def usual(number: int) -> str:
    """An answer of its own: a few random statements."""
    draw = random.Random(number)  # noqa: S311  (nothing secret)
    operators = ["+", "-", "*", "/", "//", "%"]
    lines = [
        f"    a = ({draw.randint(0, 99)} {draw.choice(operators)} x) {draw.choice(operators)} {draw.randint(0, 99)}"
        for _ in range(12)
    ]
    return "def f(x):\n" + "\n".join(lines) + "\n    return a"


def test_renamed_copy_is_found_in_a_class() -> None:
    """Are two answers that differ in names, comments and layout put side by side, and nobody else?"""
    answers = {f"s{number}": [usual(number)] for number in range(60)} | {"one": [ODD], "two": [RENAMED]}
    (pair,) = alike(answers, RELEASED)
    assert (pair.first, pair.second, pair.share, pair.same_text) == ("one", "two", 1.0, False)


def test_same_text_is_said_to_be_the_same() -> None:
    """Is a copy to the letter told from a renamed one?"""
    answers = {f"s{number}": [usual(number)] for number in range(20)} | {"one": [ODD], "two": [ODD]}
    assert [pair.same_text for pair in alike(answers, RELEASED)] == [True]


def test_what_was_handed_out_counts_for_nobody() -> None:
    """Do two untouched stubs, or two students who kept the given lines, stand out?"""
    given = [*RELEASED, ODD]
    answers = {"one": [ODD], "two": [ODD], "three": RELEASED, "four": RELEASED}
    assert alike(answers, given) == []


def test_what_many_share_counts_for_nobody() -> None:
    """Is the answer that half the class gives no reason to look?"""
    answers = {f"s{number}": [ODD] for number in range(30)} | {f"t{number}": [usual(number)] for number in range(30)}
    assert alike(answers, RELEASED) == []


def test_broken_and_endless_code_breaks_nothing() -> None:
    """Does code that cannot be parsed, or nests without end, stop the report?"""
    answers = {"broken": ["def f(:"], "deep": ["x = " + "-" * 3000 + "1"], "nul": ["\0"], "one": [ODD], "two": [ODD]}
    assert [(pair.first, pair.second) for pair in alike(answers, RELEASED)] == [("one", "two")]


def test_code_made_to_be_slow_or_unreadable_stops_nothing() -> None:
    """Can one answer keep the report of the class from being made: a huge number, a hundred thousand statements?"""
    answers = {"one": [ODD], "two": [RENAMED], "number": ["x = 0x" + "f" * 10_000], "line": ["a=1;" * 100_000]}
    assert [pair.first for pair in alike(answers, RELEASED)] == ["one"]


def test_pairs_of_a_large_class_are_those_that_counting_each_pair_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Are pairs found whichever students they are, when they are counted for three students at a time?"""
    monkeypatch.setattr(likeness, "BLOCK", 3)
    draw = random.Random(5)  # noqa: S311  (nothing secret)
    own = [usual(number) for number in range(20)]
    answers = {f"s{number:02}": [usual(number), draw.choice(own), draw.choice(own)] for number in range(50)}
    runs = {student: likeness._runs(sources, set()) for student, sources in answers.items()}
    held = Counter(run for found in runs.values() for run in found)
    rare = {student: {run for run in found if held[run] <= 5} for student, found in runs.items()}
    expected = {
        (first, second, len(rare[first] & rare[second]))
        for first, second in combinations(answers, 2)
        if len(rare[first] & rare[second]) >= max(12, 0.6 * min(len(rare[first]), len(rare[second])))
    }
    assert len(expected) in range(5, likeness.SHOWN)
    assert {(pair.first, pair.second, pair.runs) for pair in alike(answers, [])} == expected
