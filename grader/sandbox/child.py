"""The trusted side of one child: requests with deadlines, replies that are checked."""

from __future__ import annotations

import os
import secrets
import select
import signal
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import batch, replies, wire
from .batch import Request
from .errors import BadReply, ChildDied, LimitHit, RemoteError, SandboxUnavailable
from .limits import MEANING, Limits
from .replies import CallReply, CellRun
from .wire import Handle

if TYPE_CHECKING:
    from .host import Sandbox

FRAME = struct.Struct("<QQ")
START_SECONDS = 30.0
WATCH_SECONDS = 0.1  # between looks at a child's threads
ENDING_MILLISECONDS = 500
CHUNK = 1 << 20
SENT_AHEAD = 64 << 10  # bytes of requests sent at once: a socket holds them, so that nobody waits for room

Answer = dict[str, Any]  # of a batch, not yet checked


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended: wait status, CPU seconds, largest resident size in KiB."""

    status: int
    cpu_seconds: float
    rss_kib: int


def safe_name(name: str) -> bool:
    """True for a relative file name that stays inside its folder, such as `helper.py` or `data/x.csv`."""
    odd = {"", ".", ".."}
    return len(name) < 1000 and all(
        part not in odd and part.isprintable() and len(part.encode("utf-8", "replace")) < 255
        for part in name.split("/")
    )


def encode_batch(requests: Sequence[Request], limits: Limits) -> bytes:
    """Requests as one message, for `Child.batch`. A handle made by `wire.earlier` is an item of an earlier result."""
    return wire.encode(["batch", *batch.pack(requests)], limits)


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
        self.pid = _pid_of(pidfd)  # as seen from here
        self._dead: str | None = None
        self.active: tuple[str, ...] = ()
        self.skipped_files: tuple[str, ...] = ()

    # -- what the engine does with a child ---------------------------------------------------------------------

    def run_cell(self, source: str, *, seconds: float | None = None) -> CellRun:
        """Run a cell. An exception in it is no error here: it is in `outputs`, and `ok` is False."""
        started = time.monotonic()
        reply = self._ask("cell_seconds", seconds, "cell", source)
        outputs, ok, error = self._checked(replies.cell_run, reply, self._limits)
        return CellRun(outputs, ok, error, time.monotonic() - started, replies.cpu_seconds(reply))

    def run_cells(self, sources: Sequence[str], seconds: Callable[[], float]) -> Iterator[CellRun | RemoteError]:
        """Run cells one after the other and yield what each did, or the error that kept it from being begun.

        As many as the socket holds are sent at once, which saves a wait for each. `seconds` is asked when a cell's
        turn comes, and says how long it may take.
        """
        waiting = deque(self._request("cell", source) for source in sources)
        while waiting:
            sent = [waiting.popleft()]
            while waiting and sum(len(frame) for _, frame in sent) + len(waiting[0][1]) <= SENT_AHEAD:
                sent.append(waiting.popleft())
            limit, allowed, deadline = self._time("cell_seconds", seconds())
            self._refuse_early_replies()
            self._send(b"".join(frame for _, frame in sent), deadline, limit, allowed)
            for number, (nonce, _) in enumerate(sent):
                started = time.monotonic()
                if number:
                    limit, allowed, deadline = self._time("cell_seconds", seconds())
                try:
                    reply = self._succeeded(self._decode(self._receive(nonce, deadline, limit, allowed)))
                except RemoteError as error:
                    yield error
                    continue
                outputs, ok, error = self._checked(replies.cell_run, reply, self._limits)
                yield CellRun(outputs, ok, error, time.monotonic() - started, replies.cpu_seconds(reply))

    def lookup(self, name: str) -> Any:
        """`MISSING`, a `Function`, a `Module`, or the value: plain data, or a `Handle` for what is not."""
        reply = self._ask("call_seconds", None, "lookup", name)
        return self._checked(replies.looked_up, reply, name)

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
        return self._checked(replies.call_reply, reply, args, kwargs)

    def batch(self, message: bytes, count: int, *, seconds: float | None = None) -> list[Answer]:
        """Send `count` requests at once, made with `encode_batch`; answers are read with `read_...`, or never."""
        answers = self._exchange("call_seconds", seconds, *self._frame(message))
        if type(answers) is dict:
            self._succeeded(answers)  # raises why there are none
        return self._checked(replies.answers, answers, count)

    def read_lookup(self, answer: Answer, name: str) -> Any:
        """What one lookup of a batch gave. Raises what `lookup` would raise."""
        return self._checked(replies.looked_up, self._succeeded(answer), name)

    def read_answer(self, answer: Answer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallReply | None:
        """What one call of a batch gave, None where it was not reached. Raises what `call` would raise."""
        reply = self._succeeded(answer)
        return None if "unreachable" in reply else self._checked(replies.call_reply, reply, args, kwargs)

    def fetch(self, handle: Handle) -> Any:
        """The object behind a handle as plain data, as far as it is (what is not stays a handle)."""
        reply = self._ask("call_seconds", None, "fetch", handle.id)
        return self._checked(replies.value, reply)

    def kill(self, reason: str = "it was ended by the grader") -> None:
        """End the process and everything it started. May be called again."""
        if self._dead is not None:
            return
        with suppress(ProcessLookupError):  # it has gone already
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._dead = reason  # not before: an alarm of ours may come in between
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

    def prepare(self, files: dict[str, bytes]) -> None:
        """Wait until the child is confined, and add the submission's files. Called by `Sandbox.child()`."""
        unsafe = [name for name in files if not safe_name(name)]
        if unsafe:
            self.kill()
            raise ValueError(f"file names that lead out of the folder: {unsafe[:3]!r}")
        deadline = time.monotonic() + START_SECONDS
        try:
            hello = self._succeeded(self._decode(self._receive(0, deadline, "wall seconds", START_SECONDS)))
            if not isinstance(hello.get("active"), list):
                self.kill()
                raise SandboxUnavailable(f"This machine does not allow the sandbox: {hello.get('refused')}.")
            self.active = tuple(map(str, hello["active"]))
            if files:
                reply = self._ask("call_seconds", None, "files", files)
                self.skipped_files = tuple(map(str, reply.get("skipped", ())))
        except (LimitHit, ChildDied, BadReply, RemoteError) as error:  # no student code has run yet: our fault
            self.kill()
            raise SandboxUnavailable(f"A student's process did not start: {error}") from None

    def _ask(self, limit: str, seconds: float | None, verb: str, *arguments: Any) -> dict[str, Any]:
        """Send a request and return the checked reply. `limit` names the field of `Limits` that bounds the time."""
        return self._succeeded(self._exchange(limit, seconds, *self._request(verb, *arguments)))

    def _exchange(self, limit: str, seconds: float | None, nonce: int, frame: bytes) -> Any:
        """Send a frame and return the value that comes back."""
        limit, seconds, deadline = self._time(limit, seconds)
        self._refuse_early_replies()
        self._send(frame, deadline, limit, seconds)
        return self._decode(self._receive(nonce, deadline, limit, seconds))

    def _request(self, verb: str, *arguments: Any) -> tuple[int, bytes]:
        return self._frame(wire.encode([verb, *arguments], self._limits))

    def _frame(self, request: bytes) -> tuple[int, bytes]:
        """(nonce, frame) of a request to a child that is there."""
        if self._dead is not None:
            raise ChildDied(f"The student's process is gone: {self._dead}.")
        nonce = secrets.randbits(63) + 1
        return nonce, FRAME.pack(len(request), nonce) + request

    def _time(self, limit: str, seconds: float | None) -> tuple[str, float, float]:
        """(name of the limit, seconds, deadline) of what begins now."""
        seconds = getattr(self._limits, limit) if seconds is None else seconds
        left = self._born + self._limits.submission_seconds - time.monotonic()
        if left < seconds:
            limit, seconds = "submission_seconds", left
        return limit, seconds, time.monotonic() + seconds

    def _succeeded(self, reply: Any) -> dict[str, Any]:
        """A reply that is one. Raises what it says went wrong."""
        if type(reply) is not dict:
            raise self._bad("what is no reply")
        if "limit" in reply:
            raise self._limit_hit(reply["limit"])
        if "error" in reply and "outputs" not in reply:
            raise self._checked(replies.remote_error, reply["error"], self._limits)
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

    def _receive(self, nonce: int, deadline: float, limit: str, seconds: float) -> bytearray:
        size, answered = FRAME.unpack(self._read(FRAME.size, deadline, limit, seconds))
        if answered != nonce:
            raise self._bad("a reply to another question")
        if size > wire.most_bytes(self._limits):
            raise self._bad(f"a reply of {size} bytes")
        return self._read(size, deadline, limit, seconds)

    def _read(self, size: int, deadline: float, limit: str, seconds: float) -> bytearray:
        data = bytearray(size)  # takes memory only as far as it is filled
        rest = memoryview(data)
        while rest:
            try:
                count = self._socket.recv_into(rest)
            except BlockingIOError:
                self._wait(select.POLLIN, deadline, limit, seconds)
                continue
            except OSError:
                count = 0
            if not count:
                raise self._died()
            rest = rest[count:]
            if time.monotonic() > deadline:  # a trickle is not an answer either
                raise self._out_of_time(limit, seconds)
        return data

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
            with open(f"/proc/{self.pid}/stat", "rb") as file:
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
        return LimitHit(limit, seconds, text)

    def _limit_hit(self, limit: Any) -> LimitHit | BadReply:
        if type(limit) is not str or limit not in MEANING:
            return self._bad("a limit that does not exist")
        value = getattr(self._limits, limit)
        self.kill(f"it needed more than {value:g} {MEANING[limit]}")
        return LimitHit(limit, value, f"It needed more than {value:g} {MEANING[limit]}.")

    def _bad(self, what: str) -> BadReply:
        self.kill(f"it sent {what}")
        return BadReply(what)

    def _died(self) -> ChildDied | LimitHit:
        """The connection is closed: find out how the process ended."""
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        alone = bool(ended.poll(ENDING_MILLISECONDS))  # a process closes its files a moment before it is gone
        self.kill("it closed its connection to the grader")
        end = self._sandbox.exit_of(self._number)
        limits, cause, detail = self._limits, "closed", ""
        if not alone:
            pass  # it lived on without a connection
        elif os.WIFEXITED(end.status):
            cause, detail = "exited", str(os.WEXITSTATUS(end.status))
            self._dead = f"it ended itself (exit status {detail})"
        elif os.WTERMSIG(end.status) != signal.SIGKILL:
            cause, detail = "crashed", signal.Signals(os.WTERMSIG(end.status)).name
            self._dead = f"it crashed ({detail})"
        elif end.cpu_seconds >= limits.cpu_seconds - 1:
            text = f"It used more than {limits.cpu_seconds:g} {MEANING['cpu_seconds']}, and was stopped."
            self._dead = "it ran out of processor time"
            return LimitHit("cpu_seconds", limits.cpu_seconds, text)
        else:
            cause, self._dead = "killed", "the system killed it, most likely for lack of memory"
        return ChildDied(f"The student's process is gone: {self._dead}.", cause, detail)

    def _decode(self, message: bytes | bytearray) -> Any:
        try:
            return wire.decode(message, self._limits)
        except wire.WireError as error:
            raise self._bad(f"what cannot be read ({error})") from None

    def _checked(self, check: Callable[..., Any], *args: Any) -> Any:
        try:
            return check(*args)
        except replies.Malformed as error:
            raise self._bad(str(error)) from None
        except (
            ValueError,
            TypeError,
            LookupError,
            ArithmeticError,
            RecursionError,
        ) as error:  # one we did not think of
            raise self._bad(f"what cannot be checked ({type(error).__name__})") from None


def _pid_of(pidfd: int) -> int:
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))
