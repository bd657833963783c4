"""A student's code as a page shows it: highlighted line by line, with the lines that a result is about marked."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from ..messages import catalogue, languages

MAX_LINES = 400  # of one cell on the page
MAX_WIDTH = 400  # characters of one line
MAX_MARKED = 6  # lines that one result points at

_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of code, 1-based, as safe HTML."""

    number: int
    html: Markup


@lru_cache(maxsize=512)  # stubs and common answers are the same for many students
def highlighted(source: str) -> tuple[Line, ...]:
    """The lines of a cell, highlighted. Over-long cells and lines are cut."""
    kept = "\n".join(line[:MAX_WIDTH] for line in source.splitlines()[:MAX_LINES])
    html = highlight(kept, _LEXER, _FORMATTER).removesuffix("\n")
    # pygments escapes the text; spans never cross a line end
    return tuple(Line(number, Markup(text)) for number, text in enumerate(html.split("\n"), start=1))  # noqa: S704


def block(lines: Iterable[Line], marked: Container[int] = ()) -> Markup:
    """Lines of code as the inside of a <pre>, numbered, with the marked ones marked."""
    parts = (
        f'<code class="{"l m" if line.number in marked else "l"}" data-n="{line.number}">{line.html}</code>'
        for line in lines
    )
    return Markup("".join(parts))  # noqa: S704  (each line is safe HTML)


def lines_that_set(name: str, source: str) -> list[int]:
    """Numbers of the lines in which `name` gets its value: assigned, changed in place, or stored under that key.

    Code that cannot be parsed has none.
    """
    return list(_assignments(source).get(name, ()))[:MAX_MARKED]


@lru_cache(maxsize=512)
def _assignments(source: str) -> dict[str, tuple[int, ...]]:
    """{name: numbers of the lines that give it a value} of a cell."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, set[int]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for name in (name for target in targets for name in _names(target)):
            found.setdefault(name, set()).update(range(node.lineno, (node.end_lineno or node.lineno) + 1)[:MAX_MARKED])
    return {name: tuple(sorted(lines)) for name, lines in found.items()}


def _names(target: ast.expr) -> Iterator[str]:
    """The names that an assignment to `target` gives a value; `d["key"]` gives one to d and to key."""
    while isinstance(target, ast.Starred | ast.Attribute | ast.Subscript):  # as many as there are
        key = target.slice if isinstance(target, ast.Subscript) else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value
        target = target.value
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _names(element)
    elif isinstance(target, ast.Name):
        yield target.id


def _before_line(language: str) -> str:
    """What stands between an error's text and the line it stopped at, in the engine's sentence."""
    return catalogue(language).texts["run.raised_at"].partition("{detail}")[2].partition("{line}")[0]


_BRACKET = r"[(（][^()（）:：]{1,40}[:：] ?"  # an assignment's own words, such as "(your line: x = y)", in any language
_QUOTE = re.compile("|".join([*map(re.escape, map(_before_line, languages())), _BRACKET]))


def lines_quoted(message: str, source: str) -> list[int]:
    """Numbers of the lines that a message quotes, at its end, as the place where the code stopped."""
    found: list[int] = []
    for match in _QUOTE.finditer(message):
        rest = message[match.end() :].strip()
        quoted = rest[:-1] if match[0][0] in "(（" and rest.endswith((")", "）")) else rest
        if quoted:
            found += [number for number, line in enumerate(source.splitlines(), start=1) if _same(line, quoted)]
    return found[:MAX_MARKED]


def _same(line: str, quoted: str) -> bool:
    bare = line.strip()
    return bare == quoted or (len(quoted) >= 80 and bare.startswith(quoted))


_NAME = re.compile(r"[A-Za-z_]\w*")


def name_in_question(where: str | None, message: str) -> str:
    """The array that a result is about: the name in front of the worst index, in `where` or in the message."""
    in_place = _NAME.match(where or "")
    if in_place:
        return in_place[0]
    in_message = _NAME.match(message)
    return in_message[0] if in_message and message[in_message.end() :].startswith("[") else ""
