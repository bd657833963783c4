"""Is every sentence of the checks in the catalogue, and every sentence of the catalogue used?"""

import ast
import string

import check_text
import pytest

from . import notebook


def calls():
    """(function, first argument) of every call of `say`, `wrong` and `judge` in the public modules."""
    for path in sorted(notebook.ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                yield node.func.id, node.args[0]


def used() -> set[str]:
    """Keys that are asked for by name; a row asks for its title and, with a question mark, its question."""
    keys = set()
    for function, argument in calls():
        names = [
            leaf.value for leaf in ast.walk(argument) if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
        ]
        if function in ("say", "wrong"):
            keys.update(names)
        if function == "wrong":  # a sentence about the form of an answer asks a question of its own
            keys.update({f"{name}?" for name in names} & set(check_text.TEXT))
        if function == "judge":
            keys.update(names + [f"{name}?" for name in names])
    keys.update(f"table.{column}" for column in ("status", "check", "expected", "got", "where", "ratio", "points"))
    return keys


def test_every_sentence_that_is_asked_for_exists():
    """Could a check stop because nobody wrote what it wants to say? (Rows of the first check ask no question.)"""
    missing = used() - set(check_text.TEXT)
    assert missing - {"table.", "", "python?", "numpy?", "fixtures?", "?"} == set()


def test_every_sentence_is_used():
    """Would a translator work for nothing?"""
    dynamic = {"python_old", "numpy_old"}  # handed on as an argument
    assert set(check_text.TEXT) - used() - dynamic == set()


@pytest.mark.parametrize("key", [key for key in check_text.TEXT if key.endswith("?")])
def test_every_hint_is_a_question(key):
    """Does a hint ask, instead of telling?"""
    assert check_text.TEXT[key].rstrip("'").endswith("?")
    assert not list(filter(None, (field for _, field, _, _ in string.Formatter().parse(check_text.TEXT[key]))))
