"""What keeps an answer from running, in a sentence for its author: nothing here is repaired, only said."""

from __future__ import annotations

import re
import symtable
import warnings

from rapidfuzz import fuzz

from .messages import say

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


def hindrances(grade_id: str, source: str, wanted: frozenset[str], defined: frozenset[str]) -> list[str]:
    """Say why an answer cell cannot define the names that are `wanted`, where that can be told from its text."""
    if _CONFLICT.search(source):
        return [say("answer.conflict", id=grade_id)]
    said = []
    problem = _syntax_error(source)
    if problem and _PYTHON_2.search(source):
        said.append(say("answer.python_2", id=grade_id, problem=problem))
    elif problem:
        said.append(say("answer.not_python", id=grade_id, problem=problem))
    missing = wanted - defined
    for name in sorted(missing):
        near = max(defined, key=lambda other: fuzz.ratio(name, other), default="")
        if near and fuzz.ratio(name, near) > NEARLY:
            said.append(say("answer.other_name", id=grade_id, near=near, name=name))
    return said


def _syntax_error(source: str) -> str:
    """Where and why Python cannot read the source, "" where it can or nobody can tell (IPython's own syntax)."""
    if len(source) > MAX_PARSED:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(source, "<answer>", "exec")  # `ast.parse` makes an object of every node
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if _IPYTHON.search(source):
            return ""
        if not isinstance(error, SyntaxError):
            return say("answer.too_deep")
        return say("answer.line", line=error.lineno, error=error.msg) if error.lineno else str(error.msg)
    return ""
