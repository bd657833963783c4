"""Does plain data survive the crossing, and nothing but plain data?"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest

from grader.sandbox import wire, wire_decode
from grader.sandbox.limits import Limits
from grader.sandbox.wire import Handle, TooLarge, WireError, decode, encode

LIMITS = Limits()
SMALL = Limits(message_bytes=10_000, message_nodes=100, message_depth=5)


def there_and_back(value: Any) -> Any:
    return decode(encode(value, LIMITS), LIMITS)


def message(tree: Any, *buffers: bytes) -> bytes:
    """A message as a hostile process could write it."""
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    sizes = struct.pack(f"<{len(buffers)}Q", *map(len, buffers))
    return struct.pack("<II", len(text), len(buffers)) + sizes + text + b"".join(buffers)


PLAIN = [
    None,
    True,
    0,
    -(2**53),
    2**60,
    -(3**300),
    1.5,
    -0.0,
    math.inf,
    2 - 3j,
    "",
    "naïve 한국어",
    "long " * 100,
    b"\0\xff",
    [],
    [1, [2.0, ["x"]]],
    (),
    (1, (2,)),
    {1, "a", 2.5},
    frozenset({"a"}),
    {"a": 1, 2: [3], (4, "b"): None, 1.5: {}},
    Handle(3, "dict"),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_data_comes_back_equal_and_of_the_same_type(value: Any) -> None:
    """Is every kind of plain value the same after the crossing?"""
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value) or isinstance(value, (set, frozenset))


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(6.0).reshape(2, 3).T,
    np.arange(10, dtype=np.int8)[::3],
    np.zeros((0, 4)),
    np.array(7.0),
    np.array([True, False]),
    np.array([1 + 2j], dtype=np.complex64),
    np.array(["a", "long"]),
    np.array([b"ab", b"c"]),
    np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
    np.array([3], dtype="m8[s]"),
    np.array([1.0], dtype=">f8"),
    np.array([np.nan, np.inf], dtype=np.float16),
    np.array([1.0], dtype=np.longdouble) / 3,
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_come_back_to_the_bit(array: np.ndarray) -> None:
    """Do dtype, shape and every byte survive, whatever the memory layout was?"""
    back = there_and_back(array)
    assert type(back) is np.ndarray
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.f_contiguous == array.flags.f_contiguous or not array.flags.forc
    assert back.flags.writeable
    assert back.flags.owndata


def test_numpy_scalars_stay_scalars() -> None:
    """Is np.float32(3) still an np.float32, and not a float or an array?"""
    for scalar in (np.float32(3), np.float64(0.1), np.int64(-1), np.bool_(True), np.str_("a"), np.datetime64("2020")):
        back = there_and_back(scalar)
        assert type(back) is type(scalar)
        assert back == scalar


def test_not_a_number_survives() -> None:
    """NaN is a result like any other, and has to be seen as one."""
    assert math.isnan(there_and_back(math.nan))
    assert np.isnan(there_and_back(np.array([np.nan])))[0]


def test_subclasses_come_back_as_their_base() -> None:
    """Is what a subclass pretends to be ignored, and its real content taken?"""

    class LyingArray(np.ndarray):
        shape = (99,)  # type: ignore[assignment]

        def tobytes(self, order: Any = None) -> bytes:
            return b"forged"

        def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
            return np.ones(3)

        def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
            return np.ones(3)

    class LyingDict(dict[str, int]):
        def items(self) -> Any:
            return [("forged", 1)]

    class LyingComplex(complex):
        real = imag = 7.0  # type: ignore[assignment]

        def __complex__(self) -> complex:
            return 9j

    class LyingFloat(float):
        def __float__(self) -> float:
            return 99.0

    point = namedtuple("point", "x y")
    back = there_and_back([np.arange(2.0).view(LyingArray), LyingDict(a=1), LyingFloat(1.5), point(1, 2)])
    assert np.array_equal(back[0], [0.0, 1.0])
    assert type(back[0]) is np.ndarray
    assert back[1:] == [{"a": 1}, 1.5, (1, 2)]
    assert type(back[3]) is tuple
    assert type(there_and_back(OrderedDict(b=1))) is dict
    assert there_and_back(LyingComplex(1, 2)) == 1 + 2j


def test_what_is_not_plain_data_is_refused_or_becomes_a_handle() -> None:
    """Does an object stay where it is, with a handle in its place?"""
    unknown = object()
    with pytest.raises(TypeError, match="object is not plain data"):
        encode([unknown], LIMITS)
    kept: list[object] = []

    def keep(value: object) -> Handle:
        kept.append(value)
        return Handle(len(kept), wire.type_name(value))

    objects = np.array([unknown], dtype=object)
    structured = np.zeros(2, dtype=[("a", "f8")])
    back = decode(encode({"a": [unknown], "b": objects, "c": structured}, LIMITS, keep), LIMITS)
    assert back == {"a": [Handle(1, "object")], "b": Handle(2, "numpy.ndarray"), "c": Handle(3, "numpy.ndarray")}
    assert kept[0] is unknown
    assert kept[1] is objects


def test_a_part_that_is_too_large_leaves_nothing_behind() -> None:
    """Can the rest of a message be sent where one of its values was too much?"""
    encoder = wire.Encoder(SMALL, None)
    first = encoder.tree([np.ones(3), "a"])
    for value in ([np.ones(3), "x" * 10_001], list(range(101)), [np.ones(2), *range(98)]):
        with pytest.raises(TooLarge):
            encoder.tree(value)
    back = decode(encoder.message([first, encoder.tree(np.arange(2.0))]), SMALL)
    assert np.array_equal(back[0][0], np.ones(3))
    assert back[0][1] == "a"
    assert np.array_equal(back[1], [0.0, 1.0])


@pytest.mark.parametrize("around", [list, tuple, lambda items: {"a": items[0]}], ids=["list", "tuple", "dict"])
def test_as_deep_as_allowed(around: Any) -> None:
    """Does the deepest value that may be sent arrive, with an array in it?"""
    value: Any = np.ones(2)
    for _ in range(LIMITS.message_depth + 1):
        value = around([value])
    back = there_and_back(value)
    while not isinstance(back, np.ndarray):
        (back,) = back.values() if isinstance(back, dict) else back
    assert np.array_equal(back, np.ones(2))
    with pytest.raises(TypeError):
        encode(around([value]), LIMITS)


def test_brackets_in_text_are_no_nesting() -> None:
    """Is an honest text refused for what is in it?"""
    for text in ("[" * 150, ["[({" * 60] * 20, '"[' * 60, "\\[" * 60, "[\n" * 60):
        assert there_and_back(text) == text


def test_a_list_that_holds_itself_does_not_hang_the_sender() -> None:
    """Is endless nesting cut with a handle?"""
    endless: list[Any] = []
    endless.append(endless)
    back = decode(encode(endless, LIMITS, lambda value: Handle(1, "list")), LIMITS)
    for _ in range(LIMITS.message_depth):
        back = back[0]
    assert back == [Handle(1, "list")]


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (list(range(101)), "message_nodes"),
        ("x" * 10_001, "message_bytes"),
        (b"x" * 10_001, "message_bytes"),
        (np.zeros(2_000), "message_bytes"),
        ([np.zeros(1_000), np.zeros(1_000)], "message_bytes"),
    ],
    ids=["nodes", "text", "bytes", "array", "arrays"],
)
def test_the_sender_keeps_the_limits(value: Any, limit: str) -> None:
    """Does the sender say which limit a value exceeds, instead of sending it?"""
    with pytest.raises(TooLarge) as caught:
        encode(value, SMALL)
    assert caught.value.limit == limit


def test_lone_surrogates_do_not_come_back() -> None:
    """Could a string that no file can be written with reach the gradebook?"""
    assert there_and_back("a\ud800b") == "a?b"
    assert there_and_back("\udfff" * 300) == "?" * 300
    there_and_back(["\ud800"])[0].encode()


FLOAT3 = np.zeros(3).tobytes()
MALFORMED = {  # what it is: (the message, the words of the refusal)
    "empty": (b"", "too short"),
    "short header": (b"\1\0\0", "too short"),
    "more buffers than bytes": (struct.pack("<II", 2, 1 << 31) + b"[]", "bad header"),
    "sizes beyond the end": (struct.pack("<IIQ", 4, 1, 1 << 60) + b"null", "do not add up"),
    "bytes after the end": (message(None) + b"x", "do not add up"),
    "not JSON": (message(b"[1,"), "malformed message: JSONDecodeError"),
    "not UTF-8": (message(b'"\xff"'), "malformed message: UnicodeDecodeError"),
    "an empty object": (message({}), "malformed message: ValueError"),
    "an object of two": (message({"t": [], "s": []}), "malformed message: ValueError"),
    "an unknown tag": (message({"?": []}), "malformed message: KeyError"),
    "deep nesting": (message(b"[" * 500 + b"1" + b"]" * 500), "too deep"),
    "deep nesting of tuples": (message(b'{"t":[' * 50 + b"1" + b"]}" * 50), "too deep"),
    "deep nesting behind an open string": (message(b"[" * 100 + b'"' + b'\\"[' * 9000), "too deep"),
    "very deep nesting": (message(b"[" * 1_000_000), "too many values"),
    "many values": (message([0] * (4 * LIMITS.message_nodes + 1)), "too many values"),
    "two values": (message(b"1 2"), "more than one value"),
    "a buffer that nothing uses": (message(None, b"x"), "more than one value"),
    "half a character": (message(b'"a\\ud800"'), "half a character"),
    "half a character after a backslash": (message(b'"\\\\\\udfff"'), "half a character"),
    "a long integer in the tree": (message(b"9" * 1000), "integer too long"),
    "a huge integer": (message({"i": "0x1" + "0" * 100_000}), "integer too large"),
    "an integer of another kind": (message({"i": [1]}), "malformed message: TypeError"),
    "a tuple of no list": (message({"t": "ab"}), "something else than a list"),
    "a tuple of a tuple": (message({"t": {"t": []}}), "something else than a list"),
    "a set of no list": (message({"s": "ab"}), "something else than a list"),
    "a dict of no list": (message({"d": "ab"}), "something else than a list"),
    "a dict with half a pair": (message({"d": ["a"]}), "malformed message: ValueError"),
    "a list as key": (message({"d": [[], 1]}), "unhashable"),
    "a dict as key": (message({"s": [{"d": []}]}), "unhashable"),
    "a handle as key": (message({"s": [{"h": [1, "x"]}]}), "unhashable"),
    "an array as key": (message({"s": [{"a": ["<f8", [3]]}]}, FLOAT3), "unhashable"),
    "a list in a tuple as key": (message({"s": [{"t": [[]]}]}), "unhashable"),
    "complex of strings": (message({"c": ["1", "2"]}), "not floats"),
    "a buffer that is not there": (message({"b": 0}), "no such buffer"),
    "a buffer of another size": (message({"b": 2}, b"x"), "no such buffer"),
    "a buffer by float": (message({"b": 1.0}, b"x"), "no such buffer"),
    "a buffer by bool": (message({"b": True}, b"x"), "no such buffer"),
    "a buffer twice": (message([{"b": 1}, {"b": 1}], b"x"), "no such buffer"),
    "object dtype": (message({"a": ["|O", [1]]}, b"x" * 8), "dtype"),
    "structured dtype": (message({"a": [[["a", "<f8"]], [1]]}, b"x" * 8), "malformed message: TypeError"),
    "structured dtype as text": (message({"a": ["f8,f8", [1]]}, b"x" * 16), "dtype"),
    "a dtype that is one": (message({"a": [1, [1]]}, b"x" * 16), "dtype"),
    "void dtype": (message({"a": ["|V8", [1]]}, b"x" * 8), "dtype"),
    "dtype of no seconds": (message({"a": ["<m8[0s]", [1]]}, b"x" * 8), "dtype"),
    "times as keys": (message({"s": [{"n": "<m8[s]"}, {"n": "<m8[D]"}]}, bytes(8), bytes(8)), "unhashable key"),
    "dtype without bytes": (message({"a": ["<U0", [1 << 30]]}, b""), "do not agree"),
    "dtype with a newline": (message({"a": ["<f8\n", [3]]}, FLOAT3), "dtype"),
    "an array without bytes": (message({"a": ["<f8", [3]]}), "bad shape"),
    "too few bytes": (message({"a": ["<f8", [4]]}, FLOAT3), "malformed message: TypeError"),
    "too many bytes": (message({"a": ["<f8", [2]]}, FLOAT3), "do not agree"),
    "negative size": (message({"a": ["<f8", [-3]]}, FLOAT3), "malformed message: ValueError"),
    "overflowing product": (message({"a": ["<f8", [1 << 30] * 4]}, b""), "malformed message: ValueError"),
    "nothing, but enormous": (message({"a": ["<f8", [1 << 30, 1 << 30, 1 << 30, 0]]}, b""), "malformed"),
    "size by float": (message({"a": ["<f8", [3.0]]}, FLOAT3), "malformed message: TypeError"),
    "size by null": (message({"a": ["<f8", [None]]}, FLOAT3), "malformed message: TypeError"),
    "too many dimensions": (message({"a": ["<f8", [1] * 63 + [3]]}, FLOAT3), "bad shape"),
    "shape by number": (message({"a": ["<f8", 3]}, FLOAT3), "bad shape"),
    "shape by tuple": (message({"a": ["<f8", {"t": [3]}]}, FLOAT3), "bad shape"),
    "an array without a shape": (message({"a": ["<f8"]}, FLOAT3), "malformed message: ValueError"),
    "scalar with a shape": (message({"n": ["<f8", [3]]}, FLOAT3), "malformed message: TypeError"),
    "too many bytes for a scalar": (message({"n": "<f8"}, FLOAT3), "do not agree"),
    "a bool of two": (message({"a": ["|b1", [1]]}, b"\2"), "neither 0 nor 1"),
    "a character beyond Unicode": (message({"a": ["<U1", [1]]}, b"\0\0\x11\0"), "beyond Unicode"),
    "a swapped character beyond Unicode": (message({"f": [">U1", [1]]}, b"\xff\0\0\0"), "beyond Unicode"),
    "a handle without a name": (message({"h": [1]}), "malformed message: ValueError"),
    "a handle with a long name": (message({"h": [1, "x" * 10_000]}), "bad handle"),
    "a handle with a number that may collide": (message({"h": [1 << 53, "x"]}), "bad handle"),
    "a handle with a number of its own kind": (message({"h": [{"i": hex(7 + (1 << 61))}, "x"]}), "bad handle"),
    "a handle with a number as name": (message({"h": [1, 2]}), "bad handle"),
}


@pytest.mark.parametrize(("raw", "words"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_messages_are_refused(raw: bytes, words: str) -> None:
    """Is there a message that ends in anything but WireError, or in that by luck?"""
    with pytest.raises(WireError, match=words):
        decode(raw, LIMITS)


def test_a_long_integer_costs_nothing_even_where_python_would_read_it() -> None:
    """Python's own limit on digits can be switched off (PYTHONINTMAXSTRDIGITS=0): is ours still there?"""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        with pytest.raises(WireError, match="integer too long"):
            decode(message(b"9" * 100_000), LIMITS)
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    "keys",
    [
        [{"c": [float(1000003 * i), float(-i)]} for i in range(2000)],
        [{"t": [i, 0]} for i in range(2000)],
        [{"i": hex(i * (2**61 - 1))} for i in range(1, 2000)],
        [{"t": [{"c": [1.0, float(i)]}]} for i in range(2000)],
    ],
    ids=["complex", "tuple", "integers modulo 2**61 - 1", "nested"],
)
def test_keys_whose_hashes_may_collide_are_rationed(keys: list[Any]) -> None:
    """Can a small message keep the grader busy by colliding keys? (Each collision costs a comparison.)"""
    with pytest.raises(WireError, match="collide"):
        decode(message({"s": keys}), LIMITS)
    with pytest.raises(WireError, match="collide"):
        decode(message({"d": [part for key in keys for part in (key, 0)]}), LIMITS)
    assert len(decode(message({"s": keys[: wire_decode.COSTLY_KEYS]}), LIMITS)) <= wire_decode.COSTLY_KEYS


def test_many_ordinary_keys_are_no_trouble() -> None:
    """May an honest dict be large?"""
    large = {f"w{i}": i for i in range(20_000)} | dict.fromkeys(range(20_000))
    assert there_and_back(large) == large
