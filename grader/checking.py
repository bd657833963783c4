"""The words that graded cases are written with (`solutions/NAME/cases.py`).

A case is a function of the student's namespace. It returns (optionally the ratio of error to tolerance) when the
student's code is right and raises one of the exceptions below when it is not. The student's functions are remote
proxies: calling one passes copies into the sandbox, brings the result out as plain data, and leaves in mutable
arguments what the student's function left there, so a case reads like ordinary Python.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .verdict import Status


class Student(Protocol):
    """One student's namespace, as cases see it.

    `student["double"](x)` calls the student's function in the sandbox; a name that is not defined raises
    `StudentError`. `memo` is a place where the cases of one submission can share what they computed; it is emptied
    when the student's code had to be started again, so it may hold handles.
    """

    memo: dict[Any, Any]

    def __getitem__(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is checked and what it is worth.

    `cell` is the grade_id of the locked test cell whose points the case is part of; the points of a cell's cases
    add up to the points of the cell. `title` says in plain language what is checked; students read it.
    """

    id: str
    cell: str
    points: float
    title: str
    run: Callable[[Student], float | None]


class CaseFailed(Exception):
    """The student's answer is wrong (`FAIL`). The fields are those of `verdict.CaseResult`."""

    status = Status.FAIL

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        misconception: str | None = None,
        ratio: float | None = None,
        where: str | None = None,
        got: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.misconception = misconception
        self.ratio = ratio
        self.where = where
        self.got = got


class Blocked(CaseFailed):
    """The case cannot be reached because an earlier function failed (`BLOCKED`)."""

    status = Status.BLOCKED


class StudentError(CaseFailed):
    """The student's code raised, or what it returned cannot be read (`ERROR`)."""

    status = Status.ERROR

    def __init__(self, message: str, *, exception: str = "", **fields: Any) -> None:
        super().__init__(message, **fields)
        self.exception = exception  # name of the exception class the student's code raised, "" if it raised none


class NotAttempted(StudentError):
    """The stub is unchanged, or raises NotImplementedError (`NOT_ATTEMPTED`)."""

    status = Status.NOT_ATTEMPTED


class StudentTimeout(StudentError):
    """The student's code did not come back in time (`TIMEOUT`)."""

    status = Status.TIMEOUT
