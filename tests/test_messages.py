"""The catalogue: every text that is asked for is there, and translations fit it."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import grader
from grader.messages import catalogue, languages, read_texts
from grader.verdict import Status

ENGLISH = read_texts("en")
ROOT = Path(grader.__file__).parent
ASKED = {
    key
    for path in [*ROOT.rglob("*.j2"), *ROOT.rglob("*.py")]
    for quoted in re.findall(r"""\bsay\(((?:"[a-z_.]+"(?: if [^)]*? else )?)+)""", path.read_text(encoding="utf-8"))
    for key in re.findall(r'"([a-z_]+\.[a-z_]+)"', quoted)
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_that_is_asked_for_is_there() -> None:
    """Could a page fail for want of a sentence?"""
    assert len(ASKED) > 30
    assert ENGLISH.keys() >= ASKED
    assert ENGLISH.keys() >= {f"status.{status}" for status in Status}


def test_no_text_is_left_over() -> None:
    """Is each sentence of the catalogue used somewhere?"""
    assert ENGLISH.keys() <= ASKED | {f"status.{status}" for status in Status}


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
