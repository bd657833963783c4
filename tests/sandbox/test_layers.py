"""Does each layer hold alone, with the others switched off?

Even with layers off, every child here runs in the cage: its own user and pid namespaces inside bubblewrap.
The resource limits are in `test_limits`, the view in `test_view`, the wire in `test_wire*` and `test_hostile_peer`.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox import confine, seccomp
from grader.sandbox.host import ALL, Child, Layers, Sandbox

PRELUDE = """
import ctypes, errno, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def error_of(function, *args):
    try:
        result = function(*args)
    except OSError as error:
        return error.errno
    return 0
"""


def child_with(*layers: str) -> Iterator[Child]:
    with Sandbox.start(files=None, layers=Layers.only(*layers)) as sandbox, sandbox.child() as child:
        assert child.run_cell(PRELUDE).ok
        yield child


def value_of(child: Child, expression: str) -> Any:
    run = child.run_cell(f"value = {expression}")
    assert run.ok, run.error
    return child.lookup("value")


@pytest.fixture(scope="module")
def namespaces() -> Iterator[Child]:
    yield from child_with()


class TestNamespaces:
    def test_it_sees_no_other_process(self, namespaces: Child) -> None:
        """Is it alone: process 1, nobody to signal, nothing in /proc?"""
        assert value_of(namespaces, "os.getpid()") == 1
        assert value_of(namespaces, "os.listdir('/proc')") == []
        assert value_of(namespaces, "error_of(os.kill, -1, signal.SIGKILL)") == errno.ESRCH
        for pid in (2, 3, threading.get_native_id()):
            assert value_of(namespaces, f"error_of(os.kill, {pid}, 0)") == errno.ESRCH
            assert value_of(namespaces, f"libc.ptrace(16, {pid}, 0, 0)") == -1

    def test_it_has_no_privileges(self, namespaces: Child) -> None:
        """Without seccomp in the way: is every privileged call refused for want of the capability?"""
        assert value_of(namespaces, "(os.getuid(), os.getgid())") == (65534, 65534)
        for call in ("os.setuid, 0", "os.setgid, 0", "os.chroot, '.'", "socket.sethostname, 'x'"):
            assert value_of(namespaces, f"error_of({call})") in (errno.EPERM, errno.EINVAL)
        assert value_of(namespaces, "(libc.mount(b'x', b'/tmp', b'tmpfs', 0, None), ctypes.get_errno())")[0] == -1
        assert value_of(namespaces, "libc.umount2(b'/proc', 2)") == -1

    def test_a_namespace_of_its_own_gives_it_nothing(self, namespaces: Child) -> None:
        """Could it become root in a new user namespace and take the covers off /proc and the scratch folder?"""
        source = """
pid = os.fork()
if pid == 0:
    libc.unshare(0x10020000)
    uncovered = libc.umount2(b'/proc', 2) == 0 or libc.umount2(b'/scratch', 2) == 0
    os._exit(1 if uncovered or os.listdir('/proc') else 0)
status = os.waitpid(pid, 0)[1]
"""
        assert namespaces.run_cell(source).ok
        assert namespaces.lookup("status") == 0

    def test_it_reaches_no_network(self, namespaces: Child) -> None:
        """Can it talk to a server on this machine, by address or by an abstract name?"""
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
            abstract.bind("\0grader-test-" + str(id(server)))
            abstract.listen()
            address, name = server.getsockname(), abstract.getsockname()
            assert value_of(namespaces, f"error_of(socket.create_connection, {address!r}, 2)") != 0
            assert value_of(namespaces, f"error_of(socket.socket(socket.AF_UNIX).connect, {name!r})") != 0
        assert value_of(namespaces, "error_of(socket.create_connection, ('192.0.2.1', 80), 2)") == errno.ENETUNREACH

    def test_it_shares_no_memory_by_name(self, namespaces: Child) -> None:
        """Is a SysV segment of this machine out of sight?"""
        libc, key, create, remove = ctypes.CDLL(None, use_errno=True), 0x67726164, 0o1600, 0
        segment = libc.shmget(key, 4096, create)
        assert segment >= 0
        try:
            assert value_of(namespaces, f"(libc.shmget({key}, 4096, 0), ctypes.get_errno())") == (-1, errno.ENOENT)
        finally:
            libc.shmctl(segment, remove, None)

    def test_children_share_no_memory_by_name(self) -> None:
        """Can one submission leave a SysV segment for the next, or read another's?"""
        key = 0x67726165
        with (
            Sandbox.start(files=None, layers=Layers.only()) as sandbox,
            sandbox.child() as one,
            sandbox.child() as other,
        ):
            for child in (one, other):
                assert child.run_cell(PRELUDE).ok
            assert value_of(one, f"libc.shmget({key}, 4096, 0o1666)") >= 0
            assert value_of(other, f"libc.shmget({key}, 4096, 0)") == -1

    def test_its_name_is_not_this_machines(self, namespaces: Child) -> None:
        """Does it learn the host's name?"""
        assert value_of(namespaces, "os.uname().nodename") == "sandbox"
        assert platform.node() != "sandbox"


