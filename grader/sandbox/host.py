"""The trusted side: `Sandbox` is one warm parent, `Child` one submission's process. Start reading here.

    with Sandbox.start(files=Path("assignment/NAME")) as sandbox, sandbox.child() as child:
        run = child.run_cell("def double(x): return 2 * x")
        child.call("double", (np.arange(3.0),)).value

Nothing that comes back is believed: it is bounded, decoded by `wire`, and checked for shape. Time is held here. A
`Sandbox` belongs to one thread, which must live as long as the sandbox does: bubblewrap dies with it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from . import launch
from .child import Child, Exit, safe_name
from .errors import BadReply, ChildDied, LimitHit, RemoteError, SandboxError, SandboxUnavailable
from .layers import ALL, Layers
from .limits import Limits
from .replies import MISSING, CallReply, CellRun, Function, Module
from .warm import WarmProcess
from .wire import Handle

__all__ = [
    "ALL",
    "MISSING",
    "BadReply",
    "CallReply",
    "CellRun",
    "Child",
    "ChildDied",
    "Function",
    "Handle",
    "Layers",
    "LimitHit",
    "Limits",
    "Module",
    "RemoteError",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailable",
    "safe_name",
]

START_SECONDS = 90.0  # imports from a cold disk
FORK_SECONDS = 30.0
KEPT_EXITS = 100
NO_FILES: Mapping[str, bytes] = MappingProxyType({})


class Sandbox:
    """One warm parent that has started. `child()` gives a fresh, confined process in a few milliseconds.

    Raises `SandboxUnavailable` where the machine does not allow what is needed.
    """

    def __init__(self, warm: WarmProcess) -> None:
        self.limits = warm.limits
        self.layers = warm.layers
        self._warm = warm
        self._control = warm.control
        self._exits: dict[int, Exit] = {}
        self._count = 0
        self._is_twin = False
        try:
            self.landlock_abi = self._hear("ready", START_SECONDS)[0]["ready"]["landlock"]
        except SandboxUnavailable as error:
            raise warm.failed(error) from None
        warm.is_ready = True

    @classmethod
    def start(
        cls,
        *,
        files: Path | None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        layers: Layers = ALL,
    ) -> Sandbox:
        """Start a warm parent (see `WarmProcess`) and wait for it."""
        return cls(WarmProcess(files=files, limits=limits, layers=layers))

    @property
    def description(self) -> str:
        """Which layers student code runs behind, in words. Every verdict carries it."""
        if not self.layers.cage:
            return "NONE: student code ran with all the rights of the grader"
        parts = [f"bubblewrap {launch.bwrap()[1]}", "namespaces"]
        parts += [name for name in ("view", "rlimits", "seccomp") if getattr(self.layers, name)]
        if self.layers.landlock and self.landlock_abi:
            parts.append(f"Landlock {self.landlock_abi}")
        return ", ".join(parts)

    def child(self, *, submitted_files: Mapping[str, bytes] = NO_FILES) -> Child:
        """A fresh process. `submitted_files` are the submission's other files, by relative name (see `safe_name`)."""
        self._count += 1
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [json.dumps({"fork": self._count}).encode()], [theirs.fileno()])
            message, (pidfd,) = self._hear("forked", FORK_SECONDS)
            while message["forked"] != self._count:  # one that was given up waiting for; it ends by itself
                os.close(pidfd)
                message, (pidfd,) = self._hear("forked", FORK_SECONDS)
        except OSError as error:
            ours.close()
            raise SandboxUnavailable(f"The warm parent is gone: {error}.") from None
        except SandboxUnavailable:
            ours.close()
            raise
        os.set_inheritable(pidfd, False)
        child = Child(self, self._count, pidfd, ours, self.limits)
        child.prepare(dict(submitted_files))
        return child

    def have_twin(self) -> None:
        """For a process forked from the one that made this sandbox: get a warm parent of its own, forked as well.

        It takes milliseconds, and the two share their memory. The process's own end of things is closed with
        `close()`, or with the process.
        """
        shared = self._control
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._is_twin = True
        with shared, theirs:
            try:
                socket.send_fds(shared, [json.dumps({"twin": True}).encode()], [theirs.fileno()])
            except OSError as error:
                raise SandboxUnavailable(f"The warm parent is gone: {error}.") from None
        self._hear("ready", START_SECONDS)

    def exit_of(self, number: int, seconds: float = FORK_SECONDS) -> Exit:
        """How a child ended; waits for it. Raises `SandboxUnavailable` where the warm parent is gone as well."""
        deadline = time.monotonic() + seconds
        while number not in self._exits:
            self._hear("exited", deadline - time.monotonic())
        return self._exits.pop(number)

    def _hear(self, what: str, seconds: float) -> tuple[dict[str, Any], list[int]]:
        """The next message of the warm parent that says `what`; reports of exits are noted on the way."""
        deadline = time.monotonic() + seconds
        while True:
            self._control.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data, fds, _, _ = socket.recv_fds(self._control, 65536, 1)
            except TimeoutError:
                raise SandboxUnavailable(f"The warm parent was silent for {seconds:.0f} s.") from None
            except OSError as error:
                raise SandboxUnavailable(f"The warm parent is gone: {error}.") from None
            if not data:
                raise SandboxUnavailable("The warm parent died.")
            message = json.loads(data)
            if "exited" in message:
                self._exits[message["exited"]] = Exit(message["status"], message["cpu"], message["rss"])
                if len(self._exits) > KEPT_EXITS:  # of children that nobody asked about
                    del self._exits[next(iter(self._exits))]
            if what in message:
                return message, fds

    def close(self) -> None:
        """End the warm parent, and with it every child."""
        if self._is_twin:
            self._control.close()  # the process and the folder are the first one's
        else:
            self._warm.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
