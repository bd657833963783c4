"""Is there any message that crashes or hangs the trusted side, or makes it hold more than the limits say?"""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from grader.sandbox import wire, wire_format
from grader.sandbox.limits import Limits
from grader.sandbox.wire import Handle, WireError, decode, encode, most_bytes

from .test_wire import message

LIMITS = Limits(message_bytes=200_000, message_nodes=2_000)
CORPUS = [
    bytes.fromhex(line)
    for line in (Path(__file__).parent / "wire_corpus.hex").read_text().splitlines()
    if not line.startswith("#")
]

keys = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
dtypes = (
    nst.boolean_dtypes()
    | nst.integer_dtypes()
    | nst.unsigned_integer_dtypes()
    | nst.floating_dtypes()
    | nst.complex_number_dtypes()
    | nst.datetime64_dtypes()
    | nst.timedelta64_dtypes()
    | nst.byte_string_dtypes()
    | nst.unicode_string_dtypes()
)
leaves = (
    keys
    | st.complex_numbers()
    | st.builds(Handle, st.integers(0, 2**50), st.text(max_size=20))
    | nst.arrays(dtypes, nst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=5)
        | st.sets(keys, max_size=5)
        | st.frozensets(keys, max_size=5)
    ),
    max_leaves=20,
)


def same(a: Any, b: Any) -> bool:
    """Equality that sees through NaN, and takes a lone surrogate for the question mark that it becomes."""
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, str):
        return a.encode("utf-8", "replace") == b.encode()
    if isinstance(a, Handle):
        return a.id == b.id and same(a.type_name, b.type_name)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return type(b) is dict and all(map(same, a.keys(), b.keys())) and all(map(same, a.values(), b.values()))
    if isinstance(a, (set, frozenset)):
        return type(a) is type(b) and len(a) == len(b)
    return repr(a) == repr(b)


@given(values)
@settings(max_examples=300, deadline=None)
def test_every_plain_value_comes_back(value: Any) -> None:
    """Is there plain data that does not survive?"""
    surrogate_keys_may_merge = "\\ud" in ascii(value)
    if not surrogate_keys_may_merge:
        assert same(value, decode(encode(value, LIMITS), LIMITS))


def is_refused_or_small(raw: bytes) -> None:
    try:
        value = decode(raw, LIMITS)
    except WireError:
        return
    # what was accepted is data that can be sent on: nothing in it is half built
    encode(value, Limits(message_bytes=2 * most_bytes(LIMITS), message_nodes=4 * LIMITS.message_nodes))


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_noise_is_refused(raw: bytes) -> None:
    """Is there a string of bytes that ends in anything but a value or WireError?"""
    is_refused_or_small(raw)


def tagged(tags: str, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(tags), inner, min_size=1, max_size=1)


def array_trees(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Trees of arrays in which one thing may be wrong."""
    dtype = st.sampled_from(["<f8", "|b1", "<U1", "|i1"])
    shape = st.lists(st.integers(0, 4), max_size=3) | inner
    return tagged("af", st.tuples(dtype, shape).map(list)) | tagged("n", dtype)


json_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["<f8", "|b1", "<U2", "|S3", "<M8[ns]", "0x1f"]),
    lambda inner: (
        st.lists(inner, max_size=6)
        | tagged("tszd", st.lists(inner, max_size=6))
        | array_trees(inner)
        | tagged("tszdicbuafnh", inner)
        | tagged("cah", st.tuples(inner, inner).map(list))
        | tagged("bu", st.integers(-1, 24))
    ),
    max_leaves=30,
)


@given(json_trees, st.lists(st.binary(max_size=24), max_size=3))
@settings(max_examples=700, deadline=None)
@example({"a": ["<f8", [2**31, 0]]}, [b""])
@example({"d": [float("nan"), 1]}, [])
def test_hostile_trees_are_refused(tree: Any, buffers: list[bytes]) -> None:
    """Is there a tree, right in form and wrong in sense, that gets through half checked?"""
    is_refused_or_small(message(tree, *buffers))


@given(values, st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_messages_are_refused(value: Any, data: st.DataObject) -> None:
    """Does a flipped, lost or added byte in an honest message do harm?"""
    raw = bytearray(encode(value, LIMITS))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1)) if raw else 0
        end = at + data.draw(st.integers(0, 3))
        raw[at:end] = data.draw(st.binary(max_size=4))
    is_refused_or_small(bytes(raw))


def test_corpus_of_the_coverage_guided_fuzzer() -> None:
    """Do the inputs that once reached a new branch still end in a value or WireError?"""
    assert len(CORPUS) > 50
    for raw in CORPUS:
        is_refused_or_small(raw)


WORST = {
    "empty lists": message(b"[[]" + b",[]" * (2 * LIMITS.message_nodes - 2) + b"]"),
    "empty dicts": message(b'[{"d":[]}' + b',{"d":[]}' * (LIMITS.message_nodes * 4 // 3 - 2) + b"]"),
    "empty sets": message(b'[{"s":[]}' + b',{"s":[]}' * (LIMITS.message_nodes * 4 // 3 - 2) + b"]"),
    "nested tuples": message(b"[" + b",".join([b'{"t":[' * 30 + b"]}" * 30] * (LIMITS.message_nodes // 15 - 2)) + b"]"),
    "empty arrays": message(
        [{"a": ["|i1", [0]]}] * (LIMITS.message_nodes * 4 // 5 - 2), *[b""] * (LIMITS.message_nodes * 4 // 5 - 2)
    ),
    "strings": message(b'["' + b"x" * 100 + b'"' + b',"yyyy"' * (4 * LIMITS.message_nodes - 3) + b"]"),
    "one array": message({"a": ["|i1", [190_000]]}, bytes(190_000)),
    "one string": message({"u": 190_004}, b"\xf0\x9f\x98\x80" + b"x" * 190_000),  # the emoji: 4 bytes a character
    "an open string": message(b"[" * 90 + b'"' + b'\\"' * 90_000),
    "brackets": message(b"[" * 150_000),
    "digits": message(b"[" + b"1" * 150_000 + b"]"),
    "escapes": message(b'"' + b"\\u00e9" * 30_000 + b'"'),
}


@pytest.mark.parametrize("raw", WORST.values(), ids=WORST.keys())
def test_memory_is_bounded(raw: bytes) -> None:
    """How much does the trusted side hold at most for one message? What `wire` says in its first lines."""
    tracemalloc.start()
    try:
        with contextlib.suppress(WireError):
            decode(raw, LIMITS)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one = LIMITS.message_bytes  # all of these messages are about as large as they may be
    texts, trees = 4 * min(one, wire_format.TEXT_BYTES), 8 * min(one, wire_format.TREE_BYTES)
    assert most < one + texts + trees + 400 * LIMITS.message_nodes
    assert len(raw) > one / 2 or len(raw) > 3 * LIMITS.message_nodes


def test_text_is_rationed() -> None:
    """Could a message of nothing but text, four bytes a character in memory, be as large as one of arrays?"""
    limits = Limits()
    half = b"x" * (wire_format.TEXT_BYTES // 2 + 1)
    text = {"u": len(half)}
    assert len(decode(message([text], half), limits)[0]) == len(half)
    with pytest.raises(WireError, match="too much text"):
        decode(message([text, text], half, half), limits)
    with pytest.raises(wire.TooLarge):
        encode([half.decode(), half.decode()], limits)
