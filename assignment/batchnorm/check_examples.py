"""The public examples: inputs, expected values and their scales."""

import contextlib
import functools
import types
from pathlib import Path

import numpy as np

FIXTURES = Path(__file__).with_name("public_fixtures.npz")


@functools.cache
def _fixtures():
    examples = {}
    with np.load(FIXTURES, allow_pickle=False) as file:
        for key in file.files:
            group, name = key.split("__")
            array = file[key]
            array.flags.writeable = False
            examples.setdefault(group, {})[name] = array if array.ndim else float(array)
    return examples


with contextlib.suppress(Exception):  # where they are missing or damaged, `first_check` says so
    _fixtures()  # here and now: who starts many processes from this one, as the grader does, reads them once


def public(group):
    """The public example `group`: inputs, expected values and their scales, by name. The arrays are read-only."""
    return types.SimpleNamespace(**_fixtures()[group])
