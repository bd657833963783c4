"""A translation has every text of the source, and leaves alone what is not language: formulas, code, fields, links."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest
from check_text import TEXT

from solutions.batchnorm.texts import HINTS, MESSAGES, TITLES

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "assignment" / "batchnorm" / "batchnorm.ipynb"
STUDENT_SIDE = sorted((ROOT / "assignment" / "batchnorm" / "translations").glob("*.toml"))
SECRET_SIDE = sorted((ROOT / "solutions" / "batchnorm" / "translations").glob("*.toml"))

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
CODE = re.compile(r"(`+)(.+?)\1")
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.S)
INLINE = re.compile(r"\$([^$\n]+)\$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
STATUS = re.compile(r"\b(PASS|FAIL|ERROR|NOT_ATTEMPTED|BLOCKED|TIMEOUT)(?![A-Za-z_])")
HEADING = re.compile(r"^(#+) ((?:B\.)?\d[\d.]*(?: ·)?)?", re.M)


def english_cells() -> dict[str, str]:
    """Return the Markdown cells of the notebook by their id."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"}


def read(path: Path) -> dict:
    """Return the tables of one language file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def fixed_parts(markdown: str) -> Counter:
    """Count what a translation has to keep: each kind is taken out before the next one is looked for."""
    parts: Counter = Counter()
    rest = markdown
    for kind, pattern in [("fence", FENCE), ("code", CODE), ("display", DISPLAY), ("inline", INLINE), ("link", LINK)]:
        parts.update((kind, match.group(0)) for match in pattern.finditer(rest))
        rest = pattern.sub("", rest)
    parts.update(("status", match.group(1)) for match in STATUS.finditer(rest))
    parts.update(("heading", match.group(1), match.group(2)) for match in HEADING.finditer(rest))
    return parts


def fields(sentence: str) -> Counter:
    """Count the named fields, each with its conversion and its format."""
    return Counter((name, how, form) for _, name, form, how in Formatter().parse(sentence) if name is not None)


def differences(english: dict[str, str], translated: dict[str, str], count) -> dict[str, tuple[list, list]]:
    """Return, by key, what a translation has lost and what it has added; keys on one side only are left out."""
    found = {}
    for key in english.keys() & translated.keys():
        source, target = count(english[key]), count(translated[key])
        if source != target:
            found[key] = (list((source - target).elements()), list((target - source).elements()))
    return found


def check_sentences(english: dict[str, str], translated: dict[str, str]) -> None:
    """Assert that the sentences are complete, no more than that, and keep their fields and their code."""
    assert english.keys() - translated.keys() == set()
    assert translated.keys() - english.keys() == set()
    assert differences(english, translated, fields) == {}
    assert differences(english, translated, fixed_parts) == {}
    assert [key for key, sentence in translated.items() if not sentence.strip()] == []


@pytest.mark.parametrize("path", STUDENT_SIDE, ids=lambda path: path.stem)
class TestStudentSide:
    def test_it_has_the_two_tables(self, path):
        assert read(path).keys() == {"cells", "texts"}

    def test_no_cell_is_missing(self, path):
        # it may have cells that are not in the notebook yet
        assert english_cells().keys() - read(path)["cells"].keys() == set()

    def test_cells_keep_formulas_code_links_and_headings(self, path):
        assert differences(english_cells(), read(path)["cells"], fixed_parts) == {}

    def test_sentences_of_the_checks(self, path):
        check_sentences(TEXT, read(path)["texts"])


@pytest.mark.parametrize("path", SECRET_SIDE, ids=lambda path: path.stem)
class TestSecretSide:
    def test_it_has_the_three_tables(self, path):
        assert read(path).keys() == {"titles", "messages", "hints"}

    @pytest.mark.parametrize(("table", "english"), [("titles", TITLES), ("messages", MESSAGES), ("hints", HINTS)])
    def test_sentences_of_the_hidden_cases(self, path, table, english):
        check_sentences(english, read(path)[table])


def test_a_lost_formula_and_a_changed_field_are_noticed():
    assert differences({"a": r"## 1 · $x$ and `y`"}, {"a": r"## 1 · $z$ und `y`"}, fixed_parts).keys() == {"a"}
    assert differences({"a": "## 1 · One"}, {"a": "## 2 · Eins"}, fixed_parts).keys() == {"a"}
    assert differences({"a": "{ratio:.1e} of {n}"}, {"a": "{n}: {ratio}"}, fields).keys() == {"a"}
    assert differences({"a": "{got}, not {wanted}"}, {"a": "{wanted}: {got}"}, fields) == {}
