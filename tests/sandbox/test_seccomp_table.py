"""Are the numbers in the filter those of the kernel, and does the program do what the tables say?

The filter itself is tried on a process in `test_layers`; here its program is run by an interpreter of a few lines,
which also covers the processor that this machine is not.
"""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from grader.sandbox import seccomp

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
ALIASES = {"fstatat": "newfstatat"}
NEWER_THAN_THE_HEADERS = {"fchmodat2": 452}  # Linux 6.6, the same number everywhere
TABLES = {**seccomp.ALLOWED, **seccomp.REFUSED, **seccomp.SPECIAL}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    """Is there a number that a header of this machine contradicts?"""
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$", header.read_text(), re.MULTILINE))
    numbers = {ALIASES.get(name, name): int(number) for name, number in found.items()} | NEWER_THAN_THE_HEADERS
    column = seccomp.MACHINES[machine][0]
    assert {name: pair[column] for name, pair in TABLES.items()} == {name: numbers.get(name, -1) for name in TABLES}


def test_no_call_is_in_two_tables() -> None:
    """Could one table undo the other?"""
    names = [*seccomp.ALLOWED, *seccomp.REFUSED, *seccomp.SPECIAL]
    assert len(names) == len(set(names))


def run(program: bytes, number: int, arch: int, args: tuple[int, ...] = (0,) * 6) -> int:
    """What the filter answers: classic BPF, as far as this program uses it."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *args)
    steps = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == seccomp.RETURN:
            return value
        if code == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
            continue
        holds = {
            seccomp.EQUAL: accumulator == value,
            seccomp.GREATER_EQUAL: accumulator >= value,
            seccomp.ANY_BIT: bool(accumulator & value),
        }[code]
        at += if_true if holds else if_false


NO = seccomp.ERRNO | errno.EPERM
UNKNOWN = seccomp.ERRNO | errno.ENOSYS


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_every_call_gets_its_answer(machine: str) -> None:
    """For each number up to 600: allowed, refused or unknown, as the tables say?"""
    column, arch = seccomp.MACHINES[machine]
    program = seccomp.program(machine)
    answers = {pair[column]: seccomp.ALLOW for pair in seccomp.ALLOWED.values()}
    answers |= {pair[column]: NO for pair in seccomp.REFUSED.values()}
    special = {pair[column] for pair in seccomp.SPECIAL.values()}
    for number in set(range(600)) - special:
        assert run(program, number, arch) == answers.get(number, UNKNOWN)


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_arguments_decide_where_they_must(machine: str) -> None:
    """Threads, socketpairs of one family, a few ioctls: and nothing else?"""
    column, arch = seccomp.MACHINES[machine]
    program = seccomp.program(machine)

    def answer(name: str, *args: int) -> int:
        padded = (*args, *[0] * (6 - len(args)))
        return run(program, seccomp.SPECIAL[name][column], arch, padded)

    glibc_thread, fork, vfork, new_user = 0x3D0F00, 0x11, 0x4111, 0x10000000
    assert answer("clone", glibc_thread) == seccomp.ALLOW
    assert {answer("clone", flags) for flags in (fork, vfork, new_user, glibc_thread | new_user)} == {NO}
    assert answer("clone3") == UNKNOWN
    assert answer("socketpair", 1) == seccomp.ALLOW
    assert {answer("socketpair", family) for family in (0, 2, 10, 16, 40)} == {NO}
    assert answer("prctl", 15) == seccomp.ALLOW
    assert {answer("prctl", option) for option in (1, 4, 22, 38)} == {NO}
    assert answer("ioctl", 1, 0x5401) == seccomp.ALLOW
    assert answer("ioctl", 0x5401, 0x5412) == seccomp.ERRNO | errno.ENOTTY
    assert answer("fcntl", 9, 3) == seccomp.ALLOW
    assert answer("fcntl", 3, 8) == NO
    assert answer("kill", 1, 9) == seccomp.ALLOW
    assert {answer("kill", pid & 0xFFFFFFFFFFFFFFFF, 9) for pid in (-1, 0, 2)} == {NO}


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_foreign_calls_kill(machine: str) -> None:
    """32-bit calls and x32 have numbers of their own: does using them end the process?"""
    _, arch = seccomp.MACHINES[machine]
    program = seccomp.program(machine)
    others = {0x40000003, 0xC000003E, 0xC00000B7, 0x40000028} - {arch}
    assert {run(program, 0, other) for other in others} == {seccomp.KILL_PROCESS}
    assert run(program, seccomp.X32 + 1, arch) == seccomp.KILL_PROCESS
    assert run(program, 0xFFFFFFFF, arch) == seccomp.KILL_PROCESS
