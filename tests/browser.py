"""A headless Chromium for the tests that need one; they are skipped, with the reason, where it is missing."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def missing() -> str:
    """Why there is no browser to test with, "" where there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "the Python package playwright is not installed"
    if CHROMIUM is None:
        return "no Chromium on this machine (Debian: apt-get install chromium)"
    return ""


def axe_script() -> str:
    """The text of axe-core, which the package axe-playwright-python carries. Skips the test where it is missing."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the Python package axe-playwright-python (axe-core) is not installed")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


needs_browser = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")


@contextmanager
def browser() -> Iterator:
    """Yield a running Chromium (playwright's Browser)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(running, path: Path, *, dark: bool = False, width: int = 1100) -> list[str]:
    """What axe-core finds on a page (WCAG 2.2 A and AA, and its own best practice), one line each."""
    context = running.new_context(
        color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900}, bypass_csp=True
    )
    requests: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(axe_script())
    result = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG)
    outside = [url for url in requests if not url.startswith(("file:", "data:"))]
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()
    lines = [
        f"{found['id']}: {found['help']} ({node['html'][:160]}) {node.get('failureSummary', '')[:200]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]
    return lines + [f"loads {url}" for url in outside] + (["the page is wider than the window"] if wide else [])
