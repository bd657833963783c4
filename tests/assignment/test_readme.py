"""What students are told beside the notebook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.sandbox.limits import MEANING, MIB, Limits

ROOM = Path(__file__).resolve().parents[2] / "assignment" / "batchnorm"
README = ROOM / "README.md"
TRANSLATED = sorted((ROOM / "translations").glob("README.*.md"))


def test_students_read_every_limit_that_their_code_is_graded_with() -> None:
    """Does the list stand in the hand-out, with today's numbers and in the words of the messages?"""
    listed = [line.removeprefix("- ") for line in README.read_text(encoding="utf-8").splitlines()]
    limits = Limits()
    for name, words in MEANING.items():
        value = getattr(limits, name)
        line = f"{value / MIB:g} MiB{words.removeprefix('bytes')}" if name.endswith("_bytes") else f"{value:g} {words}"
        assert line in listed


def fixed_parts(text: str) -> tuple[list[str], list[str]]:
    """What a translation leaves alone: code in the order of the text, and the number of each limit in the list."""
    listed = [line for line in text.splitlines() if re.match("- .*[0-9]", line)]
    return re.findall(r"`[^`]+`", text), [re.search(r"\d+", line)[0] for line in listed]


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.name)
def test_translated_readme_names_the_same_files_and_limits(path: Path) -> None:
    """Does a student of another language read the same numbers, in the same order?"""
    english, translated = (fixed_parts(each.read_text(encoding="utf-8")) for each in (README, path))
    assert sorted(translated[0]) == sorted(english[0])
    assert translated[1] == english[1]
    assert len(english[1]) == len(MEANING)


def test_there_is_a_readme_in_every_language() -> None:
    """Is the hand-out of a translated release wholly in that language?"""
    languages = {path.stem for path in (ROOM / "translations").glob("*.toml")}
    assert {path.name for path in TRANSLATED} == {f"README.{language}.md" for language in languages}
