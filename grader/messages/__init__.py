"""Every sentence a student reads, of pages and of the engine, by language: `en.toml`, `ko.toml`, `zh.toml`.

One key per sentence, with named fields in braces. Status words, ids and names of arrays are the same in every language.
A key that a language lacks is read from English, so a translation can grow. A page is given its `catalogue`; the engine
calls `say` anywhere below `speaking`, which grading a submission enters with the language of the release.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

ENGLISH = "en"

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language. `language` is its code, as in `<html lang>`."""

    language: str
    texts: dict[str, str]

    def __call__(self, key: str, /, **fields: object) -> str:
        """Return the sentence `key` with its fields filled in: `key_one` for a count of 1, where there is such a one.

        Raises KeyError for an unknown key.
        """
        one = self.texts.get(f"{key}_one") if fields.get("count") == 1 else None
        return (one or self.texts[key]).format(**fields)


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages there are."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@cache
def catalogue(language: str = ENGLISH) -> Catalogue:
    """Return the texts of a language. Raises ValueError that lists the languages there are."""
    if language not in languages():
        raise ValueError(f"there are no texts in '{language}'; languages: {', '.join(languages())}")
    return Catalogue(language, {**read_texts(ENGLISH), **read_texts(language)})


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have `say` speak a language; English where there are no texts in it, since a grade does not wait for them."""
    before = _language.set(language if language in languages() else ENGLISH)
    try:
        yield
    finally:
        _language.reset(before)


def say(key: str, /, **fields: object) -> str:
    """Return the sentence `key` in the language that is spoken. Raises KeyError for an unknown key."""
    return catalogue(_language.get())(key, **fields)


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence to be said later, where the language is known. As text it is in the language spoken then."""

    key: str
    fields: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(self.key, **self.fields)


def read_texts(language: str) -> dict[str, str]:
    """The texts of one file alone, keys as 'table.name'."""
    text = resources.files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def _flat(table: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
