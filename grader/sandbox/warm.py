"""The process of a warm parent. Imports no NumPy: a command can start it before the rest of itself is imported."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from . import launch, pythonview, seccomp
from .errors import SandboxUnavailable
from .layers import ALL, Layers
from .limits import Limits

END_SECONDS = 5.0
SAID_BYTES = 2000


class WarmProcess:
    """A warm parent that is starting, or has started: `host.Sandbox` talks to it over `control`.

    `files` is the folder of released helper modules and public fixtures; it is read-only inside, its files appear in
    the working folder, and the warm parent imports its modules. Raises `SandboxUnavailable` where the machine does not
    allow what is needed, or later, from `Sandbox`. The thread that makes one must live as long as it does: bubblewrap
    dies with it.
    """

    def __init__(
        self,
        *,
        files: Path | None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        layers: Layers = ALL,
    ) -> None:
        if layers.seccomp and not seccomp.supported():
            raise SandboxUnavailable("There is no system-call filter for this processor.", "Use x86-64 or arm64.")
        self.limits = limits
        self.layers = layers
        self.is_ready = False
        self._folder = None if layers.cage else Path(tempfile.mkdtemp(prefix="grader-no-sandbox-"))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process: subprocess.Popen[bytes] | None = None
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._launch(files.resolve() if files is not None else None, theirs.fileno())
        except (SandboxUnavailable, pythonview.ViewError, OSError) as error:
            raise self.failed(error) from None

    def _launch(self, files: Path | None, control: int) -> None:
        if self._folder is None:
            command, environment = launch.caged(files, self.limits, self.layers, control)
        else:
            command, environment = launch.uncaged(files, self.limits, self.layers, control, self._folder)
        self._process = subprocess.Popen(
            command,
            env=environment,
            pass_fds=(control,),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd="/",
        )

    def failed(self, error: Exception) -> SandboxUnavailable:
        """Why there is no warm parent, in its own last words where it had some. Ends what there is."""
        self._end()
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - SAID_BYTES))
        said = self._log.read().decode("utf-8", "replace").strip()
        self.close()
        problem = f"The sandbox did not start: {said or getattr(error, 'problem', error)}"
        return SandboxUnavailable(problem, getattr(error, "remedy", "Run `make doctor`."))

    def close(self) -> None:
        """End the warm parent, and with it every child. May be called again."""
        self._end()
        self._log.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self) -> None:
        self.control.close()
        if self._process is None:
            return
        if not self.is_ready:  # busy with its imports
            self._process.kill()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
