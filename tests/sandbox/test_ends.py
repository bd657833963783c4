"""Does anything outlive its run: a process, a mount, a file, a descriptor?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox.host import ChildDied, Layers, LimitHit, Limits, Sandbox, SandboxUnavailable

from ..processes import comes_true

REPOSITORY = Path(__file__).resolve().parents[2]
MARKER = 10_000.0 + os.getpid()  # a limit that only these sandboxes have: it stands in their command lines


def processes(marker: float = MARKER) -> set[int]:
    """The processes of the sandboxes started here, whichever namespace they are in."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f'"submission_seconds": {marker},'.encode() in command:
            found.add(int(folder.name))
    return found


@pytest.fixture(scope="module")
def marked() -> Iterator[Sandbox]:
    with Sandbox.start(files=None, limits=Limits(submission_seconds=MARKER)) as sandbox:
        yield sandbox
    assert comes_true(lambda: processes() == set())


@pytest.fixture
def own_marker() -> float:
    """A marker for sandboxes that one test starts itself."""
    return MARKER + 0.5


def test_a_killed_child_is_gone(marked: Sandbox) -> None:
    """Is there one process more while a child lives, and none afterwards?"""
    before = processes()
    with marked.child() as child:
        assert child.run_cell("x = 1").ok
        assert len(processes()) == len(before) + 1
    assert comes_true(lambda: processes() == before)


@pytest.mark.parametrize(
    "source", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", "import os; os.close(3)"]
)
def test_a_child_that_ends_itself_is_gone(marked: Sandbox, source: str) -> None:
    """Is it reaped, too?"""
    before = processes()
    with marked.child() as child, pytest.raises(ChildDied):
        child.run_cell(source)
    assert comes_true(lambda: processes() == before)


def test_a_child_that_runs_out_of_time_is_gone(marked: Sandbox) -> None:
    """And one with threads that do not end?"""
    before = processes()
    source = (
        "import threading\ndef f():\n    while True: pass\nfor i in range(4): threading.Thread(target=f).start()\nf()"
    )
    with marked.child() as child, pytest.raises(LimitHit):
        child.run_cell(source, seconds=0.3)
    assert comes_true(lambda: processes() == before)


def test_daemons_die_with_their_child(own_marker: float) -> None:
    """Without seccomp: does a process that has left its session and its parent survive?"""
    limits = Limits(submission_seconds=own_marker)
    with Sandbox.start(files=None, limits=limits, layers=Layers.only("view")) as sandbox:
        before = processes(own_marker)
        with sandbox.child() as child:
            source = """
import os, signal, time
for i in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try: signal.signal(number, signal.SIG_IGN)
                except OSError: pass
            time.sleep(600)
        os._exit(0)
"""
            assert child.run_cell(source).ok
            assert comes_true(lambda: len(processes(own_marker)) == len(before) + 4)
        assert comes_true(lambda: processes(own_marker) == before)


def test_everything_ends_with_the_sandbox(own_marker: float) -> None:
    """Do children that nobody killed end when the warm parent does?"""
    with Sandbox.start(files=None, limits=Limits(submission_seconds=own_marker)) as sandbox:
        children = [sandbox.child() for _ in range(3)]
        assert len(processes(own_marker)) > 3
    assert comes_true(lambda: processes(own_marker) == set())
    for child in children:
        child.kill()


@pytest.mark.parametrize("with_sibling", [False, True], ids=["alone", "with a process that shares its descriptors"])
def test_everything_ends_with_the_grader(with_sibling: bool, own_marker: float) -> None:
    """Killed without warning, in the middle of an endless cell: does the grader leave anything running?"""
    program = (
        "import os\nfrom grader.sandbox.host import Sandbox, Limits\n"
        f"sandbox = Sandbox.start(files=None, limits=Limits(submission_seconds={own_marker}))\n"
        "child = sandbox.child()\n"
        "for fd in os.listdir('/proc/self/fd'):\n"
        "    try: os.set_inheritable(int(fd), True)\n"
        "    except OSError: pass\n"
        "sibling = os.posix_spawn('/bin/sleep', ['sleep', '60'], {}) if " + str(with_sibling) + " else 0\n"
        "print(sibling, flush=True)\nchild.run_cell('while True: pass')"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        sibling = int(grader.stdout.readline())
        assert processes(own_marker)
        grader.kill()
        try:
            assert comes_true(lambda: processes(own_marker) == set())
        finally:
            if with_sibling:
                os.kill(sibling, signal.SIGKILL)


def test_an_unprotected_child_ends_with_its_warm_parent(own_marker: float) -> None:
    """Without a pid namespace that dies as a whole: does an endless cell outlive the sandbox?"""
    limits = Limits(submission_seconds=own_marker)
    with Sandbox.start(files=None, limits=limits, layers=Layers.none()) as sandbox:
        child = sandbox.child()
        with pytest.raises(LimitHit):
            sandbox.child().run_cell("while True: pass", seconds=0.2)
        assert len(processes(own_marker)) >= 2
    assert comes_true(lambda: processes(own_marker) == set())
    child.kill()


def test_a_dead_warm_parent_is_our_fault_not_the_students(own_marker: float) -> None:
    """When the machine kills the warm parent during a cell, does the submission get an error of its own?"""
    with Sandbox.start(files=None, limits=Limits(submission_seconds=own_marker)) as sandbox:
        pids = processes(own_marker)
        (warm_parent,) = [pid for pid in pids if b"bwrap" not in Path(f"/proc/{pid}/cmdline").read_bytes()[:200]]
        with sandbox.child() as child:
            os.kill(warm_parent, signal.SIGKILL)
            with pytest.raises(SandboxUnavailable):
                child.run_cell("import time; time.sleep(60)")
        with pytest.raises(SandboxUnavailable):
            sandbox.child()
    with pytest.raises(SandboxUnavailable):
        sandbox.child()


def test_no_mount_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does this machine look the same during a run, and after it?"""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mounts = Path("/proc/self/mounts").read_text()
    with Sandbox.start(files=None) as sandbox, sandbox.child(submitted_files={"a.txt": b"x"}) as child:
        assert child.run_cell("open('b', 'w').write('x'); open('/tmp/c', 'w').write('x')").ok
        assert Path("/proc/self/mounts").read_text() == mounts
        assert os.listdir(tmp_path) == []
    assert Path("/proc/self/mounts").read_text() == mounts
    assert os.listdir(tmp_path) == []
    assert not Path("/scratch").exists()


def test_no_descriptor_is_left(marked: Sandbox) -> None:
    """Does a class of a thousand run out of descriptors?"""
    before = os.listdir("/proc/self/fd")
    for source in ("x = 1", "1 / 0", "import os; os._exit(1)") * 3:
        with marked.child() as child:
            try:
                child.run_cell(source)
            except ChildDied:
                assert "_exit" in source
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_an_unprotected_run_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-sandbox works in a folder on the disk: is it removed?"""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sandbox.start(files=None, layers=Layers.none()) as sandbox, sandbox.child() as child:
        assert child.run_cell("open('x', 'w').write('x')").ok
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []


def test_a_child_that_cannot_be_made_is_our_fault() -> None:
    """When a fresh process fails before any student code ran (here: for want of room), who is blamed?"""
    full = Limits(scratch_files=2)
    with Sandbox.start(files=None, limits=full) as sandbox, pytest.raises(SandboxUnavailable, match="No space left"):
        sandbox.child()
