"""The red team's runner: some attacks through the real path, and whether it would notice one that succeeds.

For that the trusted side is weakened on purpose, in a project made for it: hidden cases that obey what a student's
function returns, and a marker's page without its sanitiser. The sandbox is never opened.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.redteam import AttackReport, attack_files, load_attack, run_redteam
from grader.redteam import signs as signs_of
from grader.redteam.yard import costs

from . import tiny

pytestmark = pytest.mark.long

# one after the other: the runner looks at what is left on the whole machine

ATTACKS = tiny.ROOT / "tests" / "attacks"
FAMILIES = {"escape", "forged_results", "later_harm", "metadata", "reading", "resources"}

FEW = [  # `make redteam` runs all
    "escape/kill_everything", "escape/linked_folder", "escape/executing_programs", "forged_results/patched_numpy",
    "forged_results/lying_array", "forged_results/malformed_messages", "forged_results/pickles",
    "later_harm/html_in_written_answer", "later_harm/files_left_behind", "metadata/forged_points",
    "reading/solutions_folder", "reading/environment", "resources/fork_bomb", "resources/billion_elements",
]  # fmt: skip


def test_there_are_many_of_every_family() -> None:
    """Is every road that attackers took before still tried?"""
    families = [path.parent.name for path in attack_files(ATTACKS)]
    assert len(families) >= 60
    assert set(families) == FAMILIES
    assert all(families.count(family) >= 10 for family in FAMILIES)


@pytest.mark.parametrize("path", attack_files(ATTACKS), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_attack_says_what_success_would_be(path: Path) -> None:
    """Can a reader learn from the file what is tried?"""
    load_attack(path)  # raises where the file is not of the documented form
    assert path.read_text(encoding="utf-8").startswith('"""')


@pytest.mark.parametrize(
    "text",
    [
        '"""Try. Success: x."""',
        '"""Try. Success: x."""\nCELL = ANSWER = ""',
        '"""Try."""\nCELL = ""',
        '"""Success: x."""\nCELL = ROADS = ""',
    ],
    ids=["no kind", "two kinds", "no success", "unknown option"],
)
def test_file_that_is_no_attack_is_refused(tmp_path: Path, text: str) -> None:
    """Does a slip in an attack's file go unnoticed?"""
    path = tmp_path / "slip.py"
    path.write_text(text)
    with pytest.raises(ValueError, match="slip"):
        load_attack(path)


def test_some_attacks_of_each_family_fail(fresh_course: Course) -> None:
    """Does the real path hold, on another assignment too?"""
    chosen = [ATTACKS / f"{name}.py" for name in FEW]
    reports = list(run_redteam(fresh_course, tiny.NAME, chosen, workers=1))
    assert {report.family for report in reports} == FAMILIES
    assert len(reports) == len(FEW)
    assert [report.line() for report in reports if report.succeeded] == []
    assert not fresh_course.autograded.exists(), "the real course is left alone"


# -- would it notice? ----------------------------------------------------------------------------------------------

OBEDIENT = tiny.CASES.replace(
    "        if not isinstance(got, np.ndarray)",
    "        if isinstance(got, str):\n            exec(got, {'here': __file__})\n"
    "        if not isinstance(got, np.ndarray)",
)

# what an attack lets the obedient grader do, and what has to be said of it
DEEDS = {
    "spoil": (
        "import numpy; numpy.array_equal = lambda *a: False",
        "another student's result changed: double_hidden/values FAIL",
    ),
    "write": ("open('/tmp/left-by-redteam-meta', 'w').close()", "the file /tmp/left-by-redteam-meta is left"),
    "tamper": ("open(here, 'a').write('# changed')", "cases.py was changed"),
    "stay": ("import subprocess; subprocess.Popen(['sleep', '6'])", r"the process \d+ sleep is left"),
    "grow": ("b'x' * (800 << 20)", r"the grader grew by \d+ MiB"),
    "tell": (
        "import os; raise AssertionError(os.environ['REDTEAM_SECRET'])",
        "a secret of the environment is in verdict.json",
    ),
    "blame": ("from grader.sandbox.errors import SandboxUnavailable as E; raise E('x')", "took the fault upon itself"),
    "breach": ("raise AssertionError('breached: a wall')", "it got a wall"),
    "carry": ("raise AssertionError('hidden-input-' + 'ab' * 250)", "^$"),  # bounded: less than is allowed
    "kill": ("import os; os.kill(os.getpid(), 9)", "the grader itself died"),
}

