"""Judge one graded cell on the trusted side: by the secret cases made for it, or by its own text.

A test cell without cases is ordinary Python as any nbgrader author writes it. Its text comes from the release; names
it does not define are the student's. Its last expression may say more than "no error": a number is partial credit,
and an object with `rows` (each with name, title, status, points, max_points, message, ...) is one result per row.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import io
import math
import numbers
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from .checking import Case, CaseFailed, Student, StudentError
from .messages import say
from .release import GradedCell, Release, is_locked, is_test
from .sandbox.host import SandboxUnavailable
from .verdict import CaseResult, Status

# hostile but valid data must not burn our time; real checks take milliseconds
TRUSTED_SECONDS = 60.0  # for one case; for a whole submission that much more than its own code may take
MAX_TEXT = 600  # characters of a message, hint or value in a verdict


class CheckingTooLong(BaseException):
    """Our side did not finish judging in time. No Exception: checks catch those, and the alarm rings once."""


SetAlarm = Callable[[float], object]


@contextlib.contextmanager
def alarm(end: float = math.inf) -> Iterator[SetAlarm]:
    """Yield a function that has CheckingTooLong raised so many seconds after its latest call; 0 is never.

    After `end` (of time.monotonic()) nothing may begin, and what runs then is stopped. In the main thread only: in
    other threads nothing is stopped.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()

    def set_alarm(seconds: float) -> None:
        if seconds and (seconds := min(seconds, end - time.monotonic())) <= 0:
            raise CheckingTooLong
        if in_main_thread:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def ring(*_: object) -> None:
        raise CheckingTooLong

    before = signal.signal(signal.SIGALRM, ring) if in_main_thread else None
    try:
        yield set_alarm
    finally:
        set_alarm(0)
        if in_main_thread:
            signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise CheckingTooLong in the main thread after `seconds`."""
    with alarm() as set_alarm:
        set_alarm(seconds)
        yield


def judge(
    test: GradedCell, cases: Sequence[Case], student: Student, trusted: TrustedNames, end: float = math.inf
) -> tuple[list[CaseResult], str]:
    """Return the results of one graded cell and what its text printed. What is not judged by `end` is an ERROR."""
    with alarm(end) as set_alarm:  # one for the cell, set anew for every case
        if cases:
            return [_run_case(case, student, set_alarm) for case in cases], ""
        return _run_text(test, student, trusted, set_alarm)


def _run_case(case: Case, student: Student, set_alarm: SetAlarm) -> CaseResult:
    status, fields, ratio = _outcome(functools.partial(case.run, student), set_alarm)
    fields.setdefault("ratio", _ratio(ratio))
    points = case.points if status is Status.PASS else 0.0
    return CaseResult(case.id, case.cell, case.title, status, points, case.points, **fields)


def _outcome(run: Callable[[], Any], set_alarm: SetAlarm) -> tuple[Status, dict[str, Any], Any]:
    """Run trusted code on student values: (status, fields for the result, value). Our own faults are INFRA."""
    try:
        try:
            set_alarm(TRUSTED_SECONDS)
            return Status.PASS, {}, run()
        finally:
            set_alarm(0)
    except CaseFailed as failed:
        texts = {name: getattr(failed, name) for name in ("message", "hint", "misconception", "where", "got")}
        fields = {name: None if text is None else clip(text) for name, text in texts.items()}
        return failed.status, {**fields, "ratio": _ratio(failed.ratio), "errors": failed.errors}, None
    except CheckingTooLong:
        return Status.ERROR, {"message": say("verdict.too_long")}, None
    except SandboxUnavailable as error:
        return Status.INFRA, {"message": clip(error)}, None
    except AssertionError as error:
        return Status.FAIL, {"message": clip(error) or say("verdict.assertion")}, None
    except Exception as error:  # trusted code met a student's value it cannot handle: no points, and the reason
        return Status.ERROR, {"message": clip(f"{type(error).__name__}: {error}")}, None


def _run_text(
    test: GradedCell, student: Student, trusted: TrustedNames, set_alarm: SetAlarm
) -> tuple[list[CaseResult], str]:
    printed = io.StringIO()

    def run() -> Any:
        with contextlib.redirect_stdout(printed):
            return trusted.execute(test.source, f"<test cell {test.grade_id}>", student)

    status, fields, value = _outcome(run, set_alarm)
    rows = getattr(value, "rows", None)
    if status is Status.PASS and rows is not None:
        return _results_of_rows(test, rows), printed.getvalue()
    points = _partial_credit(value, test.points) if status is Status.PASS else 0.0
    title = test.section or test.grade_id
    return [CaseResult(test.grade_id, test.grade_id, title, status, points, test.points, **fields)], printed.getvalue()


def _partial_credit(value: Any, points: float) -> float:
    """nbgrader's rule for a test cell's last value, without its holes: outside 0..points is nothing, not everything."""
    if isinstance(value, bool | np.bool_):
        return points if value else 0.0
    if not isinstance(value, numbers.Real):  # NumPy's numbers are
        return points
    return float(value) if math.isfinite(value) and 0 <= value <= points else 0.0


def _results_of_rows(test: GradedCell, rows: Sequence[Any]) -> list[CaseResult]:
    results = []
    for row in rows:
        status = Status(row.status)
        results.append(
            CaseResult(
                id=f"{test.grade_id}/{row.name}",
                cell=test.grade_id,
                title=clip(row.title),
                status=status,
                points=float(row.points) if status is Status.PASS else 0.0,
                max_points=float(row.max_points),
                message=clip(row.message),
                hint=clip(row.hint),
                ratio=_ratio(row.ratio),
                where=clip(row.where) if row.where is not None else None,
                got=clip(row.got) if row.got is not None else None,
            )
        )
    if not math.isclose(math.fsum(row.max_points for row in results), test.points):
        raise ValueError(f"the rows of '{test.grade_id}' do not add up to its {test.points:g} points")
    return results


def _ratio(value: Any) -> float | None:
    """A ratio that JSON can hold; what is no number, as complex values of a student's can make it, is none."""
    try:
        ratio = math.nan if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(ratio) else max(-1e300, min(ratio, 1e300))


