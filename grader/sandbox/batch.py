"""Many requests as one message, made once a run and read by every child.

Arrays are most of it, and to read them one by one would be most of a child's work before its first call. So those that
are arguments of their own travel once each, those of one shape as one array, and a call says which go where:

    [stacks, requests]      a request: ["lookup", name] or ["call", target, args, kwargs, places]

`places` are pairs [position among `args`, number of the array in the stacks laid end to end]. Each call gets a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Request = tuple[Any, ...]  # ("lookup", name) or ("call", target, args, kwargs)


def pack(requests: Sequence[Request]) -> list[Any]:
    """The requests as what is sent. They are not changed."""
    stacks: dict[tuple[str, tuple[int, ...]], dict[bytes, np.ndarray]] = {}
    for verb, *call in requests:
        for array in filter(_goes_by_number, call[1] if verb == "call" else ()):
            stacks.setdefault(_form(array), {}).setdefault(array.tobytes(), array)
    order = [(form, content) for form, arrays in stacks.items() for content in arrays]
    numbers = {key: number for number, key in enumerate(order)}
    packed: list[list[Any]] = []
    for verb, *call in requests:
        if verb == "call":
            target, args, kwargs = call
            places = [
                [place, numbers[_form(arg), arg.tobytes()]] for place, arg in enumerate(args) if _goes_by_number(arg)
            ]
            call = [target, [None if _goes_by_number(arg) else arg for arg in args], kwargs or None, places]
        packed.append([verb, *call])
    return [[np.stack(list(arrays.values()), dtype=dtype) for (dtype, _), arrays in stacks.items()], packed]


def unpack(stacks: list[np.ndarray], requests: list[list[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Yield (verb, its arguments) of each request, with arrays of its own."""
    arrays = [array for stack in stacks for array in stack]
    for verb, *arguments in requests:
        if verb == "call":
            target, args, kwargs, places = arguments
            for place, number in places:
                args[place] = arrays[number].copy()
            arguments = [target, args, kwargs or {}]
        yield verb, arguments


def _goes_by_number(value: object) -> bool:
    return type(value) is np.ndarray and value.ndim > 0 and value.flags.c_contiguous and not value.dtype.hasobject


def _form(array: np.ndarray) -> tuple[str, tuple[int, ...]]:
    return array.dtype.str, array.shape
