"""The wrong and the right solutions that prove the cases, for the scripts and tests of this assignment."""

from __future__ import annotations

from pathlib import Path

from grader.findings import Solution, right_solutions, wrong_solutions

HERE = Path(__file__).resolve().parent
SMALL = ("eps", "momentum", "ddof", "shape", "dtype", "in-place", "write-back")


def mutants() -> list[Solution]:
    return wrong_solutions(HERE)


def variants() -> list[Solution]:
    return right_solutions(HERE)
