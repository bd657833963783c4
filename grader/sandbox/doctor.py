"""What protection this machine gives: each layer is tried from inside, not looked up.

`probe()` returns what was found, `refuse_reason()` the first reason not to grade here. The command line prints them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import launch
from .errors import SandboxError, SandboxUnavailable
from .host import Sandbox
from .layers import ALL, Layers
from .limits import MIB, Limits

TRY_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One layer: is it active here, must it be, what does it do, and how is it got where it is missing.

    `active` is None where a layer was not tried, because one that it needs is missing.
    """

    name: str
    active: bool | None
    essential: bool
    detail: str
    without: str  # what its absence means
    remedy: str


LAYERS = (
    Finding("bubblewrap", None, True, "", "Nothing can be isolated.", ""),
    Finding("user namespaces", None, True, "", "Nothing can be isolated without being root.", ""),
    Finding(
        "namespaces",
        None,
        True,
        "",
        "Student code could see and stop other processes, or use the network.",
        "The kernel must allow pid, mount, network, IPC and UTS namespaces inside a user namespace.",
    ),
    Finding(
        "read-only view",
        None,
        True,
        "",
        "Student code could read solutions, the gradebook and other submissions, or change files.",
        "The kernel must allow bind mounts inside a user namespace.",
    ),
    Finding(
        "resource limits",
        None,
        True,
        "",
        "One submission could use up the machine's memory, disk or processors.",
        "Raise this account's hard limits (`ulimit -H -a`), or run where they are not forbidden.",
    ),
    Finding(
        "seccomp",
        None,
        True,
        "",
        "Student code could start processes and reach little-tested parts of the kernel.",
        "The kernel needs CONFIG_SECCOMP_FILTER, and the processor must be x86-64 or arm64.",
    ),
    Finding(
        "Landlock",
        None,
        False,
        "",
        "One lock less on the files; the mounts alone keep them closed.",
        "Linux 5.13 or newer, with landlock in the `lsm=` list of the boot command line.",
    ),
    Finding(
        "ordinary user",
        None,
        False,
        "",
        "The sandbox's user is root outside: an escape would be root's.",
        "Run the grader as an ordinary user.",
    ),
)

# Run by the sandbox's own shell. Reading back what the kernel does is the only proof that a layer is there.
QUESTIONS = """
import os, resource, socket
def error_of(function, *args):
    try:
        function(*args)
    except OSError as error:
        return error.errno
    return 0
def fork():
    if os.fork() == 0:
        os._exit(0)
def create(folder):
    open(folder + "/doctor-was-here", "x")
    os.unlink(folder + "/doctor-was-here")
facts = {
    "pid": os.getpid(),
    "host_name": os.uname().nodename,
    "fork": error_of(fork),
    "socket": error_of(socket.socket),
    "visible": [path for path in ("/etc/passwd", "/home", "/root", "/proc/1", "/sys") if os.path.exists(path)],
    "writable": [path for path in ("/", "/opt", "/opt/packages", "/usr/lib", "/dev") if error_of(create, path) == 0],
    "scratch": error_of(create, "."),
    "memory": resource.getrlimit(resource.RLIMIT_AS)[1],
    "processor": resource.getrlimit(resource.RLIMIT_CPU)[1],
}
"""


def probe(limits: Limits = Limits(), layers: Layers = ALL) -> list[Finding]:  # noqa: B008 - frozen
    """Start a sandbox and ask, from inside, about every layer. About two seconds."""
    found = {finding.name: finding for finding in LAYERS}

    def note(name: str, active: bool, detail: str, remedy: str = "") -> None:
        found[name] = replace(found[name], active=active, detail=detail, remedy=remedy or found[name].remedy)

    note("ordinary user", os.geteuid() != 0, f"user id {os.geteuid()}")
    try:
        path, version = launch.bwrap()
    except SandboxUnavailable as error:
        note("bubblewrap", False, error.problem, error.remedy)
        return list(found.values())
    note("bubblewrap", True, f"{version}, {path}")
    problem = _user_namespaces(path)
    note("user namespaces", not problem, problem or "allowed", userns_remedy())
    if problem:
        return list(found.values())
    try:
        with Sandbox.start(files=None, limits=limits, layers=layers) as sandbox, sandbox.child() as child:
            run = child.run_cell(QUESTIONS)
            facts = child.lookup("facts") if run.ok else None
            landlock = next((name for name in child.active if name.startswith("Landlock")), "")
    except SandboxError as error:
        note("namespaces", False, str(error), userns_remedy())
        return list(found.values())
    if not isinstance(facts, dict):
        note("namespaces", False, f"the sandbox gave no answer: {run.error}")
        return list(found.values())
    for name, (active, detail) in judge(facts, limits).items():
        note(name, active, detail)
    note("Landlock", bool(landlock), landlock.replace("Landlock", "version") or "not in this kernel")
    return list(found.values())


def judge(facts: dict[str, Any], limits: Limits) -> dict[str, tuple[bool, str]]:
    """(active, detail) by layer, from the answers to `QUESTIONS`."""
    own_world = facts["pid"] == 1 and facts["host_name"] == "sandbox"
    closed = not facts["visible"] and not facts["writable"] and facts["scratch"] == 0
    bounded = 0 < facts["memory"] <= limits.address_space_mib * MIB and 0 < facts["processor"] <= limits.cpu_seconds
    filtered = facts["fork"] != 0 and facts["socket"] != 0
    return {
        "namespaces": (own_world, f"process {facts['pid']} of its own, host name {facts['host_name']}"),
        "read-only view": (
            closed,
            f"visible: {facts['visible'] or 'nothing'}, writable: {facts['writable'] or 'scratch'}",
        ),
        "resource limits": (bounded, f"{facts['memory'] // MIB} MiB, {facts['processor']} s of processor time"),
        "seccomp": (filtered, "no new processes, no sockets" if filtered else "processes or sockets can be made"),
    }


def refuse_reason(findings: Sequence[Finding]) -> str | None:
    """Why grading must not start here: the first essential layer that is missing, and the remedy. None: go ahead."""
    for finding in findings:
        if finding.essential and not finding.active:
            detail = f" ({finding.detail.rstrip('.')})" if finding.detail else ""
            return f"No {finding.name} here{detail}. {finding.without} {finding.remedy}"
    return None


def _user_namespaces(bwrap: str) -> str:
    """What bubblewrap says when it is asked for the namespaces of the cage alone; "" where it gets them."""
    command = [bwrap, *launch.CAGE, "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TRY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if run.returncode == 0 else run.stderr.strip() or f"exit status {run.returncode}"


SYSCTLS = (
    ("kernel/unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (or an AppArmor profile for bwrap)",
    ),
)


SETFCAP = 1 << 31


def _capabilities(root: Path) -> int:
    """The effective capabilities of this process, all of them where the kernel does not say."""
    try:
        lines = (root / "proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return -1
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), -1)


def userns_remedy(root: Path = Path("/")) -> str:
    """What to do on this machine where user namespaces are refused."""
    for name, forbidding, remedy in SYSCTLS:
        file = root / "proc/sys" / name
        if file.is_file() and file.read_text(encoding="ascii").strip() == forbidding:
            return f"User namespaces are switched off here: {remedy}"
    if os.geteuid() == 0 and not _capabilities(root) & SETFCAP:
        return "Root needs the capability SETFCAP for them (containers have it by default); an ordinary user does not."
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return (
            "In a container, start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
            " --security-opt systempaths=unconfined; --privileged is not needed."
        )
    return "Ask the administrator to allow user namespaces for this account."
