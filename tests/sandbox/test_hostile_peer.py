"""The data-only wire, alone: what can a process do that holds the other end of the connection and obeys no rule?

The peer here is a thread of the test with a raw socket, so no other layer stands between it and the trusted side.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.sandbox import replies
from grader.sandbox.child import Child, Exit
from grader.sandbox.errors import BadReply, ChildDied, LimitHit, RemoteError
from grader.sandbox.limits import Limits
from grader.sandbox.replies import Malformed
from grader.sandbox.wire import Handle, encode, most_bytes

LIMITS = Limits(message_bytes=1 << 20, cell_seconds=5.0, call_seconds=5.0)
FRAME = struct.Struct("<QQ")


class KilledByUs:
    """In place of a sandbox: it only has to say how the process ended."""

    def exit_of(self, number: int) -> Exit:
        return Exit(status=9, cpu_seconds=0.0, rss_kib=0)


class Peer:
    """The other end. `answer` gets each request's nonce and writes what it likes."""

    def __init__(self, connection: socket.socket, answer: Callable[[socket.socket, int], None]) -> None:
        self.connection = connection
        self.thread = threading.Thread(target=self.run, args=(answer,), daemon=True)
        self.thread.start()

    def run(self, answer: Callable[[socket.socket, int], None]) -> None:
        try:
            while header := self.connection.recv(FRAME.size, socket.MSG_WAITALL):
                size, nonce = FRAME.unpack(header)
                self.connection.recv(size, socket.MSG_WAITALL)
                answer(self.connection, nonce)
        except OSError:
            pass  # the trusted side has hung up: what the test wants


@pytest.fixture
def connect() -> Iterator[Callable[..., tuple[Child, subprocess.Popen[bytes]]]]:
    """Makes a child whose process sleeps, and whose connection a hostile peer answers."""
    opened: list[Any] = []

    def make(answer: Callable[[socket.socket, int], None]) -> tuple[Child, subprocess.Popen[bytes]]:
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        ours, theirs = socket.socketpair()
        child = Child(KilledByUs(), 1, os.pidfd_open(process.pid), ours, LIMITS)  # type: ignore[arg-type]
        opened.append((child, process, theirs))
        Peer(theirs, answer)
        return child, process

    yield make
    for child, process, theirs in opened:
        child.kill()
        theirs.close()
        process.kill()
        process.wait()


def sends(reply: Any, nonce: int | None = None) -> Callable[[socket.socket, int], None]:
    """Answers everything with one encoded value."""

    def answer(connection: socket.socket, asked: int) -> None:
        data = reply if isinstance(reply, bytes) else encode(reply, Limits())
        connection.sendall(FRAME.pack(len(data), asked if nonce is None else nonce) + data)

    return answer


FORGERIES = {
    "noise": sends(b"\xff" * 100),
    "no reply": sends(7),
    "a list": sends([1, 2]),
    "nothing in it": sends({}),
    "a value too few": sends({"args": [], "kwargs": {}}),
    "arguments too many": sends({"value": 1, "args": [1], "kwargs": {}}),
    "arguments of another kind": sends({"value": 1, "args": {}, "kwargs": {}}),
    "unknown arguments": sends({"value": 1, "args": [], "kwargs": {"x": 1}}),
    "another nonce": sends({"value": 1, "args": [], "kwargs": {}}, nonce=5),
    "an error that is none": sends({"error": 5}),
    "an error without a name": sends({"error": {"message": "x"}}),
    "an error with an object as name": sends({"error": {"exception": Handle(1, "x"), "message": "x"}}),
    "an unknown limit": sends({"limit": "patience"}),
    "a limit with more digits than Python prints": sends({"limit": 1 << 65_000}),
    "an enormous size": lambda connection, nonce: connection.sendall(FRAME.pack(1 << 62, nonce)),
    "a size just too large": lambda connection, nonce: connection.sendall(FRAME.pack(most_bytes(LIMITS) + 1, nonce)),
}


BATCHES = {
    "no reply": sends(7),
    "one answer": sends({"value": 1}),
    "too few": sends([{"value": 1, "args": [], "kwargs": {}}]),
    "too many": sends([{"value": 1, "args": [], "kwargs": {}}] * 3),
    "an unknown limit": sends({"limit": "patience"}),
}


@pytest.mark.parametrize("answer", BATCHES.values(), ids=BATCHES.keys())
def test_a_forged_batch_is_refused_and_ends_the_child(connect: Any, answer: Any) -> None:
    """Is a batch that is not one answer for each question an error?"""
    child, process = connect(answer)
    with pytest.raises(BadReply):
        child.batch(encode(["batch", []], LIMITS), 2)
    assert process.wait(10) == -9


@pytest.mark.parametrize("answer", [7, [], {}, {"args": []}, {"value": 1, "args": [1], "kwargs": {}}, {"kind": 3}])
def test_a_forged_answer_in_a_batch_is_refused(connect: Any, answer: Any) -> None:
    """Is an answer of a batch looked at as closely as one that came alone?"""
    for read in (lambda child, got: child.read_answer(got, (), {}), lambda child, got: child.read_lookup(got, "f")):
        child, process = connect(sends([answer]))
        (got,) = child.batch(encode(["batch", []], LIMITS), 1)
        with pytest.raises(BadReply):
            read(child, got)
        assert process.wait(10) == -9


