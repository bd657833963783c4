"""What a submission could leave behind on the machine: a look at it before, a look afterwards."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "left-by-redteam"  # part of the name of everything that an attack tries to leave behind
IPC_KEY = "20991"  # of the System V memory, queue and semaphore that an attack tries to leave behind
PLACES = ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue")  # noqa: S108  (looked at, not written)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a submission could leave behind, as it is at one moment."""

    processes: frozenset[str]
    mounts: frozenset[str]
    files: dict[str, tuple[int, int, int]]  # size, time, mode
    marked: frozenset[str]


def look(root: Path, watched: tuple[Path, ...]) -> Scene:
    """Look at the processes below this one, the mounts, the `watched` folders, and at all that is marked."""
    files = {str(path): _state(path) for folder in watched for path in folder.rglob("*")}
    return Scene(descendants(), frozenset(_lines("/proc/self/mountinfo")), files, _marked(root))


def _state(path: Path) -> tuple[int, int, int]:
    state = path.lstat()
    return (0 if path.is_dir() else state.st_size, state.st_mtime_ns, state.st_mode)


def left_behind(before: Scene, after: Scene) -> list[str]:
    signs = [f"the process {name} is left" for name in sorted(after.processes - before.processes)]
    signs += [f"a mount is left: {line}" for line in sorted(after.mounts - before.mounts)]
    signs += [f"{name} is left" for name in sorted(after.marked - before.marked)]
    for name in sorted(before.files.keys() | after.files.keys()):
        if before.files.get(name) != after.files.get(name):
            signs.append(f"{name} was changed")
    return signs


def descendants() -> frozenset[str]:
    """'pid name' of every living process below this one. Orphans come to this one if it is their subreaper."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError, ValueError):
            head, _, rest = Path(f"/proc/{entry}/stat").read_text("utf-8", "replace").rpartition(")")
            state, parent = rest.split()[:2]
            if state not in "ZX":  # what has ended is only waiting to be asked how
                parents[int(entry)], names[int(entry)] = int(parent), head.partition("(")[2]
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return frozenset(f"{pid} {names[pid]}" for pid in below - {os.getpid()})


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _marked(root: Path) -> frozenset[str]:
    found = set()
    for place in (*PLACES, str(root), str(Path.cwd()), str(Path.home())):
        with suppress(OSError):
            found |= {f"the file {place}/{name}" for name in os.listdir(place) if MARK in name}
    found |= {f"the socket {line}" for line in _lines("/proc/net/unix") if MARK in line}
    for kind in ("shm", "msg", "sem"):
        found |= {f"the {kind} {line}" for line in _lines(f"/proc/sysvipc/{kind}") if line.split()[:1] == [IPC_KEY]}
    return frozenset(found)


def reset_peak() -> None:
    """Let the kernel forget the largest size of this process, where it can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(which: str) -> int:
    """MiB of this process: `VmRSS` now, `VmHWM` at most since `reset_peak`."""
    line = next(line for line in _lines("/proc/self/status") if line.startswith(which))
    return int(line.split()[1]) >> 10
