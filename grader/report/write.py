"""`grader report`: write course/report/index.html."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from ..course import Course
from ..feedback.exporter import TEMPLATES as FEEDBACK_TEMPLATES
from ..feedback.exporter import points
from ..files import write_whole
from .build import Report, build_report
from .classroom import read_class
from .figures import strip

TEMPLATES = Path(__file__).resolve().parent / "templates"


def write_report(course: Course, assignment: str) -> Path:
    """Write the report of a class, and the same where the last one is looked for; return that path.

    Raises CourseError where nothing is graded.
    """
    html = render_report(build_report(read_class(course, assignment)), _link_to(course, assignment))
    course.report().parent.mkdir(parents=True, exist_ok=True)
    for path in (course.report(assignment), course.report()):
        write_whole(path, html)
    return course.report()


def _link_to(course: Course, assignment: str):
    """A function from student to the address of their feedback page, seen from the report; "" where there is none."""
    there = {path.parent.parent.name for path in course.feedback.glob(f"*/{assignment}/{assignment}.html")}

    def link(student: str) -> str:
        if student not in there:
            return ""
        return "../feedback/" + "/".join(quote(part) for part in (student, assignment, f"{assignment}.html"))

    return link


def render_report(report: Report, link) -> str:
    """Return the report as one HTML file. `link` gives the address of a student's feedback page."""
    loader = FileSystemLoader([TEMPLATES, FEEDBACK_TEMPLATES / "student"])
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=loader)
    environment.filters |= {"points": points, "strip": strip, "data": _data}
    script = (TEMPLATES / "table.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        report=report,
        link=link,
        script=Markup(script),  # noqa: S704  (our own file)
        script_hash=digest,
    )


def _data(value: object) -> Markup:
    """JSON that can stand inside a script element, whatever a student id is."""
    text = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return Markup(text.replace("&", "\\u0026"))  # noqa: S704  (no character of it can end the element)
