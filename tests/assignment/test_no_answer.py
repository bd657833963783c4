"""Does any public file compute what a student has to compute?"""

import ast

import pytest

from . import notebook

TRIVIAL = 12  # nodes; smaller statements (`return out, cache`, `n = len(x)`) belong to everybody


class _Anonymous(ast.NodeTransformer):
    """Give all names the same name, so that a renamed answer is still an answer."""

    def visit_Name(self, node):
        return ast.Name(id="_", ctx=ast.Load())

    def visit_arg(self, node):
        return ast.arg(arg="_")


def statements(source: str) -> set[str]:
    """The statements and right-hand sides of a piece of code that are large enough to mean something, without names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return)) and node.value is not None:
            parts = [node.value]
        elif isinstance(node, (ast.BinOp, ast.Call)):
            parts = [node]
        else:
            continue
        for part in parts:
            if sum(1 for _ in ast.walk(part)) >= TRIVIAL:
                found.add(ast.dump(_Anonymous().visit(ast.parse(ast.unparse(part), mode="eval"))))
    return found


def public_sources():
    for path in sorted(notebook.ROOM.glob("*.py")):
        yield path.name, path.read_text(encoding="utf-8")
    for cell in notebook.read().cells:
        if cell.cell_type == "code":
            yield f"cell {cell.id}", cell.source


@pytest.mark.parametrize(("name", "source"), [pytest.param(n, s, id=n) for n, s in public_sources()])
def test_no_statement_of_the_solution_is_public(name, source):
    """Does a helper or a cell contain an expression of the reference solution, whatever its names?"""
    answers = statements(notebook.REFERENCE.read_text(encoding="utf-8"))
    assert answers
    assert not statements(source) & answers


def test_a_renamed_answer_would_be_found():
    """Would this test notice a line of the solution under other names?"""
    line = "z = (a * 2.0 - b.sum(axis=0)) / np.sqrt(c + d)"
    renamed = "def f():\n    return (q * 2.0 - r.sum(axis=0)) / np.sqrt(s + t)"
    assert statements(line) & statements(renamed)


@pytest.mark.parametrize("word", ["BEGIN SOLUTION", "HIDDEN TESTS", "solutions."])
def test_no_marker_of_a_solution_is_left(word):
    """Does a word that only an author writes stand in a public file?"""
    for name, source in public_sources():
        assert word not in source, name
