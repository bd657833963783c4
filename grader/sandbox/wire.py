"""What crosses between the grader and the sandbox: plain data, never code, never pickles.

A message is a tree in JSON plus raw buffers:

    uint32 bytes of the tree | uint32 number of buffers | uint64 bytes of each buffer ... | tree | buffers ...

In the tree null, true, false, integers below 2**53, floats, short strings and lists stand for themselves; everything
else is an object with one key, a tag. Values that have a buffer take the next one, in their order. The decoder reads
what hostile code wrote: it checks everything, and whatever the bytes are it returns a value or raises `WireError`, in
bounded time and memory: for one message the trusted side holds at most two copies (as read, and as arrays), four times
its text, eight times its tree and 400 bytes a node. With the default limits that is 240 MiB.
"""

from __future__ import annotations

from .wire_decode import decode, most_bytes
from .wire_encode import Encoder, encode
from .wire_format import EARLIER_ITEMS, Handle, TooLarge, WireError, earlier, earlier_item, type_name

__all__ = [
    "EARLIER_ITEMS",
    "Encoder",
    "Handle",
    "TooLarge",
    "WireError",
    "decode",
    "earlier",
    "earlier_item",
    "encode",
    "most_bytes",
    "type_name",
]
