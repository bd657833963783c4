"""Calling what a student wrote: whatever goes wrong comes out as one exception with one sentence."""

import contextlib
import sys
import traceback
import types
from pathlib import Path

import numpy as np
from check_text import TEXT, say

HERE = str(Path(__file__).parent)


class Problem(Exception):
    """Something is not right with an answer. `facts` are fields of a `Row` (ratio, where, got, expected).

    `hint` is the question that leads on from here, "" where the question of the row does.
    """

    def __init__(self, status, message, hint="", **facts):
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.facts = facts


def wrong(key, facts=None, **words):
    """A Problem of status FAIL that says the sentence `key`, with the question `key?` where that has one of its own."""
    return Problem("FAIL", say(key, **words), hint=TEXT.get(f"{key}?", ""), **(facts or {}))


def once(look):
    """`look`, called once for the same arguments: what it returned, or the `Problem` that it met, is kept."""
    kept = {}

    def asked(*key):
        if key not in kept:
            try:
                kept[key] = look(*key), None
            except Problem as problem:
                kept[key] = None, problem
        value, problem = kept[key]
        if problem is not None:
            raise problem.with_traceback(None)
        return value

    return asked


class Function:
    """A student's function under the name the notebook gives it, called with fresh copies of every array.

    Whatever goes wrong in a call is raised as a `Problem`. `wanted` names the values it has to return.
    """

    def __init__(self, name, wanted, function):
        self.name = name
        self.wanted = wanted
        self.function = function

    def __call__(self, *args):
        """Return the values by name; `complaint`, a Problem with their number, or None; `args` after the call.

        Arrays among the arguments are copies, dicts the caller's own.
        """
        if not callable(self.function):
            raise wrong("not_a_function", name=self.name, kind=kind_of(self.function))
        args = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
        try:
            result = self.function(*args)
        except (Exception, SystemExit) as error:
            raise self._problem(error) from error
        return types.SimpleNamespace(args=args, **self._unpack(result))

    def _unpack(self, result):
        wanted = ", ".join(self.wanted)
        if result is None:
            raise wrong("returned_none", name=self.name, wanted=wanted)
        if isinstance(result, types.GeneratorType):
            raise wrong("returned_generator", name=self.name)
        if len(self.wanted) == 1:
            return {self.wanted[0]: result}
        if type(result) not in (tuple, list):
            got = say("one_value", kind=kind_of(result))
        elif len(result) != len(self.wanted):
            got = say("many_values", count=len(result))
        else:
            return {**dict(zip(self.wanted, result, strict=True)), "complaint": None}
        complaint = wrong("returned_other", name=self.name, got=got, count=len(self.wanted), wanted=wanted)
        if isinstance(result, np.ndarray):  # out without a cache can be judged all the same
            return {**dict.fromkeys(self.wanted), self.wanted[0]: result, "complaint": complaint}
        raise complaint

    def _problem(self, error):
        """The student's exception in the student's terms: type, message, own line; no traceback of ours."""
        if isinstance(error, NotImplementedError):
            return Problem("NOT_ATTEMPTED", say("not_attempted", name=self.name))
        if hasattr(error, "status") and hasattr(error, "message"):  # the grader's own kinds say it themselves
            return Problem(str(error.status), str(error.message))
        words = {"name": self.name, "kind": type(error).__name__, "text": text_of(error)}
        line = own_line(error)
        return Problem("ERROR", say("raised_at", line=line, **words) if line else say("raised", **words))


def own_frame(error):
    """The last frame of the student's code in the traceback of `error`, or None."""
    others = (HERE, str(Path(np.__file__).parent), "<__array_function__")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(others)]
    return frames[-1] if frames else None


def own_line(error):
    """The line of that frame, or ""."""
    frame = own_frame(error)
    return (frame.line or "").strip() if frame else ""


def text_of(error):
    """The message of an exception, whose own __str__ may raise as well."""
    try:
        return str(error)
    except Exception:
        return "?"


def kind_of(value):
    """The name of a value's type (in the grader a value can be a stand-in that knows the name)."""
    return str(getattr(value, "type_name", type(value).__name__))


def raised_kind(error):
    """The name of the exception that a student's function raised, seen through a `Problem`."""
    cause = error.__cause__ if isinstance(error, Problem) else error
    return str(getattr(cause, "exception", "") or type(cause).__name__)


@contextlib.contextmanager
def when_written():
    """For cells that show something: wait in a friendly way until the function they call is written and runs."""
    try:
        yield
    except NotImplementedError as error:
        close_unfinished_pictures()
        frame = own_frame(error)
        print(say("waits", message=say("not_attempted", name=frame.name if frame else text_of(error))))
    except Exception as error:
        close_unfinished_pictures()
        print(say("stopped", kind=type(error).__name__, text=text_of(error), line=own_line(error)))


def close_unfinished_pictures():
    """Jupyter would show them after the cell, empty."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
