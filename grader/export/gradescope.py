"""`grader gradescope`: the zip that Gradescope makes an autograder from.

It holds the engine, one assignment with its secret cases, and the two scripts Gradescope asks for: `setup.sh` is run
once when the image is built, `run_autograder` for each submission.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from ..course import Course
from ..release import load_release
from .formats import VISIBILITIES

SETTINGS = "gradescope.json"

SETUP = """#!/usr/bin/env bash
# Run once, when Gradescope builds the image: the system's packages, then the locked Python packages.
set -euo pipefail
source="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$source")"
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends python3 python3-venv bubblewrap
python=""
for candidate in python3 python3.13 python3.12 python3.11; do
  if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    python="$candidate"
    break
  fi
done
if [ -z "$python" ]; then
  echo "Python 3.11, 3.12 or 3.13 is needed. Choose the image 'Ubuntu 24.04' in the autograder's settings." >&2
  exit 1
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --quiet --require-hashes -r "$source/requirements.txt"
"""

RUN = """#!/usr/bin/env bash
# Run for each submission. Gradescope copies this file to the folder that also holds source/, submission/ and results/.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$root/source"
exec "$root/venv/bin/python" -m grader.gradescope_run "$root"
"""


def write_zip(
    course: Course, assignment: str, to: Path, *, hidden: str = "after_published", no_sandbox: bool = False
) -> Path:
    """Write the autograder of `assignment` to the file `to` and return it. The same sources give the same bytes.

    `hidden` is who sees the results of hidden checks, one of VISIBILITIES. Raises CourseError where the assignment is
    not released, ValueError for an unknown visibility.
    """
    if hidden not in VISIBILITIES:
        raise ValueError(f"visibility '{hidden}': one of {', '.join(VISIBILITIES)} is needed")
    load_release(course, assignment)  # refuses one that is missing
    settings = {"assignment": assignment, "hidden": hidden, "no_sandbox": no_sandbox}
    to.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", SETUP.encode(), executable=True)
        _add(archive, "run_autograder", RUN.encode(), executable=True)
        _add(archive, SETTINGS, json.dumps(settings, indent=1).encode())
        for name, path in _files(course, assignment):
            _add(archive, name, path.read_bytes())
    return to


def _files(course: Course, assignment: str) -> list[tuple[str, Path]]:
    """(name in the archive, file) of the engine, the locked packages, and the assignment, sorted by name."""
    package = Path(__file__).resolve().parents[1]
    folders = [
        ("grader", package),
        (f"assignment/{assignment}", course.sources / assignment),
        (f"solutions/{assignment}", course.solutions / assignment),
        (f"course/release/{assignment}", course.release / assignment),
    ]
    found = [("requirements.txt", package.parent / "requirements.txt")]
    for prefix, folder in folders:
        for path in folder.rglob("*"):
            parts = path.relative_to(folder).parts
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
                found.append((f"{prefix}/{'/'.join(parts)}", path))
    return sorted(found)


def _add(archive: zipfile.ZipFile, name: str, data: bytes, *, executable: bool = False) -> None:
    entry = zipfile.ZipInfo(name)  # with a fixed date
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o755 if executable else 0o644) << 16
    archive.writestr(entry, data)
