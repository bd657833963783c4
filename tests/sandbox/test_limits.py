"""Is every limit kept, named when it is hit, and survived by the rest of the class?"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.messages import Message
from grader.sandbox.host import BadReply, ChildDied, Layers, LimitHit, Limits, Sandbox, SandboxError
from grader.sandbox.limits import MEANING

TIGHT = Limits(
    cpu_seconds=1,
    address_space_mib=700,
    scratch_mib=4,
    scratch_files=50,
    open_files=40,
    threads=8,
    submission_seconds=20.0,
)


@pytest.fixture(scope="module")
def tight() -> Iterator[Sandbox]:
    with Sandbox.start(files=None, limits=TIGHT) as sandbox:
        yield sandbox


def outcome(sandbox: Sandbox, source: str) -> str:
    """The error of a cell, or how its child ended."""
    with sandbox.child() as child:
        try:
            return str(child.run_cell(source, seconds=10).error)
        except SandboxError as error:
            assert not child.alive
            return f"{type(error).__name__}: {error}"


def test_every_limit_has_words_for_it() -> None:
    """Could a limit be hit that no message can name?"""
    assert MEANING.keys() == {field.name for field in dataclasses.fields(Limits)}


def test_limits_cannot_be_changed() -> None:
    """Are the settings of a running sandbox frozen?"""
    with pytest.raises(dataclasses.FrozenInstanceError):
        TIGHT.threads = 1000  # type: ignore[misc]


MEMORY = {
    "an array": "import numpy as np; np.ones((100_000, 1000))",
    "bytes": "b'x' * (1 << 30)",
    "a list": "[0] * (1 << 28)",
    "growing": "x = []\nwhile True: x.append(bytes(1 << 20))",
    "an integer": "x = 1 << (1 << 33)",
    "mmap": "import mmap; mmap.mmap(-1, 1 << 30)",
}


@pytest.mark.parametrize("source", MEMORY.values(), ids=MEMORY.keys())
def test_memory_is_bounded_and_the_message_says_how(tight: Sandbox, source: str) -> None:
    """Does asking for too much end in a plain error, in the same child?"""
    error = outcome(tight, source)
    assert error == "MemoryError: more than 700 MiB of memory would be needed" or "Cannot allocate memory" in error


def test_memory_beside_the_heap_is_refused(tight: Sandbox) -> None:
    """memfd and SysV memory are counted by no limit: are they closed?"""
    assert "not permitted" in outcome(tight, "import os; os.memfd_create('x')")
    source = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nx = libc.shmget(0, 4096, 0o1600)\nassert x == -1"
    assert outcome(tight, source) == "None"


def test_when_memory_runs_out_a_submission_goes_first(tight: Sandbox) -> None:
    """Would the machine rather kill the grader, or somebody's editor, than the process that ate the memory?"""
    with tight.child() as child:
        assert Path(f"/proc/{child.pid}/oom_score_adj").read_text().strip() == "1000"


def test_the_scratch_folder_is_bounded(tight: Sandbox) -> None:
    """Can a submission fill the machine's memory through files?"""
    one = "open('a', 'wb').write(bytes(5 << 20))"
    many = "for i in range(10): open(f'/tmp/{i}', 'wb').write(bytes(1 << 20))"
    assert "File too large" in outcome(tight, one) or "No space left" in outcome(tight, one)
    assert "No space left" in outcome(tight, many)
    assert "No space left" in outcome(tight, "for i in range(99): open(f'/dev/shm/{i}', 'w').close()")
    assert "No space left" in outcome(tight, "import os\nopen('a', 'w')\nfor i in range(99): os.link('a', str(i))")


def test_open_files_are_bounded(tight: Sandbox) -> None:
    """Are descriptors rationed?"""
    assert "Too many open files" in outcome(tight, "f = [open('/dev/null') for _ in range(99)]")
    assert "Too many open files" in outcome(tight, "import os\nf = [os.pipe() for _ in range(99)]")


def test_threads_are_bounded() -> None:
    """Is a thread bomb stopped, by the kernel or (where the sandbox's user is root outside) by the grader?"""
    start = "threading.Thread(target=time.sleep, args=(9,)).start()"
    with Sandbox.start(files=None, limits=Limits(threads=8, address_space_mib=16_000)) as sandbox:
        error = outcome(sandbox, f"import threading, time\nfor i in range(50): {start}\ntime.sleep(9)")
    by_the_grader, by_the_kernel = "LimitHit: It needed more than 8 threads.", "RuntimeError: can't start new thread"
    assert error == (by_the_grader if os.getuid() == 0 else by_the_kernel)


