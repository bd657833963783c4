"""What keeps an answer from running, in a sentence for its author: nothing here is repaired, only said."""

from __future__ import annotations

import ast
import re
import warnings

from rapidfuzz import fuzz

MAX_PARSED = 50_000  # characters; longer ones take longer than a sentence is worth
NEARLY = 80.0  # of 100: "layer_foward" and "layer_forward" have 96, "backward" and "backward_alt" 80

_CONFLICT = re.compile(r"^(<{7}|>{7})( |$)", re.MULTILINE)
_PYTHON_2 = re.compile(
    r"""^[ \t]*+(
        print[ ]++(?![=(.,\[)+\-*/%<>&|^]|and\b|or\b|in\b|is\b|if\b)\S     # print x
        | exec[ ]++["'\w]
        | raise[ ]++\w++[ ]*+,                                           # raise E, "text"
        | except[ ]++[\w.]++[ ]*+,[ ]*+\w++[ ]*+:                          # except E, e:
    )""",
    re.MULTILINE | re.VERBOSE,
)
_IPYTHON = re.compile(r"^[ \t]*+[%!?]|^[^\n=]*+=[ \t]*+[%!]|\?[ \t]*+$", re.MULTILINE)


def hindrances(what: str, source: str, wanted: frozenset[str], defined: frozenset[str]) -> list[str]:
    """Say why the cell `what` cannot define the names that are `wanted`, where that can be told from its text."""
    if _CONFLICT.search(source):
        return [
            f"{what} holds git conflict markers (<<<<<<<), so it cannot run. Resolve the conflict and hand in again."
        ]
    said = []
    problem = _syntax_error(source)
    if problem and _PYTHON_2.search(source):
        said.append(
            f"{what} is written in Python 2 ({problem}), so it cannot run. Write it in Python 3 and hand in again."
        )
    elif problem:
        said.append(f"{what} is not valid Python ({problem}), so it could not run.")
    missing = wanted - defined
    for name in sorted(missing):
        near = max(defined, key=lambda other: fuzz.ratio(name, other), default="")
        if near and fuzz.ratio(name, near) > NEARLY:
            said.append(f"{what} defines {near}, not {name}; only the exact name is found.")
    return said


def _syntax_error(source: str) -> str:
    """Where and why Python cannot read the source, "" where it can or nobody can tell (IPython's own syntax)."""
    if len(source) > MAX_PARSED or _IPYTHON.search(source):
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
    except (ValueError, RecursionError, MemoryError):
        return "it is nested too deeply"
    return ""
