"""Does the sandbox hold as root, as an ordinary user, and with the system's own Python?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = [path for path in sys.path if path.endswith("-packages")]
NOBODY = 65534
SYSTEM_PYTHON = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"

PROGRAM = """
import json, os
import numpy as np
from grader.sandbox import doctor
from grader.sandbox.host import Sandbox, RemoteError
with Sandbox.start(files=None) as sandbox, sandbox.child() as child:
    child.run_cell("def double(x): return 2 * x\\nimport os\\ninside = os.getuid()")
    answer = child.call("double", (np.arange(3.0),)).value.tolist()
    plot = child.run_cell("import matplotlib.pyplot as plt\\nplt.plot([1, 2]);")
    secrets = child.run_cell("open('/etc/passwd')")
    result = {
        "user": os.getuid(),
        "inside": child.lookup("inside"),
        "answer": answer,
        "active": list(child.active),
        "plot": [output["output_type"] for output in plot.outputs],
        "secrets": secrets.error,
    }
result["refuse"] = doctor.refuse_reason(doctor.probe())
print(json.dumps(result))
"""


def run(python: str, user: int | None) -> dict[str, Any]:
    environment = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), *PACKAGES]), "PYTHONDONTWRITEBYTECODE": "1"}
    as_user: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    done = subprocess.run(
        [python, "-c", PROGRAM], env=environment, cwd="/", capture_output=True, text=True, timeout=120, **as_user
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def usable(python: str, user: int | None) -> bool:
    """Can this user start this interpreter, and does it find the grader and its packages?"""
    environment = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), *PACKAGES]), "PYTHONDONTWRITEBYTECODE": "1"}
    as_user: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    program = "import numpy.linalg, matplotlib.ft2font, grader.sandbox.host"
    try:
        done = subprocess.run([python, "-c", program], env=environment, cwd="/", capture_output=True, **as_user)
    except OSError:
        return False
    return done.returncode == 0


def holds(result: dict[str, Any], user: int) -> None:
    assert result["user"] == user
    assert result["inside"] == 65534
    assert result["answer"] == [0.0, 2.0, 4.0]
    assert {"namespaces", "rlimits", "seccomp"} <= set(result["active"])
    assert result["plot"] == ["display_data"]
    assert result["secrets"] == "FileNotFoundError: [Errno 2] No such file or directory: '/etc/passwd'"
    assert result["refuse"] is None


def test_as_the_user_who_runs_the_tests() -> None:
    """Whoever that is, with the interpreter of the tests: does everything hold?"""
    holds(run(sys.executable, None), os.getuid())


def test_as_an_ordinary_user() -> None:
    """Does the sandbox need root for anything?"""
    if os.getuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    pythons = [python for python in (sys.executable, SYSTEM_PYTHON) if usable(python, NOBODY)]
    if not pythons:
        pytest.skip(f"neither {sys.executable} nor {SYSTEM_PYTHON} can be started by an ordinary user here")
    holds(run(pythons[0], NOBODY), NOBODY)


def test_with_the_systems_python() -> None:
    """A Python below /usr is seen in place, with the packages that lie beside it hidden: does that hold, too?"""
    if not usable(SYSTEM_PYTHON, None):
        pytest.skip(f"{SYSTEM_PYTHON} is not here, or cannot load these packages")
    holds(run(SYSTEM_PYTHON, None), os.getuid())
