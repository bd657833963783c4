"""What crosses between the grader and the sandbox: plain data, never code, never pickles.

A message is a tree in JSON plus raw buffers:

    uint32 bytes of the tree | uint32 number of buffers | uint64 bytes of each buffer ... | tree | buffers ...

In the tree null, true, false, integers below 2**53, floats and short strings stand for themselves; everything else is
a list whose first item is a tag. JSON objects do not occur. The decoder reads what hostile code wrote: it
checks everything, and whatever the bytes are it returns a value or raises `WireError`, in bounded time and memory: for
one message the trusted side holds at most two copies (as read, and as arrays), four times its text, eight times its
tree and 400 bytes a node. With the default limits that is 240 MiB.
"""

from __future__ import annotations

import functools
import json
import re
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from .limits import Limits

HEADER = struct.Struct("<II")
TREE_BYTES = 4 << 20  # long strings travel as buffers, so an honest tree is small
TEXT_BYTES = 8 << 20  # all strings of a message; one odd character makes Python spend four bytes on each
SHORT_STRING = 200  # characters; a longer string becomes a buffer
DIRECT_INT = 1 << 53
DIMENSIONS = 32
NAME_CHARACTERS = 200

# Python's hashes of these are either keyed (str, bytes) or have few values in common (int below 2**60, float).
# Colliding keys of other kinds are easy to make and cost quadratic time, so a message may hold only a few of them.
CHEAP_KEYS = (str, bytes, bool, float, type(None))
CHEAP_INT = 1 << 60
COSTLY_KEYS = 1000

DTYPE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|S\d{1,7}|U\d{1,7}"
    r"|[mM]8(?:\[\d{0,9}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
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


def encode(value: object, limits: Limits, opaque: Callable[[object], Handle] | None = None) -> bytes:
    """The message for `value`.

    `opaque` turns what is not plain data into a handle (the sandbox's side); without it such a value raises
    TypeError. Raises `TooLarge` when the message would exceed the limits.
    """
    return _Encoder(limits, opaque).message(value)


# sent as they are: the values of these very types, and no subclass of them
_DIRECT = frozenset((type(None), bool, float))
_TO_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class _Encoder:
    def __init__(self, limits: Limits, opaque: Callable[[object], Handle] | None) -> None:
        self.limits = limits
        self.opaque = opaque
        self.buffers: list[bytes] = []
        self.nodes = 0
        self.bytes = 0
        self.text = 0

    def message(self, value: object) -> bytes:
        tree = _TO_JSON(self.items((value,), 0)[0]).encode()
        self.count(len(tree))
        if len(tree) > TREE_BYTES:
            raise TooLarge("message_nodes", self.limits.message_nodes)
        sizes = struct.pack(f"<{len(self.buffers)}Q", *map(len, self.buffers))
        return b"".join((HEADER.pack(len(tree), len(self.buffers)), sizes, tree, *self.buffers))

    def count(self, size: int) -> None:
        self.bytes += size
        if self.bytes > self.limits.message_bytes:
            raise TooLarge("message_bytes", self.limits.message_bytes)

    def buffer(self, data: bytes) -> int:
        self.count(len(data) + 8)
        self.buffers.append(data)
        return len(self.buffers) - 1

    def items(self, values: Collection[Any], depth: int) -> list[Any]:
        """The trees of some values. Nearly all time goes here: what needs no second look is not looked at twice."""
        self.nodes += len(values)
        if self.nodes > self.limits.message_nodes:
            raise TooLarge("message_nodes", self.limits.message_nodes)
        return [
            value if type(value) in _DIRECT or (type(value) is str and len(value) <= SHORT_STRING)
            else self.node(value, depth)
            for value in values
        ]  # fmt: skip

    def node(self, value: Any, depth: int) -> Any:
        """The tree of one value. Subclasses are read through the base class, so that their methods do not run."""
        cls = type(value)
        if cls is str:
            return self.string(value)
        if cls is np.ndarray and depth <= self.limits.message_depth:
            return self.array("a", value, value)
        if isinstance(value, Handle):
            return ["h", value.id, value.type_name]
        if depth > self.limits.message_depth:
            return self.stays(value)
        if issubclass(cls, np.generic):
            return self.array("n", value, np.asarray(value))
        if issubclass(cls, np.ndarray):
            return self.array("a", value, np.ndarray.view(value, np.ndarray))
        if issubclass(cls, float):
            return float.__float__(value)
        if issubclass(cls, int):
            return self.integer(int.__int__(value))
        if issubclass(cls, str):
            return self.string(str.__str__(value))
        if issubclass(cls, bytes):
            return ["b", self.buffer(bytes.__getitem__(value, slice(None)))]
        if cls is complex:
            return ["c", value.real, value.imag]
        return self.container(value, cls, depth + 1)

    def container(self, value: Any, cls: type, depth: int) -> Any:
        if issubclass(cls, list):
            return ["l", *self.items(list.copy(value), depth)]
        if issubclass(cls, tuple):
            return ["t", *self.items(tuple.__getitem__(value, slice(None)), depth)]
        if issubclass(cls, dict):
            items = list(dict.items(value))
            if all(_is_key(key) for key, _ in items):
                return ["d", *self.items([part for pair in items for part in pair], depth)]
        elif issubclass(cls, (set, frozenset)):
            items = list((set if issubclass(cls, set) else frozenset).__iter__(value))
            if all(map(_is_key, items)):
                return ["s" if issubclass(cls, set) else "z", *self.items(items, depth)]
        return self.stays(value)

    def stays(self, value: object) -> list[Any]:
        if self.opaque is None:
            raise TypeError(f"{type_name(value)} is not plain data")
        handle = self.opaque(value)
        return ["h", handle.id, handle.type_name]

    def integer(self, value: int) -> Any:
        if -DIRECT_INT < value < DIRECT_INT:
            return value
        return ["i", hex(value)] if value.bit_length() <= self.limits.integer_bits else self.stays(value)

    def string(self, value: str) -> Any:
        if len(value) <= SHORT_STRING:
            return value
        if len(value) > TEXT_BYTES:  # before the copy: a huge string should not be copied to be refused
            raise TooLarge("message_bytes", TEXT_BYTES)
        data = value.encode("utf-8", "replace")
        self.text += len(data)
        if self.text > TEXT_BYTES:
            raise TooLarge("message_bytes", TEXT_BYTES)
        return ["u", self.buffer(data)]

    def array(self, tag: str, value: object, array: np.ndarray) -> list[Any]:
        name = _sendable(array.dtype)
        if name is None or array.ndim > DIMENSIONS:
            return self.stays(value)
        if array.nbytes > self.limits.message_bytes:
            raise TooLarge("message_bytes", self.limits.message_bytes)
        flags = array.flags
        order = "C" if flags.c_contiguous or not flags.f_contiguous else "F"  # both arrive as they were
        return [tag, name, array.shape, self.buffer(array.tobytes(order)), order]


@functools.lru_cache(maxsize=256)
def _sendable(dtype: np.dtype) -> str | None:
    """The name under which arrays of this type travel, None where they do not."""
    return dtype.str if dtype.kind in KINDS and DTYPE.fullmatch(dtype.str) else None


def _is_key(value: object) -> bool:
    if type(value) is str:
        return True
    if type(value) is tuple:
        return all(map(_is_key, value))
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic))


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
        if not _is_key(value):
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
