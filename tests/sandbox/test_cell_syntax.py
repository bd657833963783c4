"""Are cells read as IPython reads them, although plain Python is not taken into tokens first?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from grader.sandbox.host import Child
from grader.sandbox.shell import Transformers

SOURCES = [
    "x = 1\nprint(x)", "x = 7 % 3", "y != x", "a = (1\n  % 2)", "s = '''\n%time\n'''", "# why?\nx = 1",
    "x = 1  # why?", "%time x = 1", "  %time x = 1", "if True:\n    %time x = 1", "if True:\n\t!ls", "x = %pwd",
    "x=%pwd", "x =   %pwd", "x = !ls",
    "x =!ls", "x = \\\n  %pwd", "a, b = !ls", "f(a)[0] = %pwd", "x?", "x??", "?x", "x.y?  ",
    "if True:\n    x?", "/print 1", ",f a b", ";f a b", "!ls", "!!ls", "%%time\nx = 1", "%%bash\nls", "x = '?'",
    "f = lambda: 3 if a else %b", ">>> x = 1\n>>> %pwd", "In [1]: x = 1", "   x = 1\n   y = 2", "def f(:\n  %pwd",
    "x = (\n%pwd", "'''open", "x = 1;\n%pwd", "x\\\n?", "a\x0c\n%pwd", "\r\n%pwd", "\u2028%pwd", "x = 1\r%pwd",
    "\ufeff%pwd", "x\u3000?", "%", "?", "!", "", " ", "x =\t!ls", "x = \x0c%pwd", "x? # help", "x = 1; y?", "print(x)?",
    "#\x0c%", "#\x0b%pwd", "x = 1\ry?",
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_own_syntax_is_found_wherever_ipython_finds_it(source: str) -> None:
    assert Transformers().transform_cell(source) == TransformerManager().transform_cell(source)


PARTS = [*"%!?,;/=\\ \t\n'\"()x#:", "if x:\n  ", "pwd", "'''", " = ", "\n\n", "\x0c", "$", "\r", "\x0b"]


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@settings(max_examples=2000, deadline=None)
def test_own_syntax_is_found_in_any_text(source: str) -> None:
    try:
        wanted = TransformerManager().transform_cell(source)
    except (SyntaxError, IndexError):  # what no compiler takes, and what IPython itself stumbles over
        return
    assert Transformers().transform_cell(source) == wanted


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("import asyncio\nawait asyncio.sleep(0)\nprint('done')", "done\n"),
        ("async def f():\n    return 5\nprint(await f())", "5\n"),
        ("text = 'await'\nprint(text)", "await\n"),
        ("x = %pwd\nprint(type(x).__name__)", "str\n"),
    ],
)
def test_cells_that_are_more_than_python_run(child: Child, source: str, printed: str) -> None:
    assert [output["text"] for output in child.run_cell(source).outputs] == [printed]


def test_broken_indentation_is_said_as_python_says_it(child: Child) -> None:
    run = child.run_cell("def f():\n    x = 1\n  return x")
    assert not run.ok
    assert run.outputs[0]["ename"] == "IndentationError"
    assert "unindent does not match any outer indentation level" in run.outputs[0]["evalue"]
