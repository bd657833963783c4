"""Can everybody use the page? axe-core in headless Chromium, light, dark and narrow; and what is printed."""

from __future__ import annotations

import pytest

from grader.course import Course
from tests import browser, tiny

pytestmark = [browser.needs_browser, pytest.mark.long]
STUDENTS = ["right", "wrong", "raises", "hostile", "written", "noisy", "untouched", "no-json"]


@pytest.fixture(scope="module")
def chromium():
    with browser.browser() as running:
        yield running


@pytest.mark.parametrize(("dark", "width"), [(False, 1100), (True, 1100), (False, 320), (True, 320)])
def test_axe_finds_nothing(chromium, class_with_pages: Course, dark: bool, width: int) -> None:
    """Zero violations of WCAG 2.2 A and AA, no sideways scrolling at 320 pixels, nothing loaded from anywhere?"""
    for student in STUDENTS:
        path = class_with_pages.feedback / student / tiny.NAME / f"{tiny.NAME}.html"
        assert browser.violations(chromium, path, dark=dark, width=width) == [], student


def test_print_shows_what_is_folded_away(chromium, class_with_pages: Course) -> None:
    """Is the code on paper too, though its fold is closed on the screen?"""
    page = chromium.new_page()
    page.goto((class_with_pages.feedback / "wrong" / tiny.NAME / f"{tiny.NAME}.html").as_uri())
    code = page.locator("details pre").first
    assert not code.is_visible()
    page.emulate_media(media="print")
    assert code.bounding_box()["height"] > 20
    page.close()
