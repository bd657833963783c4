"""Messages to values. Outside the bytes are whatever hostile code wrote: see `wire` for what is promised."""

from __future__ import annotations

import functools
import json
import re
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from .limits import Limits
from .wire_format import (
    DIMENSIONS,
    DIRECT_INT,
    DTYPE,
    HEADER,
    NAME_CHARACTERS,
    TEXT_BYTES,
    TREE_BYTES,
    Handle,
    WireError,
    is_key,
)

# Python's hashes of these are either keyed (str, bytes) or have few values in common (int below 2**60, float).
# Colliding keys of other kinds are easy to make and cost quadratic time, so a message may hold only a few of them.
CHEAP_KEYS = (str, bytes, bool, float, type(None))
CHEAP_INT = 1 << 60
COSTLY_KEYS = 1000


def most_bytes(limits: Limits) -> int:
    """The largest message that `decode` accepts, and so the most that its caller need hold."""
    return limits.message_bytes + 16 * limits.message_nodes


def decode(message: bytes | bytearray, limits: Limits) -> Any:
    """The value of a message. Raises `WireError`, and nothing else, for whatever is wrong with it."""
    return _Decoder(message, limits).value()


def _small_integer(text: str) -> int:
    if len(text) > 17:
        raise WireError("integer too long for the tree")
    return int(text)


# the second half of a character without its first, or the other way round; an even number of backslashes is text
_HALF_CHARACTER = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)  # matches wherever it starts: linear
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def _nesting(tree: bytes) -> int:
    """How deep brackets are nested, those in strings included."""
    return int(_STEPS[np.frombuffer(tree, np.uint8)].cumsum(dtype=np.int32).max(initial=0))


