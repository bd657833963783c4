"""The formgrader, driven by a browser as a marker would: for its test, and for the pictures in the docs."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOKEN = "only-for-this-run"  # noqa: S105  (of a server that ends with the run)
START_SECONDS = 90.0

Page = Any  # playwright's Page; the package is there for tests and pictures only
Look = Callable[[str], None]  # takes a picture of the page as it is


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def formgrader(root: Path, home: Path) -> Iterator[str]:
    """Run `grader formgrader` on the project at `root` and yield its address. `home` takes Jupyter's own files.

    Raises RuntimeError with what the server said where it does not start.
    """
    port = free_port()
    environment = {**os.environ, "JUPYTER_TOKEN": TOKEN, "BROWSER": "/bin/true", "HOME": str(home)}
    log = home / "formgrader.log"
    with log.open("w") as output:
        command = [Path(sys.executable).parent / "grader", "formgrader", "--port", str(port)]
        server = subprocess.Popen(
            command, cwd=root, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  (the server just started)
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-2000:]}") from error
            time.sleep(0.2)
        else:
            return


def enter(page: Page, address: str, look: Look) -> None:
    """Open the address that JupyterLab opens, and wait for the list of assignments."""
    page.goto(f"{address}/?token={TOKEN}")
    page.locator("td.num-submissions").first.wait_for()
    look("formgrader-assignments")


def submissions(page: Page, look: Look) -> None:
    """From the list of assignments to the class of the first one."""
    page.locator("td.num-submissions a").first.click()
    page.locator("td.student-id").first.wait_for()
    look("formgrader-class")


def press_for(page: Page, student: str, button: str) -> str:
    """Press `button` ("autograde" or "generate-feedback") in a student's row; return what the formgrader says then."""
    row = page.locator("tr", has=page.locator(f'td.student-id[data-order="{student}"]'))
    row.locator(f"td.{button} a").click()
    said = page.locator(".modal.in .modal-body, .modal.in .modal-title").first
    said.wait_for(timeout=120_000)
    text = page.locator(".modal.in").inner_text()
    page.locator(".modal.in button", has_text="OK").or_(page.locator(".modal.in .close")).first.click()
    page.locator(".modal.in").wait_for(state="detached")
    return text


def mark(page: Page, address: str, student: str, cell: str, score: str, comment: str, look: Look) -> None:
    """Give a written answer a score and a comment, as in Manual Grading."""
    page.goto(f"{address}/formgrader/gradebook")
    page.locator("td.name a").first.click()
    page.locator("td.name a").first.click()
    hidden_name = page.locator("a.name-shown", has_text=re.compile(f"^{re.escape(student)}$"))
    page.locator("tr", has=hidden_name).locator("a.name-hidden").click()  # marked without seeing the name
    page.wait_for_load_state("networkidle")  # scores and comments are filled in after the page
    field = page.locator(f"input.score#{cell}")
    field.fill(score)
    with page.expect_response(lambda answer: "/api/grade" in answer.url and answer.request.method == "PUT"):
        field.blur()
    words = page.locator(f"#{cell}-comment")
    words.fill(comment)
    with page.expect_response(lambda answer: "/api/comment" in answer.url and answer.request.method == "PUT"):
        words.blur()
    look("formgrader-marking")
