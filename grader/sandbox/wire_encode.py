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
        base = cls if cls in _WRITERS else next((base for base in _WRITERS if issubclass(cls, base)), object)
        if base is object or (depth > self.limits.message_depth and base in _CONTAINERS):
            return self.stays(value)
        return _WRITERS[base](self, value, depth + 1)

    def write_handle(self, value: Handle, depth: int) -> Any:
        return {"h": [value.id, value.type_name]}

    def write_list(self, value: list[Any], depth: int) -> Any:
        return self.items(list.copy(value), depth)

    def write_tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        return {"t": self.items(tuple.__getitem__(value, slice(None)), depth)}

    def write_dict(self, value: dict[Any, Any], depth: int) -> Any:
        items = list(dict.items(value))
        if not all(map(is_key, dict.keys(value))):
            return self.stays(value)
        return {"d": self.items([part for pair in items for part in pair], depth)}

    def write_set(self, value: set[Any] | frozenset[Any], depth: int) -> Any:
        base = set if isinstance(value, set) else frozenset
        items = list(base.__iter__(value))
        if not all(map(is_key, items)):
            return self.stays(value)
        return {"s" if base is set else "z": self.items(items, depth)}

    def stays(self, value: object) -> Any:
        if self.opaque is None:
            raise TypeError(f"{type_name(value)} is not plain data")
        handle = self.opaque(value)
        return {"h": [handle.id, handle.type_name]}

    def write_float(self, value: float, depth: int) -> float:
        return float.__float__(value)

    def write_integer(self, value: int, depth: int) -> Any:
        value = int.__int__(value)
        if -DIRECT_INT < value < DIRECT_INT:
            return value
        return {"i": hex(value)} if value.bit_length() <= self.limits.integer_bits else self.stays(value)

    def write_complex(self, value: complex, depth: int) -> Any:
        value = complex.__complex__(value)
        return {"c": [value.real, value.imag]}

    def write_bytes(self, value: bytes, depth: int) -> Any:
        return {"b": self.buffer(bytes.__getitem__(value, slice(None)))}

    def write_string(self, value: str, depth: int) -> Any:
        value = str.__str__(value)
        if len(value) <= SHORT_STRING:
            return value
        if len(value) > TEXT_BYTES:  # before the copy: a huge string should not be copied to be refused
            raise TooLarge("message_bytes", TEXT_BYTES)
        data = value.encode("utf-8", "replace")
        self.text += len(data)
        if self.text > TEXT_BYTES:
            raise TooLarge("message_bytes", TEXT_BYTES)
        return {"u": self.buffer(data)}

    def write_scalar(self, value: np.generic, depth: int) -> Any:
        array = np.asarray(value)
        name = _sendable(array.dtype)
        if name is None:
            return self.stays(value)
        self.buffer(array.tobytes())
        return {"n": name}

    def write_array(self, value: np.ndarray, depth: int) -> Any:
        array = value if type(value) is np.ndarray else np.ndarray.view(value, np.ndarray)
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


_WRITERS: dict[type, Callable[[Encoder, Any, int], Any]] = {  # the first that a class is a subclass of
    Handle: Encoder.write_handle,
    np.generic: Encoder.write_scalar,
    np.ndarray: Encoder.write_array,
    float: Encoder.write_float,
    int: Encoder.write_integer,
    str: Encoder.write_string,
    bytes: Encoder.write_bytes,
    complex: Encoder.write_complex,
    list: Encoder.write_list,
    tuple: Encoder.write_tuple,
    dict: Encoder.write_dict,
    set: Encoder.write_set,
    frozenset: Encoder.write_set,
}
_CONTAINERS = (list, tuple, dict, set, frozenset)


@functools.lru_cache(maxsize=256)
def _sendable(dtype: np.dtype) -> str | None:
    """The name under which arrays of this type travel, None where they do not."""
    return dtype.str if dtype.kind in KINDS and DTYPE.fullmatch(dtype.str) else None
