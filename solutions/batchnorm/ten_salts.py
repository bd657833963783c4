"""Grade every wrong and right solution on ten salts: `python -m solutions.batchnorm.ten_salts`.

A grade must not depend on the luck of the draw. Exits 1 where a status differs between two salts.
"""

from __future__ import annotations

from solutions.batchnorm import known
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import grade

SALTS = tuple(f"salt {number}" for number in range(10))


def unstable() -> list[str]:
    """A line for every (solution, case) whose status is not the same on all salts."""
    runs = [make_cases(salt) for salt in SALTS]
    lines = []
    for solution in [*known.mutants(), *known.variants()]:
        statuses = [{case: str(o.status) for case, o in grade(cases, solution.source).items()} for cases in runs]
        for case, first in statuses[0].items():
            if any(other[case] != first for other in statuses):
                lines.append(f"{solution.name}: {case} is {' '.join(other[case] for other in statuses)}")
    return lines


def main() -> int:
    lines = unstable()
    count = len(known.mutants()) + len(known.variants())
    print("\n".join([*lines, f"ten salts: {count} solutions, {len(lines)} cases with more than one status"]))
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
