"""The trusted side: `Sandbox` is one warm parent, `Child` one submission's process. Start reading here.

    with Sandbox(files=Path("assignment/NAME")) as sandbox, sandbox.child() as child:
        run = child.run_cell("def double(x): return 2 * x")
        child.call("double", (np.arange(3.0),)).value

Nothing that comes back is believed: it is bounded, decoded by `wire`, and checked for shape. Time is held here. A
`Sandbox` belongs to one thread, which must live as long as the sandbox does: bubblewrap dies with it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from . import launch, pythonview, seccomp
from .child import Child, Exit, safe_name
from .errors import BadReply, ChildDied, LimitHit, RemoteError, SandboxError, SandboxUnavailable
from .layers import ALL, Layers
from .limits import Limits
from .replies import MISSING, CallReply, CellRun, Function, Module
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
END_SECONDS = 5.0
KEPT_EXITS = 100
NO_FILES: Mapping[str, bytes] = MappingProxyType({})


class Sandbox:
    """One warm parent. `child()` gives a fresh, confined process in a few milliseconds.

    `files` is the folder of released helper modules and public fixtures (notebooks are left out by the caller); it
    is read-only inside, importable, and its files appear in the working folder. `preload` names helper modules that
    the warm parent imports. Raises `SandboxUnavailable` where the machine does not allow what is needed.
    """

    def __init__(
        self,
        *,
        files: Path | None,
        preload: Sequence[str] = (),
        limits: Limits = Limits(),  # noqa: B008 - frozen
        layers: Layers = ALL,
    ) -> None:
        files = files.resolve() if files is not None else None
        self.limits = limits
        self.layers = layers
        released = launch.RELEASED if layers.cage else files
        self._links = {path.name: f"{released}/{path.name}" for path in files.iterdir()} if files else {}
        self._exits: dict[int, Exit] = {}
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._is_twin = False
        if layers.seccomp and not seccomp.supported():
            raise SandboxUnavailable("There is no system-call filter for this processor.", "Use x86-64 or arm64.")
        if not layers.cage:
            self._folder = Path(tempfile.mkdtemp(prefix="grader-no-sandbox-"))
        self._start(files, preload)

    def _start(self, files: Path | None, preload: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with tempfile.TemporaryFile() as log:
            try:
                self._process = self._launch(files, preload, theirs.fileno(), log)
                theirs.close()
                self.landlock_abi = self._hear("ready", START_SECONDS)[0]["ready"]["landlock"]
            except (SandboxUnavailable, pythonview.ViewError, OSError) as error:
                theirs.close()
                self.close()
                log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
                said = log.read().decode("utf-8", "replace").strip()
                problem = f"The sandbox did not start: {said or getattr(error, 'problem', error)}"
                raise SandboxUnavailable(problem, getattr(error, "remedy", "Run `make doctor`.")) from None

    def _launch(
        self, files: Path | None, preload: Sequence[str], control: int, log: BinaryIO
    ) -> subprocess.Popen[bytes]:
        if self._folder is None:
            command, environment = launch.caged(files, preload, self.limits, self.layers, control)
        else:
            command, environment = launch.uncaged(files, preload, self.limits, self.layers, control, self._folder)
        return subprocess.Popen(
            command, env=environment, pass_fds=(control,), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
        )

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
        child.prepare(dict(submitted_files), self._links)
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
        self._control.close()
        if self._is_twin:
            return  # the process and the folder are the first one's
        if self._process is not None:
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
