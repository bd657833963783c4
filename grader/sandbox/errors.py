"""What can come of running student code, as the grader sees it."""

from __future__ import annotations


class SandboxError(Exception):
    """Any of the below."""


class RemoteError(SandboxError):
    """The student's code raised an exception. The child lives on.

    `exception` is the name of its class, `message` its text; `line` and `lineno` are the innermost line of the
    student's own code that it passed through (None where there is none). All of it is the student's word.
    `memory_mib` is the bound on memory where that was the reason, and None elsewhere.
    """

    def __init__(
        self,
        exception: str,
        message: str,
        line: str | None = None,
        lineno: int | None = None,
        memory_mib: int | None = None,
    ) -> None:
        super().__init__(f"{exception}: {message}")
        self.exception = exception
        self.message = message
        self.line = line
        self.lineno = lineno
        self.memory_mib = memory_mib


class LimitHit(SandboxError):
    """The student's code used more than it may; the child is dead. `limit` is a field of `Limits`, `value` the most."""

    def __init__(self, limit: str, value: float, message: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.value = value
        self.message = message


class ChildDied(SandboxError):
    """The student's process ended, or was ended earlier. `reason` says how.

    Where it ended by itself, `cause` is "exited", "crashed", "killed" or "closed" (its connection), and `detail` the
    exit status or the signal of the first two.
    """

    def __init__(self, reason: str, cause: str = "", detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        self.detail = detail


class BadReply(SandboxError):
    """What came back is not an answer but `what`; the child is dead. Student code wrote it, honest code does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The student's process sent {what}.")
        self.what = what


class SandboxUnavailable(SandboxError):
    """This machine, or the grader, is at fault, not the student. `remedy` says what to do about it."""

    def __init__(self, problem: str, remedy: str = "Run `make doctor`.") -> None:
        super().__init__(problem, remedy)  # as they are: a worker process hands the error on
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"