@pytest.fixture(scope="module")
def filtered() -> Iterator[Child]:
    yield from child_with("seccomp")


COLUMN = seccomp.MACHINES[platform.machine()][0]


class TestSeccomp:
    @pytest.mark.parametrize("name", [name for name, numbers in seccomp.REFUSED.items() if numbers[COLUMN] >= 0])
    def test_a_refused_call_fails(self, filtered: Child, name: str) -> None:
        """Is the call refused before the kernel looks at its arguments?"""
        number = seccomp.REFUSED[name][COLUMN]
        assert value_of(filtered, f"(libc.syscall({number}, 0, 0, 0, 0, 0, 0), ctypes.get_errno())") == (
            -1,
            errno.EPERM,
        )

    def test_an_unknown_call_does_not_exist(self, filtered: Child) -> None:
        """Does a call that this kernel has and the list has not (or that comes with the next kernel) get through?"""
        tables = (seccomp.ALLOWED, seccomp.REFUSED, seccomp.SPECIAL)
        listed = {numbers[COLUMN] for table in tables for numbers in table.values()}
        # the kernel shows these two to no filter: they serve its own probes, and end whoever else calls them
        probes = {335, 336} if platform.machine() == "x86_64" else set()
        unknown = [number for number in range(600) if number not in listed | probes]
        get_through = f"libc.syscall(n, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != {errno.ENOSYS}"
        assert value_of(filtered, f"[n for n in {unknown} if {get_through}]") == []

    def test_no_process_by_any_road(self, filtered: Child) -> None:
        """fork, vfork, clone, clone3, posix_spawn, exec: does one of them work?"""
        assert value_of(filtered, "error_of(os.fork)") == errno.EPERM
        assert value_of(filtered, "error_of(os.execv, '/opt/python/bin/python3', ['x'])") == errno.EPERM
        assert value_of(filtered, "error_of(os.posix_spawn, '/opt/python/bin/python3', ['x'], {})") == errno.EPERM
        clone, clone3 = seccomp.SPECIAL["clone"][COLUMN], seccomp.SPECIAL["clone3"][COLUMN]
        for flags in (17, 0x10000000, 0x7E020000, 0x100 | 0x4000):
            assert value_of(filtered, f"(libc.syscall({clone}, {flags}, 0, 0, 0, 0), ctypes.get_errno())") == (
                -1,
                errno.EPERM,
            )
        assert value_of(filtered, f"(libc.syscall({clone3}, 0, 0), ctypes.get_errno())") == (-1, errno.ENOSYS)

    def test_no_socket_of_any_family(self, filtered: Child) -> None:
        """Unix, internet, netlink, packet, vsock, crypto: does one of them open?"""
        for family in range(46):
            for kind in (1, 2, 3, 5):
                assert value_of(filtered, f"libc.socket({family}, {kind}, 0)") == -1
        assert value_of(filtered, "[libc.socketpair(f, 1, 0, (ctypes.c_int * 2)()) for f in (2, 10, 16)]") == [-1] * 3
        assert value_of(filtered, "libc.socketpair(1, 1, 0, (ctypes.c_int * 2)())") == 0

    def test_arguments_are_looked_at(self, filtered: Child) -> None:
        """Are the allowed few of prctl, ioctl, fcntl and kill the only ones?"""
        set_dumpable, set_seccomp, sub_reaper = 4, 22, 36
        for option in (set_dumpable, set_seccomp, sub_reaper):
            assert value_of(filtered, f"(libc.prctl({option}, 1, 0, 0, 0), ctypes.get_errno())") == (-1, errno.EPERM)
        assert value_of(filtered, "libc.prctl(15, b'name', 0, 0, 0)") == 0
        push_input, fake_console = 0x5412, 0x541C
        for request in (push_input, fake_console):
            assert value_of(filtered, f"(libc.ioctl(0, {request}, b'x'), ctypes.get_errno())") == (-1, errno.ENOTTY)
        owner, signal_number, pipe_size, lock = 8, 10, 1031, 6
        for command in (owner, signal_number, pipe_size, lock):
            assert value_of(filtered, f"(libc.fcntl(0, {command}, 1), ctypes.get_errno())") == (-1, errno.EPERM)
        for pid in (-1, 0, 2, -2):
            assert value_of(filtered, f"error_of(os.kill, {pid}, 0)") == errno.EPERM
        assert value_of(filtered, "error_of(os.kill, 1, 0)") == 0

    def test_it_cannot_be_taken_off(self, filtered: Child) -> None:
        """Does installing a friendlier filter on top change anything?"""
        assert value_of(filtered, "libc.prctl(22, 2, None, 0, 0)") == -1
        assert value_of(filtered, "error_of(os.fork)") == errno.EPERM


