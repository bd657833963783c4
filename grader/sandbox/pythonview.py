"""What the sandbox sees of this machine: the interpreter, the libraries a student may import, and little else."""

from __future__ import annotations

import csv
import importlib.metadata as metadata
import sys
import sysconfig
from pathlib import Path

from packaging.requirements import Requirement

IMPORTABLE = ("numpy", "matplotlib", "ipython", "matplotlib-inline")
"""The distributions that student code may import; what they require comes with them, their extras do not."""

PYTHON = "/opt/python"  # the interpreter inside, unless it is the system's own
PACKAGES = "/opt/packages"
KIT = "/opt/kit"
INSIDE = (
    *("wire", "wire_format", "wire_encode", "wire_decode", "batch"),
    *("limits", "layers", "seccomp", "confine", "failure", "outputs", "shell", "zygote"),
)
"""The modules of this package that run inside; no other file of the grader is visible there."""

LEFT_OUT = {"matplotlib": ("mpl-data/fonts/afm", "mpl-data/fonts/pdfcorefonts")}
"""Metrics of fonts that only PostScript has: Matplotlib would read 60 files at each start of a warm parent."""


class ViewError(RuntimeError):
    """What the sandbox needs from this Python environment is missing."""


def importable() -> dict[str, metadata.Distribution]:
    """`IMPORTABLE` and everything those require here and now, by normalised name."""
    found: dict[str, metadata.Distribution] = {}
    todo = list(IMPORTABLE)
    while todo:
        name = todo.pop().lower().replace("_", "-").replace(".", "-")
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise ViewError(f"the package {name} is not installed beside the grader") from None
        requirements = map(Requirement, found[name].requires or ())
        todo += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def package_paths() -> dict[str, Path]:
    """Folders and files that make up the importable distributions, by their name in the packages folder."""
    paths: dict[str, Path] = {}
    for name, distribution in importable().items():
        record = distribution.read_text("RECORD")  # not `files`: that makes an object for each of 20,000 files
        if not record:
            raise ViewError(f"{name} has no list of its files; install it with pip (`make` does)")
        for top in {row[0].partition("/")[0] for row in csv.reader(record.splitlines()) if row}:
            if top not in ("..", "__pycache__", ""):
                paths[top] = Path(str(distribution.locate_file(top)))
    return paths


class Interpreter:
    """Where the base interpreter (never the virtual environment) lies outside and inside."""

    def __init__(self) -> None:
        self.executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        self.stdlib = Path(sysconfig.get_path("stdlib")).resolve()
        self.prefix = Path(sys.base_prefix).resolve()
        self.system = self.prefix == Path("/usr")

    def inside(self, path: Path) -> str:
        """A path below the base prefix, as the sandbox sees it."""
        return str(path) if self.system else f"{PYTHON}/{path.relative_to(self.prefix)}"

    def sys_path(self) -> list[str]:
        return [self.inside(self.stdlib), self.inside(self.stdlib / "lib-dynload")]

    def mounts(self) -> list[str]:
        """Arguments for bwrap, after those of the system's folders."""
        args = ["--ro-bind", str(self.executable), self.inside(self.executable)]
        if not self.system:
            args += ["--ro-bind", str(self.stdlib), self.inside(self.stdlib)]
            libraries = [path for folder in ("lib", "lib64") for path in (self.prefix / folder).glob("*.so*")]
            for library in libraries:
                args += ["--ro-bind", str(library), f"{PYTHON}/lib/{library.name}"]
        for name in ("site-packages", "dist-packages"):
            if (self.stdlib / name).is_dir():
                args += _hidden(self.inside(self.stdlib / name))
        return args


def _hidden(path: str) -> list[str]:
    """Arguments that put an empty, read-only folder over a path."""
    return ["--size", "4096", "--tmpfs", path, "--remount-ro", path]


def _system(stdlib: Path) -> list[str]:
    """The system's shared libraries, without any Python package that lies among them."""
    args: list[str] = []
    libraries = Path("/usr/lib")
    multiarch = libraries / (sysconfig.get_config_var("MULTIARCH") or "none")
    folders = [multiarch, Path("/usr/lib/locale")] if multiarch.is_dir() else [libraries]
    if stdlib.is_relative_to(libraries) and libraries not in folders:
        folders.append(stdlib)
    for folder in (*folders, Path("/usr/lib64")):
        if not folder.is_dir() or folder.is_symlink():
            continue
        args += ["--ro-bind", str(folder), str(folder)]
        for path in sorted(folder.glob("python*")) + sorted(folder.glob("pypy*")):
            if path.is_dir() and not path.is_symlink() and path.resolve() != stdlib:
                args += _hidden(str(path))
    for link in (Path("/lib"), Path("/lib64"), Path("/usr/lib64")):
        if link.is_symlink():
            args += ["--symlink", str(link.readlink()), str(link)]
        elif link.is_dir() and link.parent == Path("/"):
            args += ["--ro-bind", str(link), str(link)]
    if Path("/etc/ld.so.cache").exists():
        args += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    return args


def _everything() -> list[str]:
    """The whole machine, read-only: for tests of the other layers."""
    args: list[str] = []
    for path in sorted(Path("/").iterdir()):
        if path.name in ("proc", "dev", "tmp", "opt", "scratch", "sys"):
            continue
        args += (
            ["--symlink", str(path.readlink()), str(path)] if path.is_symlink() else ["--ro-bind", str(path), str(path)]
        )
    return args


def mounts(restricted: bool) -> list[str]:
    """Arguments for bwrap that show the system, the interpreter and the importable packages."""
    interpreter = Interpreter()
    args = _system(interpreter.stdlib) if restricted else _everything()
    args += interpreter.mounts()
    for name, path in sorted(package_paths().items()):
        args += ["--ro-bind", str(path), f"{PACKAGES}/{name}"]
        for folder in LEFT_OUT.get(name, ()):
            if (path / folder).is_dir():
                args += _hidden(f"{PACKAGES}/{name}/{folder}")
    here = Path(__file__).parent
    for module in INSIDE:
        args += ["--ro-bind", str(here / f"{module}.py"), f"{KIT}/sandbox/{module}.py"]
    return args