def clip(text: object) -> str:
    """Text for a verdict: printable, bounded."""
    shown = str(text)[: MAX_TEXT + 1]
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() or char == "\n" else "�" for char in shown)
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"


class TrustedNames:
    """The names test cells share on the trusted side: what locked cells import, and what test cells define."""

    def __init__(self, release: Release) -> None:
        self._imports: dict[str, CodeType] = {}
        for cell in release.notebook.cells:
            if cell.cell_type == "code" and is_locked(cell) and not is_test(cell):
                self._imports.update(_compiled_imports(cell.source))

    def execute(self, source: str, filename: str, student: Student) -> Any:
        """Run a test cell's text and return the value of its last expression (None where it has none)."""
        compiled = _compiled(source, filename)
        names: dict[str, Any] = {"__builtins__": builtins, "__name__": "__test_cell__"}
        for name in compiled.free_names:
            if name in self._imports:
                exec(self._imports[name], names)  # noqa: S102  (an import statement of the author's own locked cell)
            elif not hasattr(builtins, name):
                with contextlib.suppress(_NotDefined):
                    names[name] = _student_name(student, name)
        exec(compiled.body, names)  # noqa: S102  (the author's text, from the release)
        return None if compiled.value is None else eval(compiled.value, names)  # noqa: S307  (same text)


@dataclass(frozen=True, slots=True)
class _Compiled:
    free_names: tuple[str, ...]
    body: CodeType
    value: CodeType | None  # of the last expression


@functools.lru_cache(maxsize=256)
def _compiled(source: str, filename: str) -> _Compiled:
    """Test cells are the same for every submission. Raises SyntaxError."""
    tree = ast.parse(source, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    value = None if last is None else compile(ast.Expression(last.value), filename, "eval")
    return _Compiled(tuple(sorted(_free_names(source))), compile(tree, filename, "exec"), value)


class _NotDefined(Exception):
    pass


def _student_name(student: Student, name: str) -> Any:
    """The student's value, or a stand-in that fails when it is used, so that checks can report a missing function."""
    try:
        return student[name]
    except StudentError as error:
        reason = error

    def missing(*_: Any, **__: Any) -> Any:
        raise reason

    return missing


def _free_names(source: str) -> set[str]:
    """Names a test cell reads, less those it binds itself at top level before reading them anywhere."""
    tree = ast.parse(source)
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return (loaded - bound) - set(imports_of(source))


@functools.lru_cache(maxsize=256)
def _compiled_imports(source: str) -> dict[str, CodeType]:
    return {name: compile(line, "<import>", "exec") for name, line in imports_of(source).items()}


def imports_of(source: str) -> dict[str, str]:
    """{bound name: import statement} of a cell's top-level imports; magics and broken lines are passed over."""
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return {}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                single = type(node)(**{**{k: getattr(node, k) for k in node._fields}, "names": [alias]})
                found[alias.asname or alias.name.partition(".")[0]] = ast.unparse(ast.fix_missing_locations(single))
    return found
