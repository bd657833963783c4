"""docs/authoring.md, followed word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from grader.course import CourseError, find_course
from grader.fill import fill
from grader.scaffold import new_assignment
from grader.verdict import Verdict

from .tiny import ROOT, hand_in, make_project

pytestmark = pytest.mark.long

PAGE = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"^<!-- (?P<what>[^>]+?) -->\n(?:```(?:python|markdown)\n(?P<code>.*?)\n```|(?P<command>    \S[^\n]*))?",
    re.M | re.S,
)


class Author:
    """Somebody who does what the page says, in a project folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept: dict[Path, str] = {}

    def notebook(self) -> Path:
        return self.root / "assignment" / "dropout" / "dropout.ipynb"

    def edit(self, grade_id: str, source: str, after: str | None = None) -> None:
        notebook = nbformat.read(self.notebook(), as_version=4)
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id", cell.id) for cell in notebook.cells]
        if after is None:
            notebook.cells[ids.index(grade_id)].source = source
        else:
            model = notebook.cells[ids.index(after)]
            cell = new_code_cell(source, metadata={"nbgrader": {**model.metadata.nbgrader, "grade_id": grade_id}})
            notebook.cells.insert(ids.index(after) + 1, cell)
        nbformat.write(notebook, self.notebook())

    def run(self, command: str, code: int = 0, says: str = "") -> str:
        words = command.split()
        words[0] = str(Path(sys.executable).parent / Path(words[0]).name)
        environment = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run(words, cwd=self.root, text=True, capture_output=True, env=environment, check=False)
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        assert says in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def hand_in(self, student: str, notebook: bytes | None = None) -> None:
        """Hand in a notebook; without one, the reference solution."""
        released = nbformat.read(self.root / "course" / "release" / "dropout" / "dropout.ipynb", as_version=4)
        solved = fill(released, (self.root / "solutions" / "dropout" / "reference.py").read_text())
        folder = hand_in(find_course(self.root), student, notebook or solved)
        target = folder.parent / "dropout"
        folder.rename(target)
        (target / "tiny.ipynb").rename(target / "dropout.ipynb")

    def do(self, what: str, code: str, command: str) -> None:
        """One step of the page."""
        if what == "run":
            self.run(command)
        elif match := re.fullmatch(r"run, exit (\d): (.*)", what):
            self.run(command, int(match[1]), match[2])
        elif match := re.fullmatch(r"cell: (\w+)", what):
            self.edit(match[1], code)
        elif match := re.fullmatch(r"new answer cell: (\w+), after: (\w+)", what):
            self.edit(match[1], code, after=match[2])
        elif match := re.fullmatch(r"file: (\S+)", what):
            (self.root / match[1]).write_text(code + "\n")
        elif match := re.fullmatch(r"spoil: (\S+), replace: (.+), by: (.+)", what):
            path = self.root / match[1]
            self.kept[path] = path.read_text()
            assert match[2] in self.kept[path]
            path.write_text(self.kept[path].replace(match[2], match[3]))
        elif what == "mend":
            for path, text in self.kept.items():
                path.write_text(text)
        elif match := re.fullmatch(r"hand in: (\w+)", what):
            self.hand_in(match[1])
        else:
            raise AssertionError(f"a step that nobody can follow: {what}")


def test_the_page_works_as_it_stands(tmp_path: Path) -> None:
    """Does an author who follows the page get a graded assignment?"""
    (tmp_path / "assignment").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    author = Author(tmp_path)
    steps = list(STEP.finditer(PAGE))
    assert len(steps) == PAGE.count("<!-- ")
    for step in steps:
        author.do(step["what"], step["code"] or "", (step["command"] or "").strip())
    verdict = tmp_path / "course" / "autograded" / "s01" / "dropout" / "verdict.json"
    assert Verdict.from_json(verdict.read_text()).points == 6
    released = tmp_path / "course" / "release" / "dropout" / "dropout.ipynb"
    handed_out = nbformat.read(released, as_version=4)
    template = template_of(tmp_path)
    left = [cell.id for cell in handed_out.cells if cell.source in template]
    assert left == ["section", "setup", "hidden"], "no placeholder is handed out"
    author.hand_in("s02", released.read_bytes())
    assert re.search(r"s02 .* not attempted", author.run("grader grade dropout")), "as `grader validate` says, too"


def template_of(root: Path) -> set[str]:
    """The cells that `grader new` writes, as they are before anybody has replaced them."""
    (root / "other" / "assignment").mkdir(parents=True)
    notebook, *_ = new_assignment(find_course(root / "other"), "dropout")
    return {cell.source for cell in nbformat.read(notebook, as_version=4).cells}


@pytest.mark.parametrize("name", ["two words", "1st", "for", "_x", "a-b", "größe", "../x"])
def test_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """Is a name refused that Python or the file system would stumble over?"""
    course = make_project(tmp_path)
    with pytest.raises(CourseError, match="cannot be a name"):
        new_assignment(course, name)


def test_existing_assignment_is_not_overwritten(tmp_path: Path) -> None:
    """Can `new` destroy an assignment?"""
    course = make_project(tmp_path)
    before = (course.sources / "tiny" / "tiny.ipynb").read_bytes()
    with pytest.raises(CourseError, match="is there already"):
        new_assignment(course, "tiny")
    assert (course.sources / "tiny" / "tiny.ipynb").read_bytes() == before
