"""Numbers in the English sentences of the command line."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Say how many: "1 page", "2 pages"; `many` is for what does not end in an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
