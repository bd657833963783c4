"""Values to messages. The sandbox's side runs this among student code, so nothing of a value's own class is called."""

from __future__ import annotations

import functools
import json
import struct
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from .limits import Limits
from .wire_format import (
    DIMENSIONS,
    DIRECT_INT,
    DTYPE,
    HEADER,
    KINDS,
    SHORT_STRING,
    TEXT_BYTES,
    TREE_BYTES,
    Handle,
    TooLarge,
    is_key,
    type_name,
)


def encode(value: object, limits: Limits, opaque: Callable[[object], Handle] | None = None) -> bytes:
    """The message for `value`.

    `opaque` turns what is not plain data into a handle (the sandbox's side); without it such a value raises
    TypeError. Raises `TooLarge` when the message would exceed the limits.
    """
    encoder = Encoder(limits, opaque)
    return encoder.message(encoder.tree(value))


# sent as they are: the values of these very types, and no subclass of them
_DIRECT = frozenset((type(None), bool, float))
_TO_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=False).encode


class Encoder:
    """One message in the making: trees of its parts, then the message."""

    def __init__(self, limits: Limits, opaque: Callable[[object], Handle] | None) -> None:
        self.limits = limits
        self.opaque = opaque
        self.buffers: list[bytes] = []
        self.nodes = 0
        self.bytes = 0
        self.text = 0

    def tree(self, value: object) -> Any:
        """The tree of a value, its buffers taken along. What raises `TooLarge` has left nothing behind."""
        before = self.nodes, self.bytes, self.text, len(self.buffers)
        try:
            return self.items((value,), 0)[0]
        except TooLarge:
            self.nodes, self.bytes, self.text, buffers = before
            del self.buffers[buffers:]
            raise

    def message(self, tree: Any) -> bytes:
        text = _TO_JSON(tree).encode("utf-8", "replace")
        self.count(len(text))
        if len(text) > TREE_BYTES:
            raise TooLarge("message_nodes", self.limits.message_nodes)
        sizes = struct.pack(f"<{len(self.buffers)}Q", *map(len, self.buffers))
        return b"".join((HEADER.pack(len(text), len(self.buffers)), sizes, text, *self.buffers))

    def count(self, size: int) -> None:
        self.bytes += size
        if self.bytes > self.limits.message_bytes:
            raise TooLarge("message_bytes", self.limits.message_bytes)

    def buffer(self, data: bytes) -> int:
        self.count(len(data) + 8)
        self.buffers.append(data)
        return len(data)

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
            return self.array(value, value)
        if isinstance(value, Handle):
            return {"h": [value.id, value.type_name]}
        if depth > self.limits.message_depth:
            return self.stays(value)
        if issubclass(cls, np.generic):
            return self.scalar(value)
        if issubclass(cls, np.ndarray):
            return self.array(value, np.ndarray.view(value, np.ndarray))
        if issubclass(cls, float):
            return float.__float__(value)
        if issubclass(cls, int):
            return self.integer(int.__int__(value))
        if issubclass(cls, str):
            return self.string(str.__str__(value))
        if issubclass(cls, bytes):
            return {"b": self.buffer(bytes.__getitem__(value, slice(None)))}
        if cls is complex:
            return {"c": [value.real, value.imag]}
        return self.container(value, cls, depth + 1)

    def container(self, value: Any, cls: type, depth: int) -> Any:
        if issubclass(cls, list):
            return self.items(list.copy(value), depth)
        if issubclass(cls, tuple):
            return {"t": self.items(tuple.__getitem__(value, slice(None)), depth)}
        if issubclass(cls, dict):
            items = list(dict.items(value))
            if all(is_key(key) for key, _ in items):
                return {"d": self.items([part for pair in items for part in pair], depth)}
        elif issubclass(cls, (set, frozenset)):
            items = list((set if issubclass(cls, set) else frozenset).__iter__(value))
            if all(map(is_key, items)):
                return {"s" if issubclass(cls, set) else "z": self.items(items, depth)}
        return self.stays(value)

    def stays(self, value: object) -> Any:
        if self.opaque is None:
            raise TypeError(f"{type_name(value)} is not plain data")
        handle = self.opaque(value)
        return {"h": [handle.id, handle.type_name]}

    def integer(self, value: int) -> Any:
        if -DIRECT_INT < value < DIRECT_INT:
            return value
        return {"i": hex(value)} if value.bit_length() <= self.limits.integer_bits else self.stays(value)

    def string(self, value: str) -> Any:
        if len(value) <= SHORT_STRING:
            return value
        if len(value) > TEXT_BYTES:  # before the copy: a huge string should not be copied to be refused
            raise TooLarge("message_bytes", TEXT_BYTES)
        data = value.encode("utf-8", "replace")
        self.text += len(data)
        if self.text > TEXT_BYTES:
            raise TooLarge("message_bytes", TEXT_BYTES)
        return {"u": self.buffer(data)}

    def scalar(self, value: np.generic) -> Any:
        array = np.asarray(value)
        name = _sendable(array.dtype)
        if name is None:
            return self.stays(value)
        self.buffer(array.tobytes())
        return {"n": name}

    def array(self, value: object, array: np.ndarray) -> Any:
        name = _sendable(array.dtype)
        if name is None or array.ndim > DIMENSIONS:
            return self.stays(value)
        if array.nbytes > self.limits.message_bytes:
            raise TooLarge("message_bytes", self.limits.message_bytes)
        flags = array.flags
        if flags.c_contiguous or not flags.f_contiguous:  # both arrive as they were
            self.buffer(array.tobytes())
            return {"a": [name, array.shape]}
        self.buffer(array.tobytes("F"))
        return {"f": [name, array.shape]}


@functools.lru_cache(maxsize=256)
def _sendable(dtype: np.dtype) -> str | None:
    """The name under which arrays of this type travel, None where they do not."""
    return dtype.str if dtype.kind in KINDS and DTYPE.fullmatch(dtype.str) else None
