"""What both ends of the wire agree on: sizes, tags of arrays, handles, errors. The format itself stands in `wire`."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np

HEADER = struct.Struct("<II")
TREE_BYTES = 4 << 20  # long strings travel as buffers, so an honest tree is small
TEXT_BYTES = 8 << 20  # all strings of a message; one odd character makes Python spend four bytes on each
SHORT_STRING = 200  # characters; a longer string becomes a buffer
DIRECT_INT = 1 << 53
DIMENSIONS = 32
NAME_CHARACTERS = 200

DTYPE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|S\d{1,7}|U\d{1,7}"
    # NumPy divides by a unit's count when it compares: of no seconds, by zero, and the process is gone
    r"|[mM]8(?:\[(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)
KINDS = "biufcSUMm"


class WireError(ValueError):
    """The message is malformed, or larger than the limits allow."""


class TooLarge(WireError):
    """A value to be sent exceeds a limit. `limit` is the name of the `Limits` field."""

    def __init__(self, limit: str, value: float) -> None:
        super().__init__(f"more than {value} ({limit})")
        self.limit = limit
        self.value = value


@dataclass(frozen=True, slots=True)
class Handle:
    """An object that stays in the sandbox. It can be handed back to a later call, and nothing else."""

    id: int
    type_name: str


EARLIER_ITEMS = 64  # how many items of one earlier result a batch can refer to


def earlier(call: int, item: int) -> Handle:
    """Within a batch: item `item` of the tuple that call number `call` returns."""
    return Handle(-(call * EARLIER_ITEMS + item + 1), "earlier")


def earlier_item(number: int) -> tuple[int, int]:
    """(call, item) of a handle that `earlier` made."""
    return divmod(-number - 1, EARLIER_ITEMS)


def type_name(value: object) -> str:
    """The qualified name of the value's class, without asking the class itself (which may lie or raise)."""
    cls = type(value)
    name = type.__dict__["__qualname__"].__get__(cls)
    module = type.__dict__["__module__"].__get__(cls)
    text = name if module in ("builtins", "__main__") or not isinstance(module, str) else f"{module}.{name}"
    return text[:NAME_CHARACTERS]


def is_key(value: object) -> bool:
    if type(value) is str:
        return True
    if type(value) is tuple:
        return all(map(is_key, value))
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return False  # two of different units are compared, and so converted, where they collide
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic))
