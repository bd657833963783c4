"""Cases whose answers are plain numbers: `short_answers_hidden` (4 points) and `bonus_bug_hunt` (2 points)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from grader.checking import Case, CaseFailed, Student
from solutions.batchnorm.calls import once
from solutions.batchnorm.cases_forward import case
from solutions.batchnorm.judging import question
from solutions.batchnorm.reading import kind_of, real_array, say, shown, values_returned, wrong

SHORT = "short_answers_hidden"
HUNT = "bonus_bug_hunt"
WRONG_LINES = frozenset({2, 5, 10, 18, 23, 27, 32, 39})
MOST_NUMBERS = 1_000  # of an answer that are looked at; a set of 20,000 with equal hashes takes ten seconds


@dataclass(frozen=True)
class Short:
    """A number that is asked for, how far an answer may be from it, and what misconceptions give instead."""

    name: str
    value: float
    allowed: float
    beliefs: Mapping[str, float] = field(default_factory=dict)


ASKED = (
    Short("bias_gradient", 0.0, 1e-12),
    Short(
        "constant_feature",
        0.01 / math.sqrt(1e-5),
        0.01 * 0.01 / math.sqrt(1e-5),
        {"short-eps-outside-root": 1000.0, "short-constant-stays": 0.0},
    ),
    Short("folded_weight", 6.0, 1e-3, {"fold-no-square-root": 12.0, "fold-gamma-missing": 3.0}),
    Short("folded_bias", -9.0, 1e-3, {"fold-mean-missing": 3.0, "fold-beta-missing": -10.0}),
)
NAMES = tuple(asked.name for asked in ASKED)


def short_answer(asked: Short, student: Student) -> None:
    result = once(student, "short_answers", student["short_answers"])
    if isinstance(result, np.ndarray) and result.ndim == 1 and len(result) <= MOST_NUMBERS:
        result = tuple(result)
    answers = dict(zip(NAMES, values_returned("short_answers", result, NAMES), strict=True))
    got = float(real_array(asked.name, answers[asked.name], ()))
    if abs(got - asked.value) <= asked.allowed:
        return
    names = [(name,) for name, value in asked.beliefs.items() if abs(got - value) <= max(asked.allowed, 1e-3)]
    value = shown(got)
    raise CaseFailed(
        say("short_wrong", name=asked.name, got=value),
        hint=question(names),
        misconception="|".join(name for (name,) in names) or None,
        where=asked.name,
        got=value,
    )


def lines_named(result: Any) -> frozenset[int]:
    """The whole numbers in what `bug_hunt` returned. Raises CaseFailed for anything else."""
    if result is None:
        raise wrong("returned_none", "nothing-returned", function="bug_hunt")
    if not (isinstance(result, tuple | list) or (isinstance(result, np.ndarray) and result.ndim == 1)):
        raise wrong("not_lines", kind=kind_of(result))
    if len(result) > MOST_NUMBERS:
        raise wrong("many_lines", count=len(result), most=MOST_NUMBERS)
    for number in result.tolist() if isinstance(result, np.ndarray) else result:
        if isinstance(number, bool | np.timedelta64) or not isinstance(number, int | float | np.integer | np.floating):
            raise wrong("not_line", kind=kind_of(number))
        whole = isinstance(number, int | np.integer)  # of any size: one of 400 digits does not fit a float
        if not whole and (not math.isfinite(number) or number != round(number)):
            raise wrong("not_whole_line", got=shown(number))
    return frozenset(int(number) for number in result)


def hunt(least: int, student: Student) -> None:
    """Pass where at least `least` wrong lines are named, one less for every other line that is named.

    Each of the eight cases pays a quarter of a point, so together they pay what the notebook says: a quarter for each
    line found, minus a quarter for each false alarm, never below zero.
    """
    named = lines_named(once(student, "bug_hunt", student["bug_hunt"]))
    found, other = len(named & WRONG_LINES), len(named - WRONG_LINES)
    if found - other < least:
        few = "hunt-too-few" if found < len(WRONG_LINES) else None
        raise wrong("hunted", "hunt-false-alarm" if other else few, found=found, other=other)


def make() -> list[Case]:
    return [case(SHORT, asked.name, 1.0, partial(short_answer, asked)) for asked in ASKED]


def make_hunt() -> list[Case]:
    return [case(HUNT, f"lines_{n}", 0.25, partial(hunt, n)) for n in range(1, len(WRONG_LINES) + 1)]