class _Decoder:
    """JSON's own decoder builds the tree; what is tagged becomes a value as soon as its object is complete."""

    def __init__(self, message: bytes | bytearray, limits: Limits) -> None:
        self.limits = limits
        self.costly_keys = 0
        self.text = 0
        self.tree, self.buffers = self.split(memoryview(message))

    def split(self, message: memoryview) -> tuple[bytes, deque[memoryview]]:
        if not HEADER.size <= len(message) <= most_bytes(self.limits):
            raise WireError("message too short or too long")
        tree_bytes, count = HEADER.unpack_from(message)
        start = HEADER.size + 8 * count
        if tree_bytes > TREE_BYTES or count > self.limits.message_nodes or start > len(message):
            raise WireError("bad header")
        sizes = struct.unpack_from(f"<{count}Q", message, HEADER.size)
        if start + tree_bytes + sum(sizes) != len(message):
            raise WireError("the sizes do not add up")
        tree = bytes(message[start : start + tree_bytes])
        # every value but the first comes after a comma or a bracket: counted before anything is built
        brackets = tree.count(b"[") + tree.count(b"{")
        if brackets + tree.count(b",") > 4 * self.limits.message_nodes:
            raise WireError("too many values")
        deepest = 2 * (self.limits.message_depth + 1) + 3  # containers and their tags, and an array in the innermost
        if brackets > deepest and _nesting(tree) > deepest and _nesting(_STRING.sub(b"", tree)) > deepest:
            raise WireError("too deep")
        buffers, end = deque[memoryview](), start + tree_bytes
        for size in sizes:
            buffers.append(message[end : end + size])
            end += size
        return tree, buffers

    def value(self) -> Any:
        readers = {tag: functools.partial(read, self) for tag, read in _READERS.items()}

        def tagged(pairs: list[tuple[str, Any]]) -> Any:
            ((tag, rest),) = pairs  # an object of another length raises ValueError
            if tag == "a":  # nearly all there is, with the next
                return self.read_array(rest)
            if tag == "t" and type(rest) is list:
                return tuple(rest)
            return readers[tag](rest)  # an unknown tag raises LookupError

        try:
            text = str(self.tree, "utf-8")
            if "\\u" in text and _HALF_CHARACTER.search(text):
                raise WireError("half a character")
            value, end = json.JSONDecoder(object_pairs_hook=tagged, parse_int=_small_integer).raw_decode(text)
        except WireError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError) as error:
            raise WireError(f"malformed message: {type(error).__name__}") from None
        if end != len(text) or self.buffers:
            raise WireError("more than one value")
        return value

    def items(self, rest: Any) -> list[Any]:
        if type(rest) is not list:
            raise WireError("a container of something else than a list")
        return rest

    def keys(self, values: list[Any]) -> list[Any]:
        """`values`, all of which can be keys that do not collide on purpose."""
        for value in values:
            if type(value) is not str:
                self.check_key(value)
        return values

    def check_key(self, value: Any) -> None:
        if not is_key(value):
            raise WireError("unhashable key")
        if not (isinstance(value, CHEAP_KEYS) or (type(value) is int and abs(value) < CHEAP_INT)):
            self.costly_keys += 1
            if self.costly_keys > COSTLY_KEYS:
                raise WireError("too many keys whose hashes may collide")

    def read_dict(self, rest: Any) -> dict[Any, Any]:
        parts = self.items(rest)
        return dict(zip(self.keys(parts[::2]), parts[1::2], strict=True))

    def read_integer(self, text: Any) -> int:
        if len(text) > self.limits.integer_bits // 4 + 4:
            raise WireError("integer too large")
        return int(text, 16)

    def read_complex(self, rest: Any) -> complex:
        real, imag = rest
        if type(real) is not float or type(imag) is not float:
            raise WireError("complex of what is not floats")
        return complex(real, imag)

    def read_bytes(self, size: Any) -> bytes:
        return bytes(self.buffer(size))

    def read_text(self, size: Any) -> str:
        data = self.buffer(size)
        self.text += len(data)
        if self.text > TEXT_BYTES:
            raise WireError("too much text")
        return str(data, "utf-8", "replace")

    def buffer(self, size: Any) -> memoryview:
        """The next buffer. Each is used once, or a small message could unfold into a huge value."""
        if type(size) is not int or not self.buffers or len(self.buffers[0]) != size:
            raise WireError("no such buffer")
        return self.buffers.popleft()

    def read_array(self, rest: Any, order: str = "C") -> np.ndarray:
        text, shape = rest
        dtype = _dtype(text)
        if type(shape) is not list or len(shape) > DIMENSIONS or not self.buffers:
            raise WireError("bad shape")
        data = self.buffers.popleft()
        array = np.ndarray(shape, dtype, data, order=order)  # raises where bytes are missing, or a size is odd
        if dtype.itemsize == 0 or array.nbytes != len(data):
            raise WireError("shape and bytes do not agree")
        # NumPy believes its memory: a bool of 2, or a character beyond Unicode, misbehaves later, far from here
        if dtype.kind == "b" and np.frombuffer(data, np.uint8).max(initial=0) > 1:
            raise WireError("a bool that is neither 0 nor 1")
        if dtype.kind == "U" and np.frombuffer(data, dtype.str[0] + "u4").max(initial=0) > 0x10FFFF:
            raise WireError("a character beyond Unicode")
        return array.copy(order)

    def read_fortran_array(self, rest: Any) -> np.ndarray:
        return self.read_array(rest, "F")

    def read_scalar(self, rest: Any) -> Any:
        return self.read_array([rest, []])[()]

    def read_handle(self, rest: Any) -> Handle:
        number, name = rest
        # numbers that are larger could be chosen to collide where handles are kept by them
        if type(number) is not int or abs(number) >= DIRECT_INT:
            raise WireError("bad handle")
        if type(name) is not str or len(name) > NAME_CHARACTERS:
            raise WireError("bad handle")
        return Handle(number, name)


@functools.lru_cache(maxsize=256)
def _dtype(text: Any) -> np.dtype:
    if type(text) is not str or not DTYPE.fullmatch(text):
        raise WireError("dtype not allowed")
    return np.dtype(text)


_READERS: dict[str, Callable[[_Decoder, Any], Any]] = {
    "t": lambda self, rest: tuple(self.items(rest)),
    "s": lambda self, rest: set(self.keys(self.items(rest))),
    "z": lambda self, rest: frozenset(self.keys(self.items(rest))),
    "d": _Decoder.read_dict,
    "i": _Decoder.read_integer,
    "c": _Decoder.read_complex,
    "b": _Decoder.read_bytes,
    "u": _Decoder.read_text,
    "a": _Decoder.read_array,
    "f": _Decoder.read_fortran_array,
    "n": _Decoder.read_scalar,
    "h": _Decoder.read_handle,
}
