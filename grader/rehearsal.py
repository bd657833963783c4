"""Calls that every submission gets anyway, sent to the sandbox in one message instead of one by one.

The cases of a run call the student's functions with the same inputs for every student. What they call is recorded
once, with the reference solution; from then on all of these calls go to a submission's process together. When a case
then makes a call that is in the recording, its answer is there already; any other call goes to the sandbox as usual.
A recording changes how long grading takes, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from .sandbox.batch import Request
from .sandbox.child import Answer, encode_batch
from .sandbox.limits import Limits
from .sandbox.wire import EARLIER_ITEMS, Handle, earlier

NameHandle = Callable[[Handle], Hashable]


@dataclass(frozen=True, slots=True)
class Plan:
    """Recorded calls: the places of each by what it is recognised by, and the message that makes all of them."""

    places: Mapping[Hashable, Sequence[int]]
    count: int
    message: bytes


class Origins:
    """Which call of the recording a handle came from. The same object returned twice belongs to the first call."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[int, int]] = {}

    def note(self, call: int, value: Any) -> None:
        if isinstance(value, tuple):
            for item, part in enumerate(value[:EARLIER_ITEMS]):
                if isinstance(part, Handle):
                    self._places.setdefault(part.id, (call, item))

    def place(self, handle: Handle) -> tuple[int, int] | None:
        return self._places.get(handle.id)

    def name(self, handle: Handle) -> Hashable:
        """The same for corresponding handles of two submissions; of its own kind for one from a call not recorded."""
        return self.place(handle) or ("live", handle.id)


class Recorder:
    """Notes calls in the order in which they are made."""

    def __init__(self, limits: Limits) -> None:
        self.calls: list[tuple[Hashable, Request] | None] = []
        self.origins = Origins()
        self._limits = limits

    def add(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """Note a call that is about to be made; return its number."""
        planned = None
        if all(self.origins.place(handle) is not None for handle in _handles([args, kwargs])):
            request = "call", name, list(map(self._portable, args)), self._portable(kwargs)
            planned = call_key(name, args, kwargs, self.origins), request
        self.calls.append(planned)
        return len(self.calls) - 1

    def add_lookup(self, name: str) -> None:
        """Note that a name is about to be looked up."""
        self.calls.append((lookup_key(name), ("lookup", name)))

    def _portable(self, value: Any) -> Any:
        """A copy, with handles replaced by where they come from, which holds for any submission."""
        if isinstance(value, np.ndarray):
            return value.copy(order="K")  # a case may change it after the call
        if isinstance(value, Handle):
            return earlier(*(self.origins.place(value) or (0, 0)))
        if isinstance(value, tuple | list):
            return type(value)(self._portable(item) for item in value)
        if isinstance(value, dict):
            return {key: self._portable(item) for key, item in value.items()}
        return value

    def plan(self) -> Plan:
        """The calls up to the first that cannot be made ahead; numbers must stay in step."""
        calls = list(takewhile(lambda call: call is not None, self.calls))
        places: dict[Hashable, list[int]] = {}
        for number, (key, _) in enumerate(calls):
            places.setdefault(key, []).append(number)
        return Plan(places, len(calls), encode_batch([request for _, request in calls], self._limits))


class Answers:
    """The answers to a recording, waiting to be asked for. Equal calls are answered in their order."""

    def __init__(self, plan: Plan, answers: Sequence[Answer]) -> None:
        self.origins = Origins()
        self._places = plan.places
        self._answers = answers
        self._given: Counter[int] = Counter()  # by the first place of equal calls

    def take(self, key: Hashable) -> tuple[int, Answer] | None:
        """(number of the call, its answer), None where this call was not made ahead."""
        places = self._places.get(key, ())
        if not places or self._given[places[0]] == len(places):
            return None
        number = places[self._given[places[0]]]
        self._given[places[0]] += 1
        return number, self._answers[number]


def lookup_key(name: str) -> Hashable:
    return "lookup", name


def call_key(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], origins: Origins) -> Hashable:
    """Equal for two calls with the same function and the same arguments, bit for bit."""
    return name, _frozen_all(args, origins.name), _frozen(kwargs, origins.name) if kwargs else None


def _frozen_all(values: Iterable[Any], name: NameHandle) -> tuple[Hashable, ...]:
    return tuple(
        [
            # most arguments are arrays
            (value.dtype, value.shape, value.strides, value.tobytes())
            if type(value) is np.ndarray
            else _frozen(value, name)
            for value in values
        ]
    )


def _frozen(value: Any, name: NameHandle) -> Hashable:
    cls = type(value)
    if cls is str or value is None:
        return value
    if cls is tuple or cls is list:
        return cls, _frozen_all(value, name)
    if cls is dict:
        return cls, tuple(value), _frozen_all(value.values(), name)
    if cls is np.ndarray:
        return _frozen_all((value,), name)
    if cls is Handle:
        return cls, name(value)
    return cls, repr(value)  # a float with its sign, were it zero


def _handles(value: Any) -> list[Handle]:
    if isinstance(value, Handle):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return [handle for item in items for handle in _handles(item)]