@pytest.fixture(scope="module")
def landlocked() -> Iterator[Child]:
    yield from child_with("landlock")


@pytest.mark.skipif(not confine.landlock_abi(), reason="this kernel has no Landlock")
class TestLandlock:
    def test_only_the_systems_folders_can_be_read(self, namespaces: Child, landlocked: Child) -> None:
        """With the whole machine mounted: is what the mounts show refused by Landlock?"""
        for path in ("/etc/passwd", str(Path(__file__)), "/"):
            opening = f"error_of(os.open, {path!r}, os.O_RDONLY)"
            if not path.startswith("/tmp"):
                assert value_of(namespaces, opening) == 0
            hidden = errno.ENOENT if path.startswith("/tmp") else errno.EACCES  # /tmp is the sandbox's own
            assert value_of(landlocked, opening) == hidden
        assert value_of(landlocked, "error_of(os.listdir, '/opt/packages')") == 0

    def test_only_the_scratch_folder_can_be_written(self, landlocked: Child) -> None:
        """Is writing refused elsewhere, whatever the mount says, and allowed where it should be?"""
        assert value_of(landlocked, "error_of(os.open, '/dev/zero', os.O_WRONLY)") == errno.EACCES
        assert value_of(landlocked, "error_of(os.open, '/dev/null', os.O_WRONLY)") == 0
        for path in ("x", "/tmp/x", "/dev/shm/x"):
            assert value_of(landlocked, f"error_of(os.open, {path!r}, os.O_CREAT | os.O_WRONLY)") == 0

    def test_nothing_can_be_executed(self, landlocked: Child) -> None:
        """Without seccomp: is exec refused, of the system's programs and of its own?"""
        source = f"""
import shutil, sys
shutil.copy(sys.executable, 'own')
os.chmod('own', 0o755)
codes = [error_of(os.execv, path, ['x', '-c', '0']) for path in ({str(Path("/usr/bin/env"))!r}, sys.executable, 'own')]
"""
        run = landlocked.run_cell(source)
        assert run.ok, run.error
        assert landlocked.lookup("codes") == [errno.EACCES] * 3


def test_all_layers_are_active_together() -> None:
    """Is what grading uses really everything, and does the description say so?"""
    with Sandbox.start(files=None) as sandbox, sandbox.child() as child:
        kinds = [name.split()[0] for name in child.active]
        landlock = ["Landlock"] if confine.landlock_abi() else []
        assert kinds == ["namespaces", "rlimits", *landlock, "seccomp"]
        assert all(word in sandbox.description for word in ("bubblewrap", "namespaces", "view", "rlimits", "seccomp"))
        assert sandbox.layers == ALL == Layers()


def test_no_sandbox_is_loud() -> None:
    """Does a run without protection work the same, and say what it is?"""
    with Sandbox.start(files=None, layers=Layers.none()) as sandbox, sandbox.child() as child:
        assert sandbox.description.startswith("NONE")
        assert child.active == ()
        assert child.run_cell("def f(x): return x + 1").ok
        assert child.call("f", (1,)).value == 2
        assert child.run_cell("import os; print(os.getcwd())").ok
