"""Inside the sandbox: puts an exception of student code into words, whatever its class does when asked."""

from __future__ import annotations

import linecache
from types import TracebackType
from typing import Any

MESSAGE_CHARACTERS = 2000
SHOWN_FRAMES = 12
CELL = "<cell {}>"  # the file name that a cell's code is compiled under
STUDENT_FILES = ("<cell ", "/scratch/work/")


def message_of(error: BaseException) -> str:
    """`str(error)`, bounded; the class's own methods may raise, or return what is not text."""
    if isinstance(error, SyntaxError) and isinstance(error.msg, str):
        return error.msg[:MESSAGE_CHARACTERS]  # without the place, which has fields of its own
    try:
        text = str(error)
    except BaseException:
        return "(the exception has no readable message)"
    return text[:MESSAGE_CHARACTERS]


def frames_of(error: BaseException) -> list[tuple[str, int, str, str]]:
    """(file, line number, function, line of source) of the last frames in the student's own code, innermost last."""
    frames: list[tuple[str, int, str]] = []
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(STUDENT_FILES) and trace.tb_lineno:
            frames.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    shown = [(*frame, linecache.getline(*frame[:2]).strip()[:200]) for frame in frames[-SHOWN_FRAMES:]]
    if isinstance(error, SyntaxError) and isinstance(error.lineno, int) and isinstance(error.filename, str):
        line = error.text.strip()[:200] if isinstance(error.text, str) else ""
        if error.filename.startswith(STUDENT_FILES):
            shown.append((error.filename, error.lineno, "", line))
    return shown


def class_of(error: BaseException) -> str:
    """The name of the exception's class; NumPy's private kind of MemoryError under its public name."""
    return "MemoryError" if isinstance(error, MemoryError) else type.__dict__["__name__"].__get__(type(error))[:200]


def describe(error: BaseException) -> dict[str, Any]:
    """The exception as plain data: class name, message, and the innermost line of the student's own code."""
    frames = frames_of(error)
    _, number, _, line = frames[-1] if frames else ("", None, "", None)
    return {"exception": class_of(error), "message": message_of(error), "line": line, "lineno": number}


def traceback_of(error: BaseException) -> list[str]:
    """A short traceback without colours: the student's own frames, then the exception."""
    lines = []
    for file, number, function, source in frames_of(error):
        place = "Cell " + file[6:-1] if file.startswith("<cell ") else file.removeprefix("/scratch/work/")
        inside = f", in {function}" if function not in ("", "<module>") else ""
        lines += [f"{place}, line {number}{inside}", f"    {source}"]
    return [*lines, f"{class_of(error)}: {message_of(error)}"]