OTHERS = {
    "solve": ("ANSWER = 'def ANSWER(x):\\n    return 2 * x'", "6 points, 2 are right"),
    "solve_honestly": ("ANSWER = HONEST = 'def ANSWER(x):\\n    return 2 * x'", "^$"),
    "leak": (
        "def make(notebook, folder):\n"
        "    secret = (folder.parents[3] / 'solutions' / folder.name / 'secret.txt').read_text()\n"
        "    notebook['cells'].append({'cell_type': 'markdown', 'source': secret, 'metadata': {}})\n"
        "    return notebook",
        "a secret of the solutions is in tiny.ipynb",
    ),
    "script": (
        "def make(notebook, folder):\n"
        "    notebook['cells'].append({'cell_type': 'markdown', 'source': '<script>1</script>', 'metadata': {}})\n"
        "    return notebook",
        "the marker's page holds <script>",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, AttackReport]]:
    """What is said of attacks that get what they want, because the trusted side is weak."""
    course = tiny.make_project(tmp_path_factory.mktemp("weak"))
    (course.solutions / tiny.NAME / "cases.py").write_text(OBEDIENT)
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("c.HTMLExporter.filters", "unused"))
    folder = tmp_path_factory.mktemp("attacks") / "meta"
    folder.mkdir()
    for name, (code, _) in DEEDS.items():
        answer = f"def ANSWER(x):\n    return {code!r}"
        (folder / f"{name}.py").write_text(f'"""Meta. Success: yes."""\nANSWER = {answer!r}\n')
    for name, (text, _) in OTHERS.items():
        (folder / f"{name}.py").write_text(f'"""Meta. Success: yes."""\n{text}\n')
    order = sorted(
        folder.glob("*.py"), key=lambda path: path.stem in ("kill", "spoil", "tamper")
    )  # these change what follows
    yield {report.name: report for report in run_redteam(course, tiny.NAME, order, workers=1)}
    Path("/tmp/left-by-redteam-meta").unlink(missing_ok=True)


@pytest.mark.parametrize(("name", "sign"), [(name, sign) for name, (_, sign) in {**DEEDS, **OTHERS}.items()])
def test_attack_that_succeeds_is_noticed(reports: dict[str, AttackReport], name: str, sign: str) -> None:
    """Would the red team see it, if this were possible?"""
    report = reports[name]
    assert re.search(sign, "; ".join(report.signs)), report.line()
    assert report.succeeded == (sign != "^$")


def test_cost_is_a_sign() -> None:
    """Does it count whether the grader computes, waits, or grows; and not that the machine is busy with others?"""
    assert costs(busy=1.0, waited=60.0, grown=100) == []
    assert costs(busy=16.0, waited=16.0, grown=0) == ["the grader was busy for 16 seconds"]
    assert costs(busy=1.0, waited=130.0, grown=0) == ["the grader took 130 seconds"]
    assert costs(busy=1.0, waited=1.0, grown=700) == ["the grader grew by 700 MiB"]


@pytest.mark.parametrize(
    "text", ["a,=1+1\n", "a;=1+1,2\n", "-cmd,1\n", "@x\n", '"a\n=1",2\n', "a,\x1b[2J\n", "\u202ea,1\n", 'a,"x;""=1"\n']
)
def test_csv_that_acts_is_a_sign(text: str) -> None:
    """Is a formula or a terminal's code seen, wherever it stands?"""
    assert signs_of.in_csv("a.csv", text)


@pytest.mark.parametrize(
    "text", ["a,-1.5,2e-3\n", "'=1+1,3\n", "Kim Min-jun,1\r\n", 'a,"x;\'""=1"\n', 'a,"x, -1 = y"\n']
)
def test_csv_that_is_harmless_is_none(text: str) -> None:
    """Are numbers and names left in peace?"""
    assert signs_of.in_csv("a.csv", text) == []


@pytest.mark.parametrize(
    "page",
    ["<script>1</script>", "<svg role=img><image href=x></svg>", "<svg role=img onload=x>", "<svg role=img><a><rect>",
     "<svg role=img><foreignObject><p>", "<svg role=img><rect style='fill:red'>", "<svg role=img><animate>",
     "<svg role=img style='width:9999px'>", "<a href='java\nscript:x'>", "<img src=x onerror=y>",
     "<img src=http://x/y>", "<svg/>",
     "<p style='position:fixed'>", "<a href='data:text/html,x'>", "<base href=x>", "<form>"],
)  # fmt: skip
def test_page_that_acts_is_a_sign(page: str) -> None:
    """Is everything in a page seen that runs, loads, or covers it?"""
    assert signs_of.active_content(page)


@pytest.mark.parametrize("place", ["outputs", "attachments"])
def test_picture_that_unpacks_to_gigabytes_is_a_sign(place: str) -> None:
    """Is its size read from where any reader would find it?"""
    found = []
    for side in (65_000, 65):
        header = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", side, side) + b"\x01\x01\x11\x00"
        scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
        picture = {"image/jpeg": base64.b64encode(b"\xff\xd8\xff" + header + scan).decode()}
        cell = {"outputs": [{"data": picture}]} if place == "outputs" else {"attachments": {"a.jpg": picture}}
        found.append(signs_of.in_notebook("a.ipynb", json.dumps({"cells": [cell]}).encode()))
    assert "picture of a.ipynb" in found[0][0]
    assert found[1] == []


def test_pictures_links_and_what_is_usual_are_none() -> None:
    """Is what a page may hold left in peace?"""
    assert signs_of.active_content("<a href='https://x'>x</a><img src='data:image/png;base64,AAAA'>") == []
    drawing = '<svg viewBox="0 0 1 1" width="1" role="img" aria-label="x"><rect x="1"/><text>1</text></svg><p>'
    assert signs_of.active_content(drawing) == []
    assert signs_of.active_content("<script>", signs_of.count_active("<script>")) == []
