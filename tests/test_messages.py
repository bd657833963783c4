"""The catalogue: every text that is asked for is there, and translations fit it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader.messages import catalogue, languages, read_texts, say, speaking
from grader.sandbox.limits import MEANING
from grader.verdict import Status

ENGLISH = read_texts("en")
ROOT = Path(grader.__file__).parent
CAUSES = ("exited", "crashed", "killed", "closed")
COMPOSED = {  # keys that code puts together
    *(f"status.{status}" for status in Status),
    *(f"limits.{name}" for name in MEANING),
    *(f"died.{cause}" for cause in CAUSES),
}
SPEAKING = [path for path in ROOT.rglob("*.py") if "messages import" in path.read_text(encoding="utf-8")]
FOR_INSTRUCTORS = "The grader failed, not the submission: {}"


def asked_in_templates() -> Iterator[str]:
    for path in [*ROOT.rglob("*.j2"), *SPEAKING]:
        text = path.read_text(encoding="utf-8")
        for quoted in re.findall(r"""\bsay\(((?:"[a-z_.]+"(?: if [^)]*? else )?)+)""", text):
            yield from re.findall(r'"([a-z_]+\.[a-z_]+)"', quoted)


def asked_in_code() -> Iterator[str]:
    """Keys in calls of `say`, of a method `_say`, and of `Message`, each of them written out or a choice of two."""
    for path in SPEAKING:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {node.targets[0].id: node.value for node in ast.walk(tree) if is_plain_assignment(node)}
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", ""))
            if not isinstance(node, ast.Call) or name not in ("say", "_say", "Message") or passed_on(node):
                continue
            key = known.get(node.args[0].id) if isinstance(node.args[0], ast.Name) else node.args[0]
            choices = [key.body, key.orelse] if isinstance(key, ast.IfExp) else [key]
            for choice in choices:
                if isinstance(choice, ast.JoinedStr):
                    assert any(composed.startswith(choice.values[0].value) for composed in COMPOSED), path
                else:
                    assert isinstance(choice, ast.Constant), f"{path}:{node.lineno} asks for what no test can look up"
                    yield choice.value


def is_plain_assignment(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)


def passed_on(call: ast.Call) -> bool:
    """A function that hands its own key on: Message.__str__, and _say of a class."""
    return ast.unparse(call.args[0]) in ("self.key", "key") and any(word.arg is None for word in call.keywords)


ASKED = {*asked_in_templates(), *asked_in_code()}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_that_is_asked_for_is_there() -> None:
    """Could a page fail for want of a sentence?"""
    assert len(ASKED) > 100
    assert ENGLISH.keys() >= ASKED | COMPOSED


def test_one_is_not_counted_like_many() -> None:
    """Does a page say '1 check', and '0 checks'?"""
    assert [catalogue("en")("section.count", count=count) for count in (0, 1, 2)] == ["0 checks", "1 check", "2 checks"]


def test_no_text_is_left_over() -> None:
    """Is each sentence of the catalogue used somewhere?"""
    assert {key.removesuffix("_one") for key in ENGLISH} <= ASKED | COMPOSED


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_translation_has_the_same_keys_and_fields(language: str) -> None:
    """Does a translation say everything, with the same fields?"""
    texts = read_texts(language)
    assert texts.keys() == ENGLISH.keys()
    for key, text in texts.items():
        assert fields(text) == fields(ENGLISH[key]), key
        assert text != ENGLISH[key], key


def test_unknown_language_lists_what_there_is() -> None:
    """Does a wrong code say which are right?"""
    with pytest.raises(ValueError, match="en, ko, zh"):
        catalogue("tlh")


ENGINE = "read_notebook submitted matching answer_text student testcell grade gradescope_run"


@pytest.mark.parametrize("module", ENGINE.split())
def test_engine_says_nothing_that_is_not_in_the_catalogue(module: str) -> None:
    """Could a sentence in English reach a student of a Korean course?"""
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    silent = {id(part) for node in ast.walk(tree) for part in never_read_by_students(node)}
    for node in ast.walk(tree):
        if id(node) not in silent and isinstance(node, ast.Constant | ast.JoinedStr):
            text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", "", text_of(node))  # the words of a template alone
            assert text == FOR_INSTRUCTORS or not re.search(r"[A-Za-z']+,? [a-z']+ [a-z']+", text), text


def text_of(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def never_read_by_students(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, an author's mistakes, what is printed, and the parts of an f-string, which is looked at whole."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("ValueError", "print"):
        yield from ast.walk(node)
    elif isinstance(node, ast.JoinedStr):
        yield from (part for part in ast.walk(node) if isinstance(part, ast.Constant))


@pytest.mark.parametrize("name", MEANING)
def test_limits_are_called_what_the_sandbox_calls_them(name: str) -> None:
    """Do a student's page and the instructor's commands speak of the same limit?"""
    assert f"more than {{value}} {MEANING[name]}" in ENGLISH[f"limits.{name}"] or (
        f"within {{value}} {MEANING[name]}" in ENGLISH[f"limits.{name}"] and name.endswith("_seconds")
    )


def test_language_is_spoken_inside_only_and_english_where_there_are_no_texts() -> None:
    """Can one class's language leak into the next submission, or an unknown one stop a grade?"""
    with speaking("ko"):
        with speaking("tlh"):
            assert say("unreadable.none") == ENGLISH["unreadable.none"]
        assert say("unreadable.none") == read_texts("ko")["unreadable.none"]
    assert say("unreadable.none") == ENGLISH["unreadable.none"]
