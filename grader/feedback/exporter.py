"""The exporter that turns an autograded notebook into a student's page, for our command and for nbgrader's alike.

nbgrader is told to use it by `c.GenerateFeedback.exporter_class` (nbgrader_config.py). It builds its template once and
reads the gradebook once per assignment, so that a page costs milliseconds.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat.v4
from jinja2 import Environment, Template
from markupsafe import Markup, escape
from nbconvert.exporters import TemplateExporter
from nbformat import NotebookNode
from traitlets import Unicode, default

from ..marks import Marks, marks_of
from ..messages import ENGLISH, Catalogue, catalogue
from ..verdict import Verdict, times
from .code import block
from .page import build_page

TEMPLATES = Path(__file__).resolve().parent / "templates"


class NoVerdict(Exception):
    """A notebook that this kit did not grade; the message says what to run."""


class FeedbackExporter(TemplateExporter):
    """Writes the page of one student from the notebook and the `verdict.json` beside it."""

    export_from_notebook = None
    output_mimetype = "text/html"

    language = Unicode(ENGLISH, help="Language of the page: a file of grader/messages.").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._marks: dict[tuple[str, str], dict[str, Marks]] = {}

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "student"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(TEMPLATES)]

    def _create_environment(self) -> Environment:
        """nbconvert's environment, with everything a student wrote escaped unless a filter made it safe."""
        environment = super()._create_environment()
        environment.autoescape = True
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.filters["points"] = points
        environment.filters["times"] = times
        environment.filters["block"] = block
        environment.filters["spans"] = spans
        return environment

    @cached_property
    def _compiled(self) -> tuple[Template, Catalogue]:
        return self.template, catalogue(self.language)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Make the page of the notebook at `filename`. Raises NoVerdict where no verdict lies beside it."""
        path = Path(filename)
        notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))  # grading wrote it: it needs no validation again
        resources = {**(resources or {}), "metadata": {"path": str(path.parent), "name": path.stem}}
        return self.from_notebook_node(notebook, resources, **kwargs)

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **_: Any
    ) -> tuple[str, dict[str, Any]]:
        """Make the page of a notebook whose folder is `resources["metadata"]["path"]`."""
        resources = self._init_resources(resources)
        names = resources["nbgrader"]
        verdict = read_verdict(Path(resources["metadata"]["path"]))
        marks = self._marks_of_class(names["db_url"], names["assignment"]).get(names["student"])
        return self.render(nb, verdict, marks), resources

    def render(self, notebook: NotebookNode, verdict: Verdict, marks: Marks | None) -> str:
        """Return the page as HTML."""
        template, say = self._compiled
        return template.render(page=build_page(notebook, verdict, marks), say=say).lstrip() + "\n"

    def _marks_of_class(self, db_url: str, assignment: str) -> dict[str, Marks]:
        key = (db_url, assignment)
        if key not in self._marks:
            self._marks[key] = marks_of(db_url, assignment)
        return self._marks[key]


def read_verdict(folder: Path) -> Verdict:
    """Return the verdict that grading left in `folder`. Raises NoVerdict where there is none that can be read."""
    try:
        return Verdict.from_json((folder / "verdict.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoVerdict(f"{folder} holds no verdict.json. Grade it first: make grade") from None
    except (ValueError, KeyError, TypeError) as error:
        raise NoVerdict(f"{folder / 'verdict.json'} cannot be read ({error}). Grade it again: make grade") from error


def spans(text: str) -> Markup:
    """A sentence with what stands in `backquotes` set as code; everything is escaped first."""
    plain = str(escape(text))  # a plain str: putting a Markup together would escape the tags, too
    return Markup(_SPAN.sub(r"<code>\1</code>", plain))  # noqa: S704  (escaped in the line above)


_SPAN = re.compile(r"`([^`\n]+)`")


def points(value: float) -> str:
    """Points without superfluous digits: 3, 2.5."""
    return f"{value:.4g}"
