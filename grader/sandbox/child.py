"""The trusted side of one child: requests with deadlines, replies that are checked."""

from __future__ import annotations

import enum
import json
import os
import secrets
import select
import signal
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import wire
from .errors import BadReply, ChildDied, LimitHit, RemoteError, SandboxUnavailable
from .limits import MEANING, Limits
from .wire import Handle

if TYPE_CHECKING:
    from .host import Sandbox

FRAME = struct.Struct("<QQ")
START_SECONDS = 30.0
WATCH_SECONDS = 0.1  # between looks at a child's threads
ENDING_MILLISECONDS = 500
CHUNK = 1 << 20


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
    """What one cell did: nbformat outputs (text not yet sanitised), and its error in one line."""

    outputs: list[dict[str, Any]]
    ok: bool
    error: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CallReply:
    """The result of a call, and what the function left in its arguments."""

    value: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended: wait status, CPU seconds, largest resident size in KiB."""

    status: int
    cpu_seconds: float
    rss_kib: int


def safe_name(name: str) -> bool:
    """True for a relative file name that stays inside its folder, such as `helper.py` or `data/x.csv`."""
    parts = name.split("/")
    return len(name) < 1000 and all(
        part not in ("", ".", "..") and "\0" not in part and len(part.encode("utf-8", "replace")) < 255 for part in parts
    )


class Child:
    """A process that runs one submission's code. Made by `Sandbox.child()`; a context manager that kills it."""

    def __init__(self, sandbox: Sandbox, number: int, pidfd: int, connection: socket.socket, limits: Limits) -> None:
        self._sandbox = sandbox
        self._number = number
        self._pidfd = pidfd
        self._socket = connection
        self._socket.setblocking(False)
        self._limits = limits
        self._born = time.monotonic()
        self._watched = self._born
        self._pid = _pid_of(pidfd)
        self._dead: str | None = None
        self.active: tuple[str, ...] = ()
        self.skipped_files: tuple[str, ...] = ()

    # -- what the engine does with a child ---------------------------------------------------------------------

    def run_cell(self, source: str, *, seconds: float | None = None) -> CellRun:
        """Run a cell. An exception in it is no error here: it is in `outputs`, and `ok` is False."""
        started = time.monotonic()
        reply = self._ask("cell_seconds", seconds, "cell", source)
        outputs, ok, error = self._fields(reply, outputs=list, ok=bool, error=(dict, type(None)))
        clean = [self._output(output) for output in outputs]
        text = None if error is None else str(self._remote_error(error))
        return CellRun(clean, ok and error is None, text, time.monotonic() - started)

    def lookup(self, name: str) -> Any:
        """`MISSING`, a `Function`, a `Module`, or the value: plain data, or a `Handle` for what is not."""
        reply = self._ask("call_seconds", None, "lookup", name)
        kind = reply.get("kind")
        if kind == "missing":
            return MISSING
        if kind == "function":
            return Function(name)
        if kind == "module":
            (module,) = self._fields(reply, name=str)
            return Module(_plain(module, 200))
        if kind == "value" and "value" in reply:
            return reply["value"]
        raise self._bad("a lookup without an answer")

    def call(
        self,
        target: str | Handle,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        seconds: float | None = None,
    ) -> CallReply:
        """Call a function of the student with copies of the arguments.

        In the reply a tuple has its arrays, numbers and strings by value and anything else as a `Handle`; any other
        result comes as plain data as far as it is. Raises `RemoteError` when the function raises.
        """
        kwargs = kwargs or {}
        function = target.id if isinstance(target, Handle) else target
        reply = self._ask("call_seconds", seconds, "call", function, list(args), kwargs)
        left, named = self._fields(reply, args=list, kwargs=dict)
        if "value" not in reply or len(left) != len(args) or named.keys() != kwargs.keys():
            raise self._bad("a call without a result")
        return CallReply(reply["value"], tuple(left), named)

    def fetch(self, handle: Handle) -> Any:
        """The object behind a handle as plain data, as far as it is (what is not stays a handle)."""
        reply = self._ask("call_seconds", None, "fetch", handle.id)
        if "value" not in reply:
            raise self._bad("a fetch without a value")
        return reply["value"]

    def kill(self, reason: str = "it was ended by the grader") -> None:
        """End the process and everything it started. May be called again."""
        if self._dead is not None:
            return
        self._dead = reason
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has gone already
        finally:
            os.close(self._pidfd)
            self._socket.close()

    @property
    def alive(self) -> bool:
        return self._dead is None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def __del__(self) -> None:
        if getattr(self, "_dead", "") is None:
            self.kill()

    # -- the conversation --------------------------------------------------------------------------------------

    def prepare(self, files: dict[str, bytes], links: dict[str, str]) -> None:
        """Wait until the child is confined, and fill its working folder. Called by `Sandbox.child()`."""
        unsafe = [name for name in files if not safe_name(name)]
        if unsafe:
            self.kill()
            raise ValueError(f"file names that lead out of the folder: {unsafe[:3]!r}")
        deadline = time.monotonic() + START_SECONDS
        hello = self._decode(self._receive(0, deadline, "wall seconds", START_SECONDS))
        if not isinstance(hello.get("active"), list):
            self.kill()
            raise SandboxUnavailable(f"This machine does not allow the sandbox: {hello.get('refused')}.")
        self.active = tuple(map(str, hello["active"]))
        if files or links:
            reply = self._ask("call_seconds", None, "files", files, links)
            self.skipped_files = tuple(map(str, reply.get("skipped", ())))

    def _ask(self, limit: str, seconds: float | None, verb: str, *arguments: Any) -> dict[str, Any]:
        """Send a request and return the checked reply. `limit` names the field of `Limits` that bounds the time."""
        if self._dead is not None:
            raise ChildDied(f"The student's process is gone: {self._dead}.")
        request = wire.encode([verb, *arguments], self._limits)
        seconds = getattr(self._limits, limit) if seconds is None else seconds
        left = self._born + self._limits.submission_seconds - time.monotonic()
        if left < seconds:
            limit, seconds = "submission_seconds", left
        deadline = time.monotonic() + seconds
        nonce = secrets.randbits(63) + 1
        self._refuse_early_replies()
        self._send(FRAME.pack(len(request), nonce) + request, deadline, limit, seconds)
        reply = self._decode(self._receive(nonce, deadline, limit, seconds))
        if "limit" in reply:
            raise self._limit_hit(str(reply["limit"]))
        if "error" in reply and verb != "cell":
            raise self._remote_error(reply["error"])
        return reply

    def _refuse_early_replies(self) -> None:
        """A reply that lies there before the question was asked is a forgery."""
        try:
            early = self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            early = b""
        raise self._bad("a reply before the question") if early else self._died()

    def _send(self, data: bytes, deadline: float, limit: str, seconds: float) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view[:CHUNK]) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline, limit, seconds)
            except OSError:
                raise self._died() from None

    def _receive(self, nonce: int, deadline: float, limit: str, seconds: float) -> bytes:
        size, answered = FRAME.unpack(self._read(FRAME.size, deadline, limit, seconds))
        if answered != nonce:
            raise self._bad("a reply to another question")
        if size > wire.most_bytes(self._limits):
            raise self._bad(f"a reply of {size} bytes")
        return self._read(size, deadline, limit, seconds)

    def _read(self, size: int, deadline: float, limit: str, seconds: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                part = self._socket.recv(min(size - len(data), CHUNK))
            except BlockingIOError:
                self._wait(select.POLLIN, deadline, limit, seconds)
                continue
            except OSError:
                part = b""
            if not part:
                raise self._died()
            data += part
            if time.monotonic() > deadline:  # a trickle is not an answer either
                raise self._out_of_time(limit, seconds)
        return bytes(data)

    def _wait(self, event: int, deadline: float, limit: str, seconds: float) -> None:
        """Wait until the socket is ready; kill the child at the deadline, or when it has too many threads."""
        now = time.monotonic()
        if now > deadline:
            raise self._out_of_time(limit, seconds)
        if now - self._watched > WATCH_SECONDS:
            self._watched = now
            self._count_threads()
        poll = select.poll()
        poll.register(self._socket, event)
        poll.poll(1 + int(1000 * min(deadline - now, WATCH_SECONDS)))

    def _count_threads(self) -> None:
        """The kernel does not count the threads of root, and in a container the sandbox's user may be root."""
        try:
            with open(f"/proc/{self._pid}/stat", "rb") as file:
                threads = int(file.read().rpartition(b")")[2].split()[17])
        except (OSError, IndexError, ValueError):
            return  # gone, or hidden from us: then we are not root, and the kernel counts
        if threads > self._limits.threads:
            raise self._limit_hit("threads")

    # -- bad ends ----------------------------------------------------------------------------------------------

    def _out_of_time(self, limit: str, seconds: float) -> LimitHit:
        self.kill("it ran out of time")
        if limit == "submission_seconds":
            seconds = self._limits.submission_seconds
        text = f"It did not finish within {seconds:g} {MEANING.get(limit, 'seconds')}, and was stopped."
        return LimitHit("wall seconds", seconds, text)

    def _limit_hit(self, limit: str) -> LimitHit | BadReply:
        if limit not in MEANING:
            return self._bad("a limit that does not exist")
        value = getattr(self._limits, limit)
        self.kill(f"it needed more than {value:g} {MEANING[limit]}")
        return LimitHit(limit.replace("_", " "), value, f"It needed more than {value:g} {MEANING[limit]}.")

    def _bad(self, what: str) -> BadReply:
        self.kill(f"it sent {what}")
        return BadReply(f"The student's process sent {what}.")

    def _died(self) -> ChildDied | LimitHit:
        """The connection is closed: find out how the process ended."""
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        alone = bool(ended.poll(ENDING_MILLISECONDS))  # a process closes its files a moment before it is gone
        self.kill("it closed its connection to the grader")
        end = self._sandbox.exit_of(self._number)
        if not alone:
            return ChildDied(f"The student's process is gone: {self._dead}.")
        limits = self._limits
        if os.WIFEXITED(end.status):
            self._dead = f"it ended itself (exit status {os.WEXITSTATUS(end.status)})"
        elif os.WTERMSIG(end.status) != signal.SIGKILL:
            self._dead = f"it crashed ({signal.Signals(os.WTERMSIG(end.status)).name})"
        elif end.cpu_seconds >= limits.cpu_seconds - 1:
            text = f"It used more than {limits.cpu_seconds:g} {MEANING['cpu_seconds']}, and was stopped."
            self._dead = "it ran out of processor time"
            return LimitHit("CPU seconds", limits.cpu_seconds, text)
        else:
            self._dead = "the system killed it, most likely for lack of memory"
        return ChildDied(f"The student's process is gone: {self._dead}.")

    # -- checking what came back -------------------------------------------------------------------------------

    def _decode(self, message: bytes) -> dict[str, Any]:
        try:
            reply = wire.decode(message, self._limits)
        except wire.WireError as error:
            raise self._bad(f"what cannot be read ({error})") from None
        if type(reply) is not dict:
            raise self._bad("what is no reply")
        return reply

    def _fields(self, reply: dict[str, Any], **types: Any) -> list[Any]:
        values = [reply.get(name, MISSING) for name in types]
        if not all(isinstance(value, kind) for value, kind in zip(values, types.values(), strict=True)):
            raise self._bad("a reply with the wrong fields")
        return values

    def _remote_error(self, fields: Any) -> RemoteError:
        if type(fields) is not dict:
            raise self._bad("an error that says nothing")
        name, message = self._fields(fields, exception=str, message=str)
        line, lineno = fields.get("line"), fields.get("lineno")
        if name == "MemoryError":
            message = f"more than {self._limits.address_space_mib} MiB of memory would be needed"
        return RemoteError(
            _plain(name, 200),
            _plain(message, 2000),
            _plain(line, 200) if type(line) is str else None,
            lineno if type(lineno) is int and 0 < lineno < 1_000_000 else None,
        )

    def _output(self, output: Any) -> dict[str, Any]:
        """One nbformat output, built anew from what was sent."""
        if type(output) is not dict:
            raise self._bad("an output of no known kind")
        kind = output.get("output_type")
        if kind == "stream":
            name, text = self._fields(output, name=str, text=str)
            return {"output_type": kind, "name": "stderr" if name == "stderr" else "stdout", "text": str(text)}
        if kind == "error":
            name, message, trace = self._fields(output, ename=str, evalue=str, traceback=list)
            lines = [_plain(line, 2000) for line in trace[:100] if type(line) is str]
            return {"output_type": kind, "ename": _plain(name, 200), "evalue": _plain(message, 2000), "traceback": lines}
        if kind in ("display_data", "execute_result"):
            (data,) = self._fields(output, data=dict)
            bundle = {mime: value for mime, value in data.items() if type(mime) is str and _showable(mime, value)}
            clean: dict[str, Any] = {"output_type": kind, "data": bundle, "metadata": {}}
            if kind == "execute_result":
                count = output.get("execution_count")
                clean["execution_count"] = count if type(count) is int and 0 < count < 1_000_000 else None
            return clean
        raise self._bad("an output of no known kind")


def _pid_of(pidfd: int) -> int:
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))


def _showable(mime: str, value: Any) -> bool:
    """Text, or JSON data under a JSON type: what nbformat allows."""
    if type(value) is str:
        return len(mime) < 100
    if mime != "application/json" and not mime.endswith("+json"):
        return False
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return len(mime) < 100 and _has_text_keys(value)


def _has_text_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _has_text_keys(item) for key, item in value.items())
    return all(map(_has_text_keys, value)) if isinstance(value, list) else True


_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(13, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")


def _plain(text: str, length: int) -> str:
    """Text without control characters (terminals obey some), cut to a length."""
    return text[:length].translate(_CONTROL)
