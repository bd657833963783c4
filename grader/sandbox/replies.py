"""Checks what a child answered, and builds what the grader gets from it. Nothing here is believed."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import RemoteError
from .limits import Limits

MESSAGE_CHARACTERS = 2000
NAME_CHARACTERS = 200
TRACEBACK_LINES = 100


class Malformed(Exception):
    """The reply has not the form of an answer."""


class _Missing(enum.Enum):
    MISSING = "missing"


MISSING = _Missing.MISSING
"""What `lookup` gives for a name that is not there."""


@dataclass(frozen=True, slots=True)
class Function:
    """Something callable, by the name it was looked up under."""

    name: str


@dataclass(frozen=True, slots=True)
class Module:
    """A module. `name` is what the module calls itself."""

    name: str


@dataclass(frozen=True, slots=True)
class CellRun:
    """What one cell did: nbformat outputs (text not yet sanitised), and its error in one line.

    `seconds` is wall time, measured outside; `cpu_seconds` is what the cell says it took, and decides nothing.
    """

    outputs: list[dict[str, Any]]
    ok: bool
    error: str | None
    seconds: float
    cpu_seconds: float = 0.0


class CallReply(NamedTuple):
    """The result of a call, and what the function left in its arguments (None: it is as it was, or a handle).

    `cpu_seconds` is what the call says it took; it is shown, and decides nothing.
    """

    value: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    cpu_seconds: float = 0.0


def cell_run(reply: dict[str, Any], limits: Limits) -> tuple[list[dict[str, Any]], bool, str | None]:
    """(outputs, ok, error in one line) of a cell."""
    outputs, ok, error = _fields(reply, outputs=list, ok=bool, error=(dict, type(None)))
    text = None if error is None else str(remote_error(error, limits))
    return [output(item) for item in outputs], ok and error is None, text


def looked_up(reply: dict[str, Any], name: str) -> Any:
    """What `lookup` found under `name`."""
    kind = reply.get("kind")
    if kind == "missing":
        return MISSING
    if kind == "function":
        return Function(name)
    if kind == "module":
        (module,) = _fields(reply, name=str)
        return Module(plain(module, NAME_CHARACTERS))
    if kind == "value":
        return value(reply)
    raise Malformed("a lookup without an answer")


def value(reply: dict[str, Any]) -> Any:
    if "value" not in reply:
        raise Malformed("an answer without a value")
    return reply["value"]


def call_reply(reply: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallReply:
    """The result of a call that was made with these arguments. A reply without them has left them as they were."""
    left, named = reply.get("args"), reply.get("kwargs")
    if left is None:
        left = [None] * len(args)
    if named is None:
        named = dict.fromkeys(kwargs)
    if type(left) is not list or type(named) is not dict or len(left) != len(args) or named.keys() != kwargs.keys():
        raise Malformed("a call's arguments that are not those of the call")
    return CallReply(value(reply), tuple(left), named, cpu_seconds(reply))


def cpu_seconds(reply: dict[str, Any]) -> float:
    """What a reply says that it took, 0 where it says nothing that could be."""
    cpu = reply.get("cpu")
    return cpu if type(cpu) is float and 0 <= cpu < 1e6 else 0.0


def answers(found: Any, count: int) -> list[dict[str, Any]]:
    """The answers of a batch, each still to be checked like a reply."""
    if type(found) is not list or len(found) != count:
        raise Malformed("a batch without its answers")
    return found


def remote_error(fields: Any, limits: Limits) -> RemoteError:
    """The exception that student code raised."""
    if type(fields) is not dict:
        raise Malformed("an error that says nothing")
    name, message = _fields(fields, exception=str, message=str)
    line, lineno = fields.get("line"), fields.get("lineno")
    memory_mib = limits.address_space_mib if name == "MemoryError" else None
    if memory_mib is not None:
        message = f"more than {memory_mib} MiB of memory would be needed"
    return RemoteError(
        plain(name, NAME_CHARACTERS),
        plain(message, MESSAGE_CHARACTERS),
        plain(line, NAME_CHARACTERS) if type(line) is str else None,
        lineno if type(lineno) is int and 0 < lineno < 1_000_000 else None,
        memory_mib,
    )


def output(item: Any) -> dict[str, Any]:
    """One nbformat output, built anew from what was sent. HTML, SVG and the like in it are not sanitised here."""
    kind = item.get("output_type") if type(item) is dict else None
    if kind == "stream":
        name, text = _fields(item, name=str, text=str)
        return {"output_type": kind, "name": "stderr" if name == "stderr" else "stdout", "text": text}
    if kind == "error":
        name, message, trace = _fields(item, ename=str, evalue=str, traceback=list)
        return {
            "output_type": kind,
            "ename": plain(name, NAME_CHARACTERS),
            "evalue": plain(message, MESSAGE_CHARACTERS),
            "traceback": [plain(line, MESSAGE_CHARACTERS) for line in trace[:TRACEBACK_LINES] if type(line) is str],
        }
    if kind in ("display_data", "execute_result"):
        (data,) = _fields(item, data=dict)
        bundle = {mime: value for mime, value in data.items() if _showable(mime, value)}
        clean: dict[str, Any] = {"output_type": kind, "data": bundle, "metadata": {}}
        if kind == "execute_result":
            count = item.get("execution_count")
            clean["execution_count"] = count if type(count) is int and 0 < count < 1_000_000 else None
        return clean
    raise Malformed("an output of no known kind")


def _fields(reply: dict[str, Any], **types: Any) -> list[Any]:
    values = [reply.get(name, MISSING) for name in types]
    if not all(isinstance(value, kind) for value, kind in zip(values, types.values(), strict=True)):
        raise Malformed("a reply with the wrong fields")
    return values


def _showable(mime: Any, value: Any) -> bool:
    """Text, or JSON data under a JSON type: what nbformat allows."""
    if type(mime) is not str or len(mime) > NAME_CHARACTERS:
        return False
    if type(value) is str:
        return True
    if mime != "application/json" and not mime.endswith("+json"):
        return False
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return _has_text_keys(value)


def _has_text_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _has_text_keys(item) for key, item in value.items())
    return all(map(_has_text_keys, value)) if isinstance(value, list) else True


_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(13, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")


def plain(text: str, length: int) -> str:
    """Text without control characters (terminals obey some), cut to a length."""
    return text[:length].translate(_CONTROL)
