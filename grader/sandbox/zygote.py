"""The warm parent: imports everything once, then forks one confined child per submission. Never runs student code.

Control socket (file descriptor 3, one message per datagram, JSON):
    grader -> {"fork": n}  with one end of a socketpair attached; {"twin": true}  with the twin's control socket
    warm parent -> {"ready": …} once; {"forked": n} with the child's pidfd; {"exited": n, …} when it is gone

A twin is a warm parent of its own, for another process of the grader, forked from this one.

A child answers requests on its socket until it is killed. Frames, both ways: uint64 size, uint64 nonce, message.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import traceback
from dataclasses import asdict
from typing import Any

from . import batch, confine, seccomp, shell, wire
from .layers import Layers
from .limits import Limits

CONTROL = 3
TWIN = 0  # stands where a child has its number
FRAME = struct.Struct("<QQ")


def main(argument: str) -> None:
    """Warm up and serve until the grader closes the control socket."""
    settings = json.loads(argument)
    sys.argv, sys.orig_argv = [""], [""]
    if settings["control"] != CONTROL:
        os.dup2(settings["control"], CONTROL, inheritable=False)
        os.close(settings["control"])
    limits, layers = Limits(**settings["limits"]), Layers(**settings["layers"])
    if layers.cage:
        confine.protect_devices()
    links = _links_to(settings["released"])
    stderr = sys.stderr
    warm_shell = shell.warm(limits)  # from here on sys.stderr is the cells'
    try:
        for name in links:
            if name.endswith(".py"):
                importlib.import_module(name.removesuffix(".py"))
    except Exception:
        traceback.print_exc(file=stderr)
        raise
    shell.settle()
    sys.path[:] = [path for path in sys.path if path not in ("", settings["kit"])] + [""]
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__]:
        del sys.modules[name]  # the modules live on; a student's `import` does not find them
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"{threads} threads in the warm parent: it cannot be forked safely")
    if layers.seccomp:
        seccomp.program()  # kept for the children
    confine.fill_free_places()
    confine.tidy_up_for_forks()
    gc.freeze()  # and no `collect` before: it would leave free places, which every child would fill in a copy
    WarmParent(limits, layers, warm_shell, settings["scratch"], links).serve()
    os._exit(0)  # the grader waits for it, and nothing is left to be taken down in order


def _links_to(folder: str | None) -> dict[str, str]:
    """name -> target of the links to released files that every working folder has."""
    return {name: os.path.join(folder, name) for name in sorted(os.listdir(folder))} if folder else {}


class WarmParent:
    def __init__(
        self, limits: Limits, layers: Layers, warm_shell: shell.Shell, scratch: str, links: dict[str, str]
    ) -> None:
        self.limits = limits
        self.layers = layers
        self.shell = warm_shell
        self.scratch = scratch
        self.links = links
        self.control = socket.socket(fileno=CONTROL)
        self.own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.children: dict[int, tuple[int, int]] = {}  # pidfd -> (number, pid)
        self.poll = select.poll()

    def serve(self) -> None:
        self.poll.register(self.control, select.POLLIN)
        self.say({"ready": {"layers": asdict(self.layers), "landlock": confine.landlock_abi()}})
        while True:
            for fd, _ in self.poll.poll():
                if fd in self.children:
                    self.reap(fd)
                elif not self.obey():
                    return

    def say(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        socket.send_fds(self.control, [json.dumps(message).encode()], list(fds))

    def obey(self) -> bool:
        """One request of the grader; False when it has gone."""
        data, fds, _, _ = socket.recv_fds(self.control, 65536, 1)
        if not data:
            return False
        message = json.loads(data)
        number = message.get("fork", TWIN)
        pid = confine.fork() if number == TWIN else self.fork()
        if pid == 0:
            become = self.become_twin if number == TWIN else self.become_child
            become(fds[0])
        os.close(fds[0])
        pidfd = os.pidfd_open(pid)
        self.children[pidfd] = (number, pid)
        self.poll.register(pidfd, select.POLLIN)
        if number != TWIN:
            self.say({"forked": number}, (pidfd,))
        return True

    def become_twin(self, fd: int) -> None:
        """Serve another process of the grader until it goes; never returns."""
        try:
            confine.die_with_parent()
            os.dup2(fd, CONTROL, inheritable=False)
            for inherited in (fd, self.own_pid_namespace, *self.children):
                os.close(inherited)
            WarmParent(self.limits, self.layers, self.shell, self.scratch, self.links).serve()
        finally:
            os._exit(0)

    def fork(self) -> int:
        """Fork a child that is process 1 of a pid namespace of its own, and stay in ours."""
        if not self.layers.cage:
            return confine.fork()
        confine.unshare(confine.NEWPID)  # for the children of this process, not for itself
        pid = confine.fork()
        if pid:
            confine.enter(self.own_pid_namespace, confine.NEWPID)
        return pid

    def reap(self, pidfd: int) -> None:
        number, pid = self.children.pop(pidfd)
        _, status, usage = os.wait4(pid, 0)
        self.poll.unregister(pidfd)
        os.close(pidfd)
        self.say({"exited": number, "status": status, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss})

    def become_child(self, fd: int) -> None:
        """Confine this process, then serve requests; never returns."""
        try:
            os.dup2(fd, CONTROL)  # the control socket itself is closed by this
            hello = self.enter_layers()
            gc.enable()
            Server(self.shell, self.limits).serve(hello)
        finally:
            os._exit(70)

    def enter_layers(self) -> dict[str, Any]:
        """Leave everything of the warm parent behind; returns what there is to tell the grader."""
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for standard in range(3):
                os.dup2(null, standard)
            os.closerange(CONTROL + 1, 65536)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            scratch = self.scratch
            if not self.layers.cage:
                scratch = os.path.join(scratch, str(os.getpid()))
                os.mkdir(scratch)
            active = confine.confine(self.limits, self.layers, scratch)
            for name, target in self.links.items():
                os.symlink(target, name)
            return {"active": active}
        except (confine.ConfineError, OSError) as error:
            return {"refused": str(error)}


class Server:
    """The child's end of the conversation."""

    def __init__(self, warm_shell: shell.Shell, limits: Limits) -> None:
        self.limits = limits
        self.session = shell.Session(warm_shell)
        self.verbs = {
            "files": self.files,
            "cell": self.session.run_cell,
            "lookup": self.session.lookup,
            "call": self.session.call,
            "fetch": lambda number: {"value": self.session.kept[number]},
        }

    def serve(self, hello: dict[str, Any]) -> None:
        self.send(0, wire.encode(hello, self.limits))
        while True:
            size, nonce = FRAME.unpack(self.receive(FRAME.size))
            request = self.receive(size)
            self.send(nonce, self.answer(request))

    def answer(self, request: bytearray) -> bytes:
        encoder = wire.Encoder(self.limits, self.session.keep)
        try:
            verb, *arguments = wire.decode(request, self.limits)
            tree = self.batch(encoder, *arguments) if verb == "batch" else encoder.tree(self.reply(verb, arguments))
            return encoder.message(tree)
        except wire.TooLarge as error:
            reply = {"limit": error.limit, "limit_value": error.value}
        except BaseException as error:  # no memory to put it into words
            reply = {"error": shell.failure.describe(error)}
        return wire.encode(reply, self.limits)

    def reply(self, verb: str, arguments: list[Any]) -> dict[str, Any]:
        try:
            return self.verbs[verb](*arguments)
        except shell.Unreachable:
            return {"unreachable": True}
        except BaseException as error:
            return {"error": shell.failure.describe(error)}

    def batch(self, encoder: wire.Encoder, stacks: list[Any], requests: list[Any]) -> list[Any]:
        """Answer many requests at once, each as if it had come alone: the trees of the answers.

        Each is taken down before the next is begun, which may change what it holds. One that does not fit any more
        can be asked for alone.
        """
        results: list[object] = []
        self.session.batch = results
        answers = []
        for number, (verb, arguments) in enumerate(batch.unpack(stacks, requests), start=1):
            try:
                answers.append(encoder.tree(self.reply(verb, arguments)))
            except wire.TooLarge:
                answers.append(encoder.tree({"unreachable": True}))
            results.extend([None] * (number - len(results)))  # a request that came to nothing has a place as well
        self.session.batch = None
        return answers

    def files(self, files: dict[str, bytes]) -> dict[str, Any]:
        """Add the submission's own files to the working folder. The links to the released ones win."""
        skipped = []
        for name, data in files.items():
            try:
                if os.path.islink(name.partition("/")[0]):
                    raise FileExistsError
                os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
                with open(name, "wb") as file:
                    file.write(data)
            except OSError:
                skipped.append(name)
        return {"skipped": skipped}

    def receive(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            count = os.readv(CONTROL, [rest])
            if not count:
                os._exit(0)
            rest = rest[count:]
        return data

    def send(self, nonce: int, message: bytes) -> None:
        count = os.writev(CONTROL, [FRAME.pack(len(message), nonce), message])  # never less than the header
        rest = memoryview(message)[count - FRAME.size :]
        while rest:
            rest = rest[os.write(CONTROL, rest) :]
