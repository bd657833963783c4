"""Can everybody use the report, with and without its script?"""

from __future__ import annotations

import pytest

from grader.course import Course
from tests import browser

pytestmark = [browser.needs_browser, pytest.mark.long]


@pytest.fixture(scope="module")
def chromium():
    with browser.browser() as running:
        yield running


@pytest.mark.parametrize(("dark", "width"), [(False, 1100), (True, 1100), (False, 360)])
def test_axe_finds_nothing(chromium, class_with_report: Course, dark: bool, width: int) -> None:
    """Zero violations, nothing loaded from anywhere?"""
    path = class_with_report.data / "report" / "index.html"
    assert browser.violations(chromium, path, dark=dark, width=width) == []


def test_tables_sort_and_filter(chromium, class_with_report: Course) -> None:
    """Does a click on a heading sort by number, a second one turn round, and the filter find a student?"""
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto((class_with_report.data / "report" / "index.html").as_uri())
    score = page.locator("#students thead th", has_text="score")
    students = page.locator("#students tbody tr:visible th")
    score.get_by_role("button").click()
    assert score.get_attribute("aria-sort") == "ascending"
    lowest = students.first.inner_text()
    score.get_by_role("button").click()
    assert score.get_attribute("aria-sort") == "descending"
    assert students.first.inner_text() == "written"
    assert lowest == "moved"  # not graded
    page.get_by_label("Find").fill("학생")
    assert students.all_inner_texts() == ["학생일"]
    assert errors == []
    page.close()


def test_heat_map_names_the_student_and_leads_to_the_page(chromium, class_with_report: Course) -> None:
    """Does the map say whose column it is, and open that page?"""
    page = chromium.new_page()
    page.goto((class_with_report.data / "report" / "index.html").as_uri())
    strip = page.locator("svg.strip").first
    strip.scroll_into_view_if_needed()
    right_end = {"x": strip.bounding_box()["width"] - 3, "y": 8}
    strip.hover(position=right_end)
    assert strip.locator("title").text_content() == "written"
    strip.click(position=right_end)
    page.wait_for_url("**/written/tiny/tiny.html")
    page.close()
