"""The `grader` command, also as `python -m grader`: settles the process before its first large import."""

from __future__ import annotations

import gc
import os

FEW_COLLECTIONS = 50_000
"""New objects between two looks for garbage. Imports make hundreds of thousands, and all of them stay."""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(FEW_COLLECTIONS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # cores are for submissions; its idle threads spin
    from .cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
