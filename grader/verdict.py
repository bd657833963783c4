"""What a graded submission says: the status of each case, and the verdict that carries them all.

Everything after grading (gradebook, feedback, report, exports, regrade) reads verdicts and nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import json
import math
import operator
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from . import __version__
from .plots import Plot, plots_from_json

SCHEMA_VERSION = 1


def times(ratio: float) -> str:
    """A ratio of error to tolerance as people say it, on pages and in tables alike: 0, 0.3, 40, 4e6."""
    if ratio == 0 or 10 <= ratio < 1000:
        return f"{ratio:.0f}"
    if 0.01 <= ratio < 10:
        return f"{ratio:.2g}"
    digit, power = f"{ratio:.0e}".split("e")
    return f"{digit}e{int(power)}"


class Status(StrEnum):
    """How one case ended. Only `PASS` earns points; `INFRA` is our fault and writes no grade."""

    PASS = "PASS"  # noqa: S105  (a status, no password)
    FAIL = "FAIL"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    BLOCKED = "BLOCKED"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"
    INFRA = "INFRA"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case of one submission.

    `points` and `max_points` are in the assignment's points. `ratio` is the worst error divided by what is
    allowed there (below 1 passes), None where a case does not compare numbers. `where` is the worst index,
    `got` the student's value there. `misconception` is the id of the mistake the values match, and `hint` the
    question that leads to it. `errors` is a small map of where the error lies, one string per row and one letter per
    element or block of elements: "." within what is allowed, "1" to "9" the power of ten of the factor by which it is
    exceeded, "x" not finite. No field ever holds an expected value.
    """

    id: str
    cell: str
    title: str
    status: Status
    points: float
    max_points: float
    message: str = ""
    hint: str = ""
    misconception: str | None = None
    ratio: float | None = None
    where: str | None = None
    got: str | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that is known about one graded submission.

    `repairs` are the lines that say what was put right in the notebook, `hindrances` by grade_id what nobody could
    put right and keeps an answer from running; `problem` says why a submission could not be read at all (its cases
    then have no points). `limits` and `sandbox` name what it ran under, `limits_hit` says which of them stopped it,
    `seconds` the time it took, by stage. `plots` are pictures for the student's page.
    `public` are the test cells that were judged by nothing but the text that students have.
    `bonus` are the graded cells (grade_ids) whose points count, but not towards what a score is out of.
    """

    assignment: str
    student: str
    submission_sha256: str
    release_sha256: str
    salt: str
    sandbox: str
    cases: tuple[CaseResult, ...]
    repairs: tuple[str, ...] = ()
    problem: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    bonus: tuple[str, ...] = ()
    hindrances: dict[str, str] = field(default_factory=dict)
    limits_hit: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def infra(self) -> bool:
        """True where the grader, not the student, failed: no grade may be written from this verdict."""
        return any(case.status is Status.INFRA for case in self.cases)

    @property
    def points(self) -> float:
        """All that were earned, bonus points too."""
        return math.fsum(case.points for case in self.cases)

    @property
    def bonus_points(self) -> float:
        return math.fsum(case.points for case in self.cases if case.cell in self.bonus)

    @property
    def max_points(self) -> float:
        """What `points` is out of: without the bonus, so that `points` may be more."""
        return math.fsum(case.max_points for case in self.cases if case.cell not in self.bonus)

    @property
    def all_right(self) -> bool:
        """True where every point is earned, those of the bonus too."""
        return self.points == math.fsum(case.max_points for case in self.cases)

    @property
    def not_attempted(self) -> bool:
        """True where nothing was written: all cases are not attempted, or blocked by one that is not."""
        found = {case.status for case in self.cases}
        return Status.NOT_ATTEMPTED in found and found <= {Status.NOT_ATTEMPTED, Status.BLOCKED}

    def of_cell(self, cell: str) -> tuple[CaseResult, ...]:
        """The cases that belong to one graded cell, in order."""
        return tuple(case for case in self.cases if case.cell == cell)

    def to_json(self) -> str:
        """One line per field and per case: readable, and written by the encoder in C, which cannot indent."""
        lines = [f'"{name}": {_json(getattr(self, name))}' for name in _FIELDS if name != "cases"]
        # no text of a case can look like the space between two: a quote within a text has a backslash before it
        cases = _json(self.cases).replace('}, {"id": ', '},\n{"id": ')
        return "{\n" + ",\n".join([*lines, f'"cases": [\n{cases[1:-1]}\n]']) + "\n}\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Verdict:
        """Read a verdict back. Raises ValueError for another schema version."""
        data: dict[str, Any] = json.loads(text)
        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"verdict schema {data.get('schema_version')!r}, this version reads {SCHEMA_VERSION}")
        cases = tuple(_case_from_json(case) for case in data.pop("cases"))
        plots = plots_from_json(data.pop("plots", ()))
        texts = {name: tuple(data.get(name, ())) for name in ("repairs", "bonus", "limits_hit", "public")}
        return cls(**{**data, **texts, "cases": cases, "plots": plots})


def _case_from_json(data: dict[str, Any]) -> CaseResult:
    """Texts that many students have in common are kept once: a large class has to fit into memory."""
    shared = {name: sys.intern(value) if isinstance(value, str) else value for name, value in data.items()}
    return CaseResult(**{**shared, "status": Status(data["status"]), "errors": tuple(data.get("errors", ()))})


def _one_level(value: Any) -> dict[str, Any]:
    """The encoder asks again for what lies within, where `dataclasses.asdict` would copy it all."""
    names, read = _reader(type(value))
    return dict(zip(names, read(value), strict=True))


@functools.cache
def _reader(cls: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in dataclasses.fields(cls))
    return names, operator.attrgetter(*names)


_FIELDS = tuple(field.name for field in dataclasses.fields(Verdict))
_json = json.JSONEncoder(default=_one_level, ensure_ascii=False, allow_nan=False).encode


@functools.cache
def versions() -> dict[str, str]:
    """Versions that a grade can depend on."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "ipython", "nbgrader")}
    return {"grader": __version__, "python": platform.python_version(), **found}
