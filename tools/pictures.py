"""Make the pictures of README and docs from real runs: the bundled sample class, graded in a scratch folder.

    python tools/pictures.py [NAME ...]

Needs Chromium and the Python packages playwright and Pillow. Names: table, feedback, report, formgrader; all if none.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from grader.course import Course, find_course

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import formgrader  # noqa: E402  (needs the path)

PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 118
COLOURS = 128  # of a picture: text and flat areas need no more, and the repository stays small
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"


@contextmanager
def sample_class() -> Iterator[tuple[Course, str]]:
    """Yield the sample class, graded, with pages and report, and what `grader grade` printed."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        root = Path(scratch) / "course"
        root.mkdir()
        for name in ("assignment", "solutions"):
            (root / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "nbgrader_config.py", root)
        printed = run(root, "grade")
        run(root, "feedback")
        run(root, "report")
        yield find_course(root).sample(), printed


def run(root: Path, *arguments: str) -> str:
    """Run `grader` as on a terminal; return what it printed, with its colours. Exit 1 (not all graded) is fine."""
    command = [Path(sys.executable).parent / "grader", *arguments]
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"grader {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout.replace(str(root) + "/", "")


def save(name: str, png: bytes) -> None:
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS)
    PICTURES.mkdir(parents=True, exist_ok=True)
    image.save(PICTURES / f"{name}.png", optimize=True)
    print(PICTURES / f"{name}.png", (PICTURES / f"{name}.png").stat().st_size)


def table(browser: Any, course: Course, printed: str) -> None:
    """The table in the terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(printed.strip("\n")), soft_wrap=False, no_wrap=True, overflow="crop")
    page = browser.new_page(viewport={"width": 1060, "height": 300})
    page.set_content(console.export_html(inline_styles=True))
    page.add_style_tag(content="body { margin: 1rem } pre { font-size: 13px }")
    save("table", page.screenshot(full_page=True))
    page.close()


def feedback(browser: Any, course: Course, printed: str) -> None:
    """A page with something to say, light and dark, and on a narrow screen."""
    pages = sorted(course.feedback.glob("*/*/*.html"), key=lambda path: path.read_text().count('class="finding"'))
    path = pages[3 * len(pages) // 4]
    shot(browser, path, "feedback", "light", (1000, 1100), "")
    shot(browser, path, "feedback-dark", "dark", (1000, 800), "h3 >> nth=0")
    shot(browser, path, "feedback-narrow", "light", (380, 1100), "")
    part(browser, pages, "feedback-curves", "details[open] .plots:has(path.own)")
    part(browser, pages, "feedback-graph", ".plots:has(rect.wrong)")


def report(browser: Any, course: Course, printed: str) -> None:
    """The class: scores, and the heat map of checks."""
    path = course.data / "report" / "index.html"
    shot(browser, path, "report", "light", (1250, 900), "")
    shot(browser, path, "report-checks", "light", (1250, 800), "#checks")


def shot(browser: Any, path: Path, name: str, scheme: str, size: tuple[int, int], at: str) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    page.goto(path.as_uri())
    if at:
        page.locator(at).first.evaluate("part => part.scrollIntoView()")
    save(name, page.screenshot())
    page.close()


def part(browser: Any, pages: list[Path], name: str, where: str) -> None:
    """The first such part of any of the pages."""
    page = browser.new_page(viewport={"width": 1000, "height": 1100})
    for path in pages:
        page.goto(path.as_uri())
        if page.locator(where).count():
            save(name, page.locator(where).first.screenshot())
            break
    page.close()


def formgrader_steps(browser: Any, course: Course, printed: str) -> None:
    """The steps of marking, as tools/formgrader.py goes through them."""
    with tempfile.TemporaryDirectory() as home, formgrader.formgrader(course.root, Path(home)) as address:
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        look: Callable[[str], None] = lambda name: save(name, page.screenshot())  # noqa: E731
        formgrader.enter(page, address, look)
        formgrader.submissions(page, look)
        pages = sorted(course.feedback.glob("*/*/*.html"))
        waiting = next(path for path in pages if "to be marked" in path.read_text())
        student, cell = waiting.parents[1].name, written_cell(course)
        formgrader.mark(page, address, student, cell, "4", "Clear. And what becomes of the gradients?", look)
        page.close()


def written_cell(course: Course) -> str:
    """grade_id of the first written answer of the first assignment."""
    import nbformat

    from grader.release import is_solution, nbgrader_metadata

    name = course.assignments()[0]
    cells = nbformat.read(course.release / name / f"{name}.ipynb", as_version=4).cells
    written = (cell for cell in cells if cell.cell_type == "markdown" and is_solution(cell))
    return nbgrader_metadata(next(written))["grade_id"]


MAKERS = {"table": table, "feedback": feedback, "report": report, "formgrader": formgrader_steps}


def main(names: list[str]) -> None:
    unknown = set(names) - MAKERS.keys()
    if unknown:
        raise SystemExit(f"No picture is called {', '.join(sorted(unknown))}. There are: {', '.join(MAKERS)}.")
    with sample_class() as (course, printed), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name in names or MAKERS:
            MAKERS[name](browser, course, printed)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