def test_processor_time_is_bounded(tight: Sandbox) -> None:
    """Is a loop that sleeps through no deadline stopped by its processor time, and told so?"""
    error = outcome(tight, "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass")
    assert error == "LimitHit: It used more than 1 seconds of processor time for the whole notebook, and was stopped."


def test_the_whole_submission_has_a_deadline() -> None:
    """Can many cells, each within its time, take forever together?"""
    limits = Limits(submission_seconds=0.6)
    with Sandbox.start(files=None, limits=limits) as sandbox, sandbox.child() as child:
        cells = ["import time; time.sleep(0.1)"] * 100
        with pytest.raises(LimitHit, match=r"0\.6 seconds for the whole notebook") as caught:
            list(map(child.run_cell, cells))
        assert caught.value.limit == "submission_seconds"


def test_limits_cannot_be_raised_from_inside(tight: Sandbox) -> None:
    """Are the limits hard?"""
    for name in ("AS", "CPU", "FSIZE", "NOFILE", "NPROC", "CORE", "MEMLOCK", "STACK"):
        raise_it = f"r.setrlimit(r.RLIMIT_{name}, (r.getrlimit(r.RLIMIT_{name})[1] + 1,) * 2)"
        assert "Error" in outcome(tight, f"import resource as r\n{raise_it}")


ENDS = {
    "exit": ("import os; os._exit(3)", "ended itself (exit status 3)"),
    "crash": ("import ctypes; ctypes.string_at(0)", "crashed (SIG"),
    "abort": ("import os; os.abort()", "crashed (SIG"),
    "hang up": ("import os; os.close(3); import time; time.sleep(60)", "closed its connection"),
    "stop reading": ("import os; os.dup2(os.open('/dev/null', 0), 3)", "ended itself"),
}


@pytest.mark.parametrize(("source", "reason"), ENDS.values(), ids=ENDS.keys())
def test_every_end_has_a_reason(tight: Sandbox, source: str, reason: str) -> None:
    """Does the verdict say how a process ended, and does the next child run as if nothing had happened?"""
    with tight.child() as child, pytest.raises(ChildDied) as caught:
        child.run_cell(source)
    assert reason in caught.value.reason
    told = str(Message(f"died.{caught.value.cause}", {"detail": caught.value.detail}))
    assert told == str(caught.value).replace("The student's", "Your code's"), (
        "the catalogue says it in the sandbox's words"
    )
    assert outcome(tight, "1 + 1") == "None"


def test_noise_on_the_connection_ends_the_child(tight: Sandbox) -> None:
    """Does a cell that writes to every descriptor it has inherited do more than end itself?"""
    source = "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\0' * 64)\n    except OSError: pass"
    with tight.child() as child, pytest.raises(BadReply):
        child.run_cell(source)
    assert outcome(tight, "1 + 1") == "None"


def test_the_resource_limits_hold_alone() -> None:
    """With only the cage around them, are the limits still those of the settings?"""
    with Sandbox.start(files=None, limits=TIGHT, layers=Layers.only("rlimits")) as sandbox, sandbox.child() as child:
        assert child.active == ("namespaces", "rlimits")
        run = child.run_cell(
            "import resource as r\nfound = {n: r.getrlimit(getattr(r, 'RLIMIT_' + n)) for n in "
            "('AS', 'CPU', 'FSIZE', 'NOFILE', 'NPROC', 'CORE', 'MEMLOCK')}"
        )
        assert run.ok
        found = child.lookup("found")
    want = {"AS": 700 << 20, "CPU": 1, "FSIZE": 4 << 20, "NOFILE": 40, "NPROC": 8, "CORE": 0, "MEMLOCK": 0}
    assert found == {name: (value, value) for name, value in want.items()}
    with Sandbox.start(files=None, limits=TIGHT, layers=Layers.only()) as sandbox, sandbox.child() as child:
        assert child.run_cell("import resource as r\nassert r.getrlimit(r.RLIMIT_AS)[0] == -1").ok