@pytest.mark.parametrize("answer", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_reply_is_refused_and_ends_the_child(connect: Any, answer: Any) -> None:
    """Is every reply that is not an answer to the question an error, and the process gone afterwards?"""
    child, process = connect(answer)
    with pytest.raises(BadReply):
        child.call("f")
    assert process.wait(10) == -9
    with pytest.raises(ChildDied):
        child.call("f")


@pytest.mark.parametrize("count", [1, 40, 5000])
def test_a_reply_before_the_question_is_refused(connect: Any, count: int) -> None:
    """Can a process answer a question that it has not been asked yet (with what it recorded earlier)?"""
    early = encode({"value": 1, "args": [], "kwargs": {}}, LIMITS)

    def twice(connection: socket.socket, nonce: int) -> None:
        connection.sendall(FRAME.pack(len(early), nonce) + early + (FRAME.pack(len(early), nonce) + early)[:count])

    child, _ = connect(twice)
    assert child.call("f").value == 1
    with pytest.raises(BadReply, match="before the question"):
        child.call("f")


def test_silence_ends_at_the_deadline(connect: Any) -> None:
    """Does a process that never answers cost more than its time?"""
    child, process = connect(lambda connection, nonce: None)
    with pytest.raises(LimitHit, match=r"0\.2 seconds for one call"):
        child.call("f", seconds=0.2)
    assert process.wait(10) == -9


def test_a_trickle_ends_at_the_deadline(connect: Any) -> None:
    """A byte now and then is not an answer: does the clock run on?"""

    def trickle(connection: socket.socket, nonce: int) -> None:
        connection.sendall(FRAME.pack(100_000, nonce))
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)  # the pace of the attack, not of the test

    child, _ = connect(trickle)
    with pytest.raises(LimitHit):
        child.call("f", seconds=0.3)


def test_a_stream_of_crumbs_ends_at_the_deadline(connect: Any) -> None:
    """When there is always one more byte to read, is the clock still looked at?"""
    child, process = connect(lambda connection, nonce: connection.sendall(FRAME.pack(1000, nonce) + b"x" * 1000))
    with pytest.raises(LimitHit):
        child.call("f", seconds=0.0)
    assert process.wait(10) == -9


def test_a_peer_that_does_not_listen_ends_at_the_deadline(connect: Any) -> None:
    """Can a process block the trusted side by not reading a large request?"""
    stopped = threading.Event()
    child, _ = connect(lambda connection, nonce: stopped.wait(10))
    with pytest.raises(LimitHit):
        child.call("f", (b"x" * 1000,), seconds=0.2)
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    deaf = Child(KilledByUs(), 2, os.pidfd_open(process.pid), ours, Limits())  # type: ignore[arg-type]
    with theirs, pytest.raises(LimitHit):
        deaf.call("f", (b"x" * (8 << 20),), seconds=0.2)
    assert process.wait(10) == -9
    stopped.set()


def test_a_closed_connection_is_a_death(connect: Any) -> None:
    """Does a process that hangs up count as one that ended?"""
    child, process = connect(lambda connection, nonce: connection.shutdown(socket.SHUT_RDWR))
    with pytest.raises(ChildDied, match="closed its connection"):
        child.call("f")
    assert process.wait(10) == -9


def test_an_honest_error_does_not_end_the_child(connect: Any) -> None:
    """And is what it says bounded and free of control characters?"""
    fields = {"exception": "E" * 999, "message": "a\x1b[2Jb\x00" + "c" * 9999, "line": "d" * 999, "lineno": -4}
    child, _ = connect(sends({"error": fields}))
    with pytest.raises(RemoteError) as caught:
        child.call("f")
    error = caught.value
    assert len(error.exception) == 200
    assert error.message.startswith("a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c")
    assert len(error.message) == 2000
    assert (len(error.line or ""), error.lineno) == (200, None)
    assert child.alive


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["output_type", "name", "text", "data", "ename", "evalue", "traceback", "text/plain"]),
            inner | st.sampled_from(["stream", "error", "display_data", "execute_result"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(plain, plain, plain)
@settings(max_examples=300, deadline=None)
def test_whatever_a_cell_answers_is_checked(outputs: Any, ok: Any, error: Any) -> None:
    """Is there a decoded reply to a cell that ends in anything but outputs or Malformed?"""
    try:
        run, done, text = replies.cell_run({"outputs": outputs, "ok": ok, "error": error}, LIMITS)
    except Malformed:
        return
    assert all(type(output["output_type"]) is str for output in run)
    assert type(done) is bool
    assert text is None or type(text) is str


@given(st.lists(plain, max_size=3), plain)
@settings(max_examples=200, deadline=None)
def test_whatever_a_call_answers_is_checked(args: list[Any], reply: Any) -> None:
    """And to a call or a lookup?"""
    for check in (
        lambda: replies.call_reply(reply if isinstance(reply, dict) else {"value": reply}, tuple(args), {}),
        lambda: replies.looked_up(reply if isinstance(reply, dict) else {"kind": reply}, "x"),
        lambda: replies.remote_error(reply, LIMITS),
    ):
        with contextlib.suppress(Malformed):
            check()
