"""What a freshly forked child does to itself before any student code runs. There is no way back from it.

And what the warm parent does before it forks the first one.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys

from . import seccomp
from .layers import Layers
from .limits import MIB, Limits

SCRATCH = "/scratch"
FOLDERS = ("work", "tmp", "shm")  # /tmp and /dev/shm are links to the latter two
DEVICE_NODES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")  # those of the machine, shared

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
SIGKILL = 9

LARGEST_PLACE = 100_000  # bytes; from 128 KiB on `malloc` asks the kernel for pages of their own
MOST_PLACES = 1000  # of one size

_libc = ctypes.CDLL(None, use_errno=True)
_python = ctypes.PyDLL(None, use_errno=True)  # calls that keep the interpreter's lock


class ConfineError(RuntimeError):
    """This machine does not allow a step of the confinement. The message says which."""


def _check(result: int, what: str) -> int:
    if result < 0:
        raise ConfineError(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def fork() -> int:
    """fork(2) alone, for a process with one thread that has called `tidy_up_for_forks`."""
    return _check(_python.fork(), "fork")


def tidy_up_for_forks() -> None:
    """Do once what `os.fork` has Python and libraries do in each child: new locks, no open fonts.

    In each it would copy 500 pages of memory, a third of what a child costs.
    """
    _python.PyOS_BeforeFork()
    _python.PyOS_AfterFork_Child()


def fill_free_places() -> None:
    """Take the free places of glibc's `malloc` between what is allocated, for good: 700 KiB of 19 MiB.

    A child would put there what it makes, each time in a copy of the page. Now it gets new pages, and a tenth fewer.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    malloc = _libc.malloc
    malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    end = malloc(LARGEST_PLACE)  # of the heap: no free place is as large
    sizes = [*(1 << power for power in range(16, 9, -1)), *range(1008, 16, -16)]
    for size in sizes:
        for _ in range(MOST_PLACES):
            place = malloc(size)
            if not place or not end or place > end:
                break


def die_with_parent() -> None:
    _check(_libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl")


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def enter(namespace_fd: int, flags: int) -> None:
    _check(_libc.setns(namespace_fd, flags), "setns")


def _mount_tmpfs(target: str, flags: int, options: str) -> None:
    done = _libc.mount(b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode())
    _check(done, f"mount {target}")


def protect_devices() -> None:
    """Make the shared device nodes read-only, once, in the warm parent.

    They can still be written to, but no longer be changed (mode, times): where the sandbox's user is root outside,
    it owns these very nodes. bubblewrap's own read-only bind would forbid their use as devices.
    """
    for node in DEVICE_NODES:
        kept = os.statvfs(node).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        flags = MS_REMOUNT | MS_BIND | MS_RDONLY | kept
        _check(_libc.mount(None, node.encode(), None, ctypes.c_ulong(flags), None), f"remount {node}")


def confine(limits: Limits, layers: Layers, scratch: str) -> list[str]:
    """Enter every layer that is switched on; returns the names of those now active. Raises `ConfineError`."""
    active = []
    if layers.cage:
        _own_namespaces(limits)
        active.append("namespaces")
    for folder in FOLDERS:
        os.mkdir(os.path.join(scratch, folder))
    os.chdir(os.path.join(scratch, FOLDERS[0]))
    die_with_parent()  # without a pid namespace that ends as a whole, this alone makes a child end with its warm parent
    if layers.rlimits:
        _limit_resources(limits)
        active.append("rlimits")
    if layers.cage:
        _drop_capabilities()
    if layers.landlock:
        abi = _restrict_paths(scratch)
        if abi:
            active.append(f"Landlock {abi}")
    if layers.seccomp:
        seccomp.install()
        active.append("seccomp")
    return active


def _own_namespaces(limits: Limits) -> None:
    uid, gid = os.getuid(), os.getgid()
    unshare(NEWUSER | NEWNS | NEWIPC | NEWUTS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
        ("oom_score_adj", "1000"),  # when memory runs out, the machine takes this process, not the grader
    ):
        file = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(file, text.encode())
        os.close(file)
    _check(_libc.mount(None, b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "mount /")
    size = limits.scratch_mib * MIB
    _mount_tmpfs(SCRATCH, MS_NOSUID | MS_NODEV, f"size={size},nr_inodes={limits.scratch_files},mode=0700")
    _mount_tmpfs("/proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2,mode=0555")


def _limit_resources(limits: Limits) -> None:
    for what, value in (
        (resource.RLIMIT_AS, limits.address_space_mib * MIB),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.scratch_mib * MIB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        # not enforced where the sandbox's user is root outside: there the grader counts the threads
        (resource.RLIMIT_NPROC, limits.threads),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),
        (resource.RLIMIT_STACK, 8 * MIB),
    ):
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


def _drop_capabilities() -> None:
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            break  # EINVAL: one past the last capability that this kernel knows
    header = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0), 8)
    _check(_libc.capset(header, ctypes.create_string_buffer(24)), "capset")
    # no dumps: a crash must not start the machine's core handler, which would run outside
    _check(_libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")


# Landlock: the same three numbers on every architecture
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, IOCTL_DEV = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | IOCTL_DEV  # 1 << 14: truncate
RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}  # from 5 on: 16 rights


def landlock_abi() -> int:
    """The version of Landlock here, 0 where there is none."""
    return max(0, _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def _restrict_paths(scratch: str) -> int:
    """Read below the system's and our own folders, write in the scratch folder only, no signals or sockets out."""
    abi = landlock_abi()
    if not abi:
        return 0
    rights = RIGHTS_BY_ABI.get(abi, (1 << 16) - 1)
    read = READ_FILE | READ_DIR
    no_tcp = 3 if abi >= 4 else 0
    scopes = 3 if abi >= 6 else 0  # abstract sockets, signals
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", rights, no_tcp, scopes), 24)
    ruleset = _check(_libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0), "Landlock")
    rules = dict.fromkeys(("/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache", sys.base_prefix, sys.prefix), read)
    rules |= {"/dev/null": READ_FILE | WRITE_FILE, "/dev/zero": READ_FILE, "/dev/urandom": READ_FILE}
    rules |= {"/dev/random": READ_FILE, scratch: rights & ~EXECUTE & ~IOCTL_DEV}
    for path, allowed in rules.items():
        if not os.path.exists(path):
            continue
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed &= rights if os.path.isdir(path) else rights & FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, fd), 12)
        _check(_libc.syscall(ADD_RULE, ruleset, 1, rule, 0), f"Landlock {path}")
        os.close(fd)
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    _check(_libc.syscall(RESTRICT_SELF, ruleset, 0), "Landlock")
    os.close(ruleset)
    return abi
