"""Messages to values. Outside the bytes are whatever hostile code wrote: see `wire` for what is promised."""

from __future__ import annotations

import functools
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from .limits import Limits
from .wire_format import DIMENSIONS, DTYPE, HEADER, NAME_CHARACTERS, TEXT_BYTES, TREE_BYTES, Handle, WireError, is_key

# Python's hashes of these are either keyed (str, bytes) or have few values in common (int below 2**60, float).
# Colliding keys of other kinds are easy to make and cost quadratic time, so a message may hold only a few of them.
CHEAP_KEYS = (str, bytes, bool, float, type(None))
CHEAP_INT = 1 << 60
COSTLY_KEYS = 1000


def most_bytes(limits: Limits) -> int:
    """The largest message that `decode` accepts, and so the most that its caller need hold."""
    return limits.message_bytes + 16 * limits.message_nodes


def decode(message: bytes | bytearray, limits: Limits, resolve: Callable[[int], object] | None = None) -> Any:
    """The value of a message. Raises `WireError`, and nothing else, for whatever is wrong with it.

    `resolve` gives the object behind a handle (the sandbox's side); without it handles stay handles.
    """
    return _Decoder(message, limits, resolve).value()


def _small_integer(text: str) -> int:
    if len(text) > 17:
        raise WireError("integer too long for the tree")
    return int(text)


def _no_objects(pairs: object) -> None:
    raise WireError("a JSON object in the tree")


_JSON = json.JSONDecoder(object_pairs_hook=_no_objects, parse_int=_small_integer)


class _Decoder:
    def __init__(self, message: bytes | bytearray, limits: Limits, resolve: Callable[[int], object] | None) -> None:
        self.limits = limits
        self.resolve = resolve
        self.nodes = 0
        self.costly_keys = 0
        self.text = 0
        self.tree, self.buffers = self.split(memoryview(message))
        plain = self.tree.isascii() and b"\\u" not in self.tree
        self.direct = _PLAIN_TEXT_TOO if plain else _AS_IT_STANDS  # text that needs no second look

    def split(self, message: memoryview) -> tuple[bytes, list[memoryview]]:
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
        if tree.count(b"[") + tree.count(b",") > 4 * self.limits.message_nodes:
            raise WireError("too many values")
        buffers, end = [], start + tree_bytes
        for size in sizes:
            buffers.append(message[end : end + size])
            end += size
        return tree, buffers

    def value(self) -> Any:
        try:
            text = str(self.tree, "utf-8")
            tree, end = _JSON.raw_decode(text)
            if end != len(text):
                raise WireError("more than one tree")
            return self.items([tree], 0)[0]
        except WireError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError) as error:
            raise WireError(f"malformed message: {type(error).__name__}") from None

    def items(self, trees: list[Any], depth: int) -> list[Any]:
        """The values of some trees. Nearly all time goes here."""
        self.nodes += len(trees)
        if self.nodes > self.limits.message_nodes or depth > self.limits.message_depth + 2:
            raise WireError("too many values, or too deep")
        direct = self.direct
        return [tree if type(tree) in direct else self.node(tree, depth) for tree in trees]

    def node(self, tree: Any, depth: int) -> Any:
        if type(tree) is str:
            return tree if tree.isascii() else tree.encode("utf-8", "replace").decode()  # no lone surrogates
        tag, *rest = tree  # an empty list raises ValueError
        return _READERS[tag](self, rest, depth + 1)  # an unknown tag raises LookupError, a list as tag TypeError

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

    def read_dict(self, rest: list[Any], depth: int) -> dict[Any, Any]:
        parts = self.items(rest, depth)
        return dict(zip(self.keys(parts[::2]), parts[1::2], strict=True))

    def read_integer(self, rest: list[Any], depth: int) -> int:
        (text,) = rest
        if len(text) > self.limits.integer_bits // 4 + 4:
            raise WireError("integer too large")
        return int(text, 16)

    def read_complex(self, rest: list[Any], depth: int) -> complex:
        real, imag = rest
        if type(real) is not float or type(imag) is not float:
            raise WireError("complex of what is not floats")
        return complex(real, imag)

    def read_buffer(self, rest: list[Any], depth: int) -> memoryview:
        (index,) = rest
        return self.take(index)

    def read_text(self, rest: list[Any], depth: int) -> str:
        data = self.read_buffer(rest, depth)
        self.text += len(data)
        if self.text > TEXT_BYTES:
            raise WireError("too much text")
        return str(data, "utf-8", "replace")

    def take(self, index: Any) -> memoryview:
        """A buffer by its number. Each may be used once, or a small message could unfold into a huge value."""
        if type(index) is not int or not 0 <= index < len(self.buffers) or self.buffers[index] is None:
            raise WireError("no such buffer")
        data, self.buffers[index] = self.buffers[index], None
        return data

    def read_array(self, rest: list[Any], depth: int) -> np.ndarray:
        text, shape, index, order = rest
        if type(text) is not str:
            raise WireError("dtype not allowed")
        dtype = _dtype(text)
        if type(shape) is not list or len(shape) > DIMENSIONS:
            raise WireError("bad shape")
        count = 1
        for size in shape:
            if type(size) is not int or not 0 <= size < 1 << 31:
                raise WireError("bad shape")
            count *= size
        data = self.take(index)
        if dtype.itemsize == 0 or count * dtype.itemsize != len(data):
            raise WireError("shape and bytes do not agree")
        if order not in ("C", "F"):
            raise WireError("bad order")
        if not len(data):
            return np.empty(shape, dtype)
        array = np.frombuffer(data, dtype).reshape(shape, order=order).copy(order)
        # NumPy believes its memory: a bool of 2, or a character beyond Unicode, misbehaves later, far from here
        if dtype.kind == "b" and np.frombuffer(data, np.uint8).max(initial=0) > 1:
            raise WireError("a bool that is neither 0 nor 1")
        if dtype.kind == "U" and np.frombuffer(data, dtype.str[0] + "u4").max(initial=0) > 0x10FFFF:
            raise WireError("a character beyond Unicode")
        return array

    def read_scalar(self, rest: list[Any], depth: int) -> Any:
        array = self.read_array(rest, depth)
        if array.shape != ():
            raise WireError("a scalar with a shape")
        return array[()]

    def read_handle(self, rest: list[Any], depth: int) -> object:
        number, name = rest
        if type(number) is not int or type(name) is not str or len(name) > NAME_CHARACTERS:
            raise WireError("bad handle")
        return self.resolve(number) if self.resolve else Handle(number, self.node(name, depth))


@functools.lru_cache(maxsize=256)
def _dtype(text: str) -> np.dtype:
    if not DTYPE.fullmatch(text):
        raise WireError("dtype not allowed")
    return np.dtype(text)


_AS_IT_STANDS = frozenset((type(None), bool, float, int))
_PLAIN_TEXT_TOO = _AS_IT_STANDS | {str}

_READERS: dict[str, Callable[[_Decoder, list[Any], int], Any]] = {
    "l": _Decoder.items,
    "t": lambda self, rest, depth: tuple(self.items(rest, depth)),
    "s": lambda self, rest, depth: set(self.keys(self.items(rest, depth))),
    "z": lambda self, rest, depth: frozenset(self.keys(self.items(rest, depth))),
    "d": _Decoder.read_dict,
    "i": _Decoder.read_integer,
    "c": _Decoder.read_complex,
    "b": lambda self, rest, depth: bytes(self.read_buffer(rest, depth)),
    "u": _Decoder.read_text,
    "a": _Decoder.read_array,
    "n": _Decoder.read_scalar,
    "h": _Decoder.read_handle,
}
