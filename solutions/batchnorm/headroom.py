"""How far below the tolerance right answers stay: `python -m solutions.batchnorm.headroom` measures it again.

The figures are the worst error / tolerance of every correct variant on random problems of each kind; 1 is the limit.
They stand beside the cases in `cases.py`. A variant that only differs in speed is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from grader.checking import Case, CaseFailed
from solutions.batchnorm import known, problems
from solutions.batchnorm.carried import precision
from solutions.batchnorm.equivalence import answers
from solutions.batchnorm.in_process import LocalStudent
from solutions.batchnorm.judging import worst
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import real_array

SLOW = {"jacobian", "loops"}

Kind = Callable[[str, str], Problem]


def _seeded(problem: Problem, salt: str) -> Problem:
    seeded = problems.with_running(problem, salt, momentum=0.3)
    kind = problem.dtype
    return replace(seeded, running_mean=seeded.running_mean.astype(kind), running_var=seeded.running_var.astype(kind))


def _single_offset(salt: str, label: str) -> Problem:
    problem = problems.large(salt, label, 50, 4, offset=30.0)
    arrays = {name: getattr(problem, name).astype(np.float32) for name in ("x", "gamma", "beta", "dout")}
    return replace(problem, **arrays)


KINDS: dict[str, Kind] = {
    "7 x 4, eps 1e-5": lambda salt, label: problems.unit(salt, label, 7, 4, None),
    "7 x 4, eps 0.5": lambda salt, label: problems.unit(salt, label, 7, 4, 0.5),
    "7 x 4, offset 1e4": lambda salt, label: problems.large(salt, label, 7, 4, offset=1e4),
    "7 x 4, Fortran order": lambda salt, label: problems.column_order(salt, label, 7, 4),
    "N = 2, eps 0.1": lambda salt, label: problems.unit(salt, label, 2, 5, 0.1),
    "N = 2, eps 1e-12": lambda salt, label: problems.large(salt, label, 2, 5),
    "D = 1": lambda salt, label: problems.unit(salt, label, 8, 1, None),
    "N = 2000": lambda salt, label: problems.large(salt, label, 2000, 3),
    "N = 2000, offset 1e4": lambda salt, label: problems.large(salt, label, 2000, 3, offset=1e4),
    "float32, 8 x 3": lambda salt, label: problems.single_precision(salt, label, 8, 3),
    "float32, 2000 x 3": lambda salt, label: problems.single_precision(salt, label, 2000, 3),
    "float32, 50 x 4, offset 30": _single_offset,
}


def ratios(source: str, kind: Kind, count: int) -> Iterator[tuple[str, float]]:
    """(part, worst error / tolerance) of a solution on `count` problems of one kind."""
    student = LocalStudent(source)
    for number in range(count):
        problem = _seeded(kind("headroom", f"headroom/{number}"), "headroom")
        for got, answer in answers(student, problem):
            array = real_array(answer.part, got, answer.value.shape)
            yield answer.part, worst(array, answer, problem.n, precision(problem, array))


def nearest_wrong(cases: list[Case]) -> tuple[float, str]:
    """The wrong solution whose worst answer is closest to the tolerance, and how far above it that is."""
    found = {}
    for mutant in known.mutants():
        student = LocalStudent(mutant.source)
        above = []
        for case in cases:
            try:
                case.run(student)
            except CaseFailed as failed:
                above.append(failed.ratio or 0.0)
        if max(above) > 0.0:  # others are told by shape, dtype or state
            found[mutant.name] = max(above)
    name = min(found, key=found.__getitem__)
    return found[name], name


def main() -> None:
    from solutions.batchnorm.cases import make_cases

    overall: dict[str, float] = {}
    for label, kind in KINDS.items():
        count = 20 if "2000" in label else 100
        highest: dict[str, tuple[float, str]] = {}
        for variant in known.variants():
            if variant.name not in SLOW:
                for part, ratio in ratios(variant.source, kind, count):
                    highest[part] = max(highest.get(part, (0.0, "")), (ratio, variant.name))
                    overall[part] = max(overall.get(part, 0.0), ratio)
        part, (ratio, name) = max(highest.items(), key=lambda item: item[1])
        print(f"{label:28} worst {ratio:.3f} ({part}, {name})")
    print("by part: " + ", ".join(f"{part} {ratio:.3f}" for part, ratio in overall.items()))
    print("nearest wrong solution: {:.2g} times the tolerance ({})".format(*nearest_wrong(make_cases("headroom"))))


if __name__ == "__main__":
    main()
