"""Does the sandbox hold inside a container without privileges, where the kernel lets it; and is it refused elsewhere?

The containers are imitated by util-linux: new namespaces, and the few capabilities that container engines leave root.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.errors import SandboxUnavailable

from .. import tiny
from .test_users import PACKAGES, PROGRAM, REPOSITORY, holds

pytestmark = pytest.mark.long

# what Docker and Podman leave root by default
KEPT = (
    *("chown", "dac_override", "fsetid", "fowner", "mknod", "net_raw", "setgid", "setuid", "setfcap", "setpcap"),
    *("net_bind_service", "sys_chroot", "kill", "audit_write"),
)
ROOTLESS = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts")
PROC = "--mount-proc"
DEFAULT = ("setpriv", "--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all,+{',+'.join(KEPT)}")
NO_CAPABILITIES = ("setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")
MASKED = ("sh", "-c", 'mount -t tmpfs tmpfs /proc/fs && exec "$@"', "sh")

CONTAINERS = {
    "rootless": (*ROOTLESS, PROC, *DEFAULT),
    "root with the default capabilities": DEFAULT,
}
UNFIT = {  # the kernel maps no root without SETFCAP, and shows no fresh /proc where the old one is masked
    "root without capabilities": (NO_CAPABILITIES, "setting up uid map", "Root needs the capability SETFCAP"),
    "masked system paths": ((*ROOTLESS, PROC, *MASKED), "Can't mount proc", ""),
}
ASK = "from grader.sandbox import doctor; print(doctor.refuse_reason(doctor.probe()) or '')"


def run(container: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, in there. Skips where this machine cannot make such a container."""
    if container:
        if shutil.which(container[0]) is None:
            pytest.skip(f"{container[0]} is not here to imitate a container with")
        made = subprocess.run([*container, "true"], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"this machine does not allow such a container: {made.stderr.strip()}")
    environment = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), *PACKAGES]), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # nbgrader starts alembic from there
    command = [*container, sys.executable, *arguments]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_inside_a_container_without_privileges(container: tuple[str, ...]) -> None:
    """With SYS_ADMIN outside nowhere in reach: does everything hold?"""
    done = run(container, "-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    holds(result, result["user"])


@pytest.mark.parametrize(("container", "problem", "remedy"), UNFIT.values(), ids=UNFIT.keys())
def test_an_unfit_container_is_refused(container: tuple[str, ...], problem: str, remedy: str) -> None:
    """Where the kernel does not let it: does grading refuse, and say why?"""
    if os.getuid() != 0 and container is NO_CAPABILITIES:
        pytest.skip("an ordinary user needs no capability: nothing is unfit about it")
    reason = run(container, "-c", ASK).stdout
    assert reason.startswith("No user namespaces here (bwrap: ")
    assert problem in reason
    assert remedy in reason


def test_grading_is_refused_where_the_sandbox_cannot_be(tmp_path: Path) -> None:
    """Does `grader grade` end there with its own exit code, the reason, and no grade written?"""
    course = tiny.make_project(tmp_path)
    tiny.hand_in(course, "s01", tiny.source_notebook())
    done = run(UNFIT["masked system paths"][0], "-m", "grader", "grade", "--root", str(tmp_path))
    assert done.returncode == 3
    assert "Grading refused: The sandbox did not start: bwrap: " in done.stderr
    assert done.stderr.count("make doctor") == 2
    assert not course.autograded.exists()
    assert not course.grades_csv.exists()


def test_without_a_sandbox_grading_is_loud_and_every_verdict_says_so(tmp_path: Path) -> None:
    """Can anybody overlook that student code ran unprotected?"""
    course = tiny.make_project(tmp_path)
    for student in ("s01", "s02"):
        tiny.hand_in(course, student, tiny.source_notebook())
    done = run((), "-m", "grader", "grade", "--no-sandbox", "--root", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "NO SANDBOX: student code runs with your rights" in done.stderr
    verdicts = [json.loads(path.read_bytes()) for path in course.autograded.rglob("verdict.json")]
    assert [verdict["sandbox"] for verdict in verdicts] == [
        "NONE: student code ran with all the rights of the grader"
    ] * 2


def test_the_reason_survives_the_way_from_a_worker_process() -> None:
    """Is it still the same sentence, with its remedy once?"""
    error = SandboxUnavailable("The moon is full.", "Wait.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "The moon is full. Wait."  # noqa: S301  (our own)
