"""The student's code, alive in the sandbox: its cells are run once, then its functions can be called.

A child process that hit a limit or died is replaced by a fresh one in which the cells run again, so that one hanging
cell or function does not take the other cases along.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from nbformat import NotebookNode

from .checking import NotAttempted, StudentError, StudentTimeout
from .messages import say
from .outputs import letters, safe_outputs
from .rehearsal import Answers, Plan, Recorder, call_key, lookup_key
from .sandbox.host import (
    MISSING,
    BadReply,
    CallReply,
    Child,
    ChildDied,
    Function,
    LimitHit,
    Module,
    RemoteError,
    Sandbox,
)
from .sandbox.limits import Limits
from .sandbox.wire import Handle

MAX_RESTARTS = 12  # fresh starts per submission, each of which costs what its cells cost: for six functions that hang
MAX_HANGS = 2  # a function that did not return this often is not called again
MAX_TOLD = 1_000  # characters in the student's own words among the results: hidden inputs could be among them

UNTOLD = "…"  # stands for words beyond that
MAX_LINE = 120  # characters of the line that an error came from

_LONG_NUMBER = re.compile(r"-?\d*\.\d{4,}(?:[eE][-+]?\d+)?|-?\d{7,}")


class StudentCode:
    """One submission's namespace. Implements `checking.Student`; use as a context manager.

    `plan` are calls that are made ahead, all at once, as soon as the cells have run. `missing` says why a name may
    not be there, where more is known than that nothing defined it.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        cells: Sequence[str],
        limits: Limits,
        plan: Plan | None = None,
        missing: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.memo: dict[Any, Any] = {}
        self.cpu_seconds = 0.0  # processor time that cells and calls say they took; shown, and decides nothing
        self.stages: Counter[str] = Counter()  # wall seconds by stage
        self.limits_hit: dict[str, None] = {}  # in words, each once, in the order in which they were hit
        self._plan = plan
        self._missing = missing
        self._answers: Answers | None = None
        self._sandbox = sandbox
        self._cells = list(cells)
        self._limits = limits
        self._skipped: dict[int, str] = {}  # cell number -> why it is not run again
        self._functions: dict[str, RemoteFunction] = {}  # looked up in the running child
        self._hangs: Counter[str] = Counter()
        self._lines = {line.strip()[:MAX_LINE] for source in cells for line in source.splitlines()}
        self._told: set[str] = set()
        self._letters = 0  # of outputs
        self._restarts = 0
        self._deadline = time.monotonic() + limits.submission_seconds
        self._child: Child | None = None

    def __enter__(self) -> StudentCode:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def run_cells(self) -> list[list[NotebookNode]]:
        """Run every cell once and return their outputs, safe to show. One that hits a limit gets an error output."""
        outputs: list[list[NotebookNode]] = []
        while len(outputs) < len(self._cells):
            self._run_more(outputs)
        self._call_ahead()
        return outputs

    def _run_more(self, outputs: list[list[NotebookNode]]) -> None:
        """Run the cells that have no outputs yet, up to the end or to one that hits a limit."""
        try:
            rest = self._cells[len(outputs) :]
            for run in self._alive().run_cells(rest, lambda: self._left(self._limits.cell_seconds)):
                if isinstance(run, RemoteError):  # the cell could not even be begun; what it did is not known
                    outputs.append(self._shown([_error_output(run)]))
                    continue
                outputs.append(self._shown(run.outputs))
                if any(output.get("ename") == "MemoryError" for output in run.outputs):
                    self._note_limit("address_space_mib", self._limits.address_space_mib)
                self.stages["cells"] += run.seconds
                self.cpu_seconds += run.cpu_seconds
        except (LimitHit, ChildDied, BadReply, StudentTimeout) as reason:
            self._skipped[len(outputs)] = str(reason)
            self._note(reason)
            self._drop()
            outputs.append(self._shown([_error_output(reason)]))

    def _shown(self, raw: list[dict[str, Any]]) -> list[NotebookNode]:
        """Outputs as they are kept. All cells' together keep to the limit here as well: a forged one would not."""
        safe = safe_outputs(raw)
        self._letters += sum(map(letters, safe))
        if self._letters <= self._limits.submission_output_bytes:
            return safe
        limit = "submission_output_bytes"
        self._note_limit(limit, self._limits.submission_output_bytes)
        return safe_outputs([_error_output(LimitHit(limit, self._limits.submission_output_bytes, limit))])

    def _call_ahead(self) -> None:
        """Make the planned calls. If they do not all come back, nothing is lost: they are made one by one."""
        if self._plan is None:
            return
        try:
            seconds = self._left(self._limits.call_seconds)
            started = time.monotonic()
            answers = self._alive().batch(self._plan.message, self._plan.count, seconds=seconds)
            self.stages["calls"] += time.monotonic() - started
        except (LimitHit, ChildDied, BadReply, RemoteError, StudentTimeout):
            self._drop()
        else:
            self._answers = Answers(self._plan, answers)

    def __getitem__(self, name: str) -> Any:
        """Return the student's `name`: a callable proxy for a function, plain data for data."""
        if name in self._functions:
            return self._functions[name]
        try:
            found = self._find(name)
        except (LimitHit, ChildDied, BadReply, RemoteError) as reason:
            self._note(reason)
            self._drop()
            raise _as_student_error(name, reason) from None
        except BaseException:  # as in `call`
            self._drop()
            raise
        if found is MISSING:
            raise StudentError(self._missing.get(name) or say("run.not_defined", name=name))
        if isinstance(found, Function):
            return self._functions.setdefault(name, RemoteFunction(self, name))
        if isinstance(found, Module):
            raise StudentError(say("run.is_module", name=name, module=self._tell(found.name)))
        return self._named(found)

    def _find(self, name: str) -> Any:
        if self._answers is None or self._child is None or (taken := self._answers.take(lookup_key(name))) is None:
            return self._alive().lookup(name)
        return self._child.read_lookup(taken[1], name)

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the student's function on copies; write back what it left in mutable arguments."""
        if self._hangs[name] >= MAX_HANGS:
            raise StudentTimeout(say("run.not_called_again", name=name, count=MAX_HANGS))
        try:
            reply = self._ahead(name, args, kwargs) or self._live(name, args, kwargs)
        except RemoteError as error:
            self._note(error)
            raise self._raised(name, error) from None
        except (LimitHit, ChildDied, BadReply) as reason:
            self._hangs[name] += 1
            self._note(reason)
            self._drop()
            raise _as_student_error(name, reason) from None
        except BaseException:  # our own alarm, in the middle of a reply: the rest of it is no answer to what comes next
            self._drop()
            raise
        self.cpu_seconds += reply.cpu_seconds
        for original, left in zip(args, reply.args, strict=True):
            _write_back(name, original, left)
        for key, original in kwargs.items():
            _write_back(name, original, reply.kwargs[key])
        return self._named(reply.value)

    def _ahead(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallReply | None:
        """The reply to a call that was made ahead, None for any other."""
        if self._answers is None or self._child is None:
            return None
        if (taken := self._answers.take(call_key(name, args, kwargs, self._answers.origins))) is None:
            return None
        number, answer = taken
        reply = self._child.read_answer(answer, args, kwargs)
        if reply is not None:
            self._answers.origins.note(number, reply.value)
        return reply

    def _live(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallReply:
        return self._alive().call(name, args, kwargs, seconds=self._left(self._limits.call_seconds))

    def _raised(self, name: str, error: RemoteError) -> StudentError:
        """The student's exception in words. Its line is told only where it stands in the notebook."""
        if error.exception == "NotImplementedError":
            return _also(NotAttempted, error.exception)(say("run.not_written", name=name), exception=error.exception)
        kind, detail = self._tell(error.exception), self._tell(_LONG_NUMBER.sub("…", _message(error))[:200])
        line = (error.line or "").strip()[:MAX_LINE]
        told = detail not in ("", UNTOLD)
        if line and line in self._lines:
            key = "run.raised_at" if told else "run.raised_untold_at"
            text = say(key, name=name, kind=kind, detail=detail, line=line)
        else:
            text = say("run.raised" if told else "run.raised_untold", name=name, kind=kind, detail=detail)
        return _also(StudentError, error.exception)(text, exception=kind)

    def _named(self, value: Any) -> Any:
        """A result whose handles have names that may be told."""
        if isinstance(value, Handle):
            return Handle(value.id, self._tell(value.type_name))
        return type(value)(map(self._named, value)) if type(value) in (tuple, list) else value

    def _tell(self, text: str) -> str:
        """`text`, which the student's code made up, as long as a submission has not told too much already."""
        if text not in self._told:
            if sum(map(len, self._told)) + len(text) > MAX_TOLD:
                return UNTOLD
            self._told.add(text)
        return text

    def _note(self, reason: Exception) -> None:
        """Keep which limit stopped the code, where one did."""
        if isinstance(reason, LimitHit):
            self._note_limit(reason.limit, reason.value)
        elif isinstance(reason, RemoteError) and reason.memory_mib is not None:
            self._note_limit("address_space_mib", reason.memory_mib)

    def _note_limit(self, limit: str, value: float) -> None:
        self.limits_hit[_limit_in_words(limit, value)] = None

    def _left(self, seconds: float) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._note_limit("submission_seconds", self._limits.submission_seconds)
            raise StudentTimeout(say("run.used_up", seconds=f"{self._limits.submission_seconds:g}"))
        return min(seconds, left)

    def _alive(self) -> Child:
        """Return the running child; where there is none, start one and run the cells that ran before."""
        while self._child is None:
            if self._restarts > MAX_RESTARTS:
                raise StudentTimeout(say("run.not_restarted", count=self._restarts))
            self._restarts += 1
            self.memo.clear()
            self._functions.clear()
            started = time.monotonic()
            self._child = self._sandbox.child()
            self.stages["fork"] += time.monotonic() - started
            if self._restarts > 1:
                self._replay()
        return self._child

    def _replay(self) -> None:
        for number, source in enumerate(self._cells):
            if number not in self._skipped and self._child is not None:
                try:
                    with contextlib.suppress(RemoteError):
                        self._child.run_cell(source, seconds=self._left(self._limits.cell_seconds))
                except (LimitHit, ChildDied, BadReply) as reason:
                    self._skipped[number] = str(reason)
                    self._drop()

    def _drop(self) -> None:
        self._answers = None
        if self._child is not None:
            self._child.kill()
            self._child = None


class RecordedCode(StudentCode):
    """The reference solution while its calls are recorded."""

    def __init__(self, sandbox: Sandbox, cells: Sequence[str], limits: Limits) -> None:
        super().__init__(sandbox, cells, limits)
        self.recorder = Recorder(limits)

    def _find(self, name: str) -> Any:
        self.recorder.add_lookup(name)
        return super()._find(name)

    def _live(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallReply:
        number = self.recorder.add(name, args, kwargs)
        reply = super()._live(name, args, kwargs)
        self.recorder.origins.note(number, reply.value)
        return reply


class RemoteFunction:
    """Stands for a student's function on the trusted side. Calling it runs the function in the sandbox."""

    def __init__(self, code: StudentCode, name: str) -> None:
        self._code = code
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._code.call(self.__name__, args, kwargs)


def _write_back(name: str, original: Any, left: Any) -> None:
    """Make a mutable argument look as the student's function left it."""
    if isinstance(original, Handle) or left is None:
        return
    if isinstance(original, dict) and isinstance(left, dict):
        original.clear()
        original.update(left)
    elif isinstance(original, list) and isinstance(left, list):
        original[:] = left
    elif isinstance(original, np.ndarray):
        if not isinstance(left, np.ndarray) or (left.shape, left.dtype) != (original.shape, original.dtype):
            raise StudentError(say("run.changed_shape", name=name))
        original[...] = left


@functools.lru_cache(maxsize=256)
def _also(base: type[StudentError], name: str) -> type[StudentError]:
    """`base`, for a built-in exception of the student's also that class: a test cell may say `except ValueError`."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, UnicodeError | ExceptionGroup):
        return base  # those two kinds are not made from a message alone
    if issubclass(kind, StopIteration | StopAsyncIteration):
        return base  # a loop over the student's results would take it for its end, and find nothing wrong
    return type(base.__name__, (base, kind), {})


def _as_student_error(name: str, reason: Exception) -> StudentError:
    timed_out = isinstance(reason, LimitHit) and "seconds" in reason.limit
    return (StudentTimeout if timed_out else StudentError)(say("run.while", name=name, reason=_in_words(reason)))


def _error_output(reason: Exception) -> dict[str, Any]:
    name, text = reason.exception if isinstance(reason, RemoteError) else type(reason).__name__, _in_words(reason)
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [text]}


def _in_words(reason: Exception) -> str:
    """What the sandbox reports, in the course's language: its own words are English."""
    if isinstance(reason, LimitHit):
        return _limit_in_words(reason.limit, reason.value)
    if isinstance(reason, ChildDied) and reason.cause:
        return say(f"died.{reason.cause}", detail=reason.detail)
    if isinstance(reason, BadReply):
        return say("run.bad_reply", what=reason.what)
    if isinstance(reason, RemoteError):
        return f"{reason.exception}: {_message(reason)}"
    return str(reason)


def _limit_in_words(limit: str, value: float) -> str:
    return say(f"limits.{limit}", value=f"{value:g}")


def _message(error: RemoteError) -> str:
    return error.message if error.memory_mib is None else say("run.memory", most=error.memory_mib)
