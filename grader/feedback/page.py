"""The content of one student's page, without any HTML around it: `build_page` is a pure function."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup
from nbformat import NotebookNode

from ..marks import Marks
from ..release import is_solution, is_test, nbgrader_metadata
from ..verdict import CaseResult, Status, Verdict
from .code import Line, highlighted, lines_quoted, lines_that_set, name_in_question
from .drawing import Drawing, drawn
from .notebook import (
    MAX_OUTPUTS,
    Output,
    comment_html,
    grade_id_of,
    question_headings,
    section_headings,
    shown_outputs,
    title_of,
    written_html,
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of the student's code that a result is about. `name` is what they set, "" for where the code stopped."""

    name: str
    code: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Cases of a section that did not pass and lead to one question, with the lines of code they are about."""

    hint: str
    cases: tuple[CaseResult, ...]
    map_of: CaseResult | None  # the first of them that has a map of errors
    excerpts: tuple[Excerpt, ...]
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """The student's code of one answer cell; `marked` are the line numbers that findings point at."""

    name: str
    lines: tuple[Line, ...]
    marked: frozenset[int]
    comment: Markup
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A written answer with what the marker gave and said; `score` is None until it is marked.

    `heading` is that of the question, "" where the section has no headings of its own.
    """

    name: str
    heading: str
    html: Markup
    empty: bool
    score: float | None
    max_score: float
    comment: Markup


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the notebook, points after manual marking, without the late penalty."""

    heading: str
    anchor: str
    points: float
    max_points: float
    to_mark: float
    by_hand: bool
    findings: tuple[Finding, ...]
    passed: tuple[CaseResult, ...]
    code: tuple[Code, ...]
    written: tuple[Written, ...]
    outputs: tuple[Output, ...]
    drawings: tuple[Drawing, ...]
    hindrances: dict[str, str]  # what keeps answers of the section from running, by grade_id

    @property
    def graded(self) -> bool:
        return self.max_points > 0

    @property
    def notices(self) -> list[str]:
        """What keeps answers from running, where no finding says it."""
        said = {case.message for finding in self.findings for case in finding.cases}
        return [reason for reason in self.hindrances.values() if reason not in said]

    @property
    def shown(self) -> bool:
        return bool(self.graded or self.code or self.outputs)

    @property
    def checks(self) -> int:
        return len(self.passed) + sum(len(finding.cases) for finding in self.findings)

    @property
    def number(self) -> str:
        """'3 · Test mode' -> '3'."""
        return self.heading.split(maxsplit=1)[0] if self.heading else ""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything one student's page shows."""

    title: str
    student: str
    verdict: Verdict
    marks: Marks | None
    sections: tuple[Section, ...] = field(default=())

    @property
    def score(self) -> float:
        return self.marks.score if self.marks else self.verdict.points

    @property
    def max_score(self) -> float:
        return self.marks.out_of(self.verdict.bonus) if self.marks else self.verdict.max_points

    @property
    def bonus(self) -> float:
        """Points among the score that are a bonus."""
        if self.marks is None:
            return self.verdict.bonus_points
        return math.fsum(mark.score for name, mark in self.marks.cells.items() if name in self.verdict.bonus)

    @property
    def readable(self) -> bool:
        """False where there is nothing to say about single answers: no notebook, or a fault of the grader."""
        return not self.verdict.problem and not self.verdict.infra

    @property
    def first(self) -> tuple[Section, Finding] | None:
        """What to look at first: a wrong result before what could not be reached, in the order of the notebook.

        Within a section, a result whose mistake is known by name comes first: its question leads there.
        """
        for wanted in (_IS_WRONG, {Status.NOT_ATTEMPTED}, set(Status)):
            for section in self.sections:
                there = [one for one in section.findings if any(case.status in wanted for case in one.cases)]
                if there:
                    return section, next(filter(_is_diagnosed, there), there[0])
        return None

    @property
    def hindered(self) -> tuple[Section, str] | None:
        """An answer that cannot run, where that costs points: it comes before every result."""
        tested = {name for section in self.sections for finding in section.findings for name in finding.functions}
        for section in self.sections:
            for name, reason in section.hindrances.items():
                if name in tested:
                    return section, reason
        return None

    @property
    def to_mark(self) -> int:
        """Written answers that nobody has marked yet."""
        return sum(answer.score is None for section in self.sections for answer in section.written)


_IS_WRONG = {Status.FAIL, Status.ERROR, Status.TIMEOUT}


def _is_diagnosed(finding: Finding) -> bool:
    return any(case.misconception for case in finding.cases)


def build_page(notebook: NotebookNode, verdict: Verdict, marks: Marks | None) -> Page:
    """Gather a student's page. `marks` is None where the gradebook holds nothing, as for a fault of the grader."""
    placed = section_headings(notebook)
    answers = {grade_id_of(cell): cell for _, cell in placed if cell.cell_type == "code" and is_solution(cell)}
    readable = not verdict.problem and not verdict.infra
    headings = dict.fromkeys(heading for heading, _ in placed)
    marked: dict[str, set[int]] = {name: set() for name in answers}
    tested = {heading: _functions_named(cells_of(placed, heading), answers) for heading in headings}
    findings = {
        heading: _findings(verdict, cells_of(placed, heading), tested[heading], answers, marked) if readable else ()
        for heading in headings
    }
    sections = tuple(
        _section(heading, number, cells_of(placed, heading), verdict, marks, findings[heading], marked)
        for number, heading in enumerate(headings)
    )
    return Page(title_of(notebook, verdict.assignment), verdict.student, verdict, marks, _bounded(sections))


def cells_of(placed: Sequence[tuple[str, NotebookNode]], heading: str) -> list[NotebookNode]:
    return [cell for above, cell in placed if above == heading]


def _functions_named(cells: Iterable[NotebookNode], answers: dict[str, NotebookNode]) -> tuple[str, ...]:
    """The answers that the test cells of a section speak of, in the order of the notebook."""
    words = {word for cell in cells if is_test(cell) for word in re.findall(r"\w+", cell.source)}
    return tuple(name for name in answers if name in words)


def _findings(
    verdict: Verdict,
    cells: list[NotebookNode],
    functions: tuple[str, ...],
    answers: dict[str, NotebookNode],
    marked: dict[str, set[int]],
) -> tuple[Finding, ...]:
    """Group what did not pass by the question it leads to; note the lines concerned in `marked`."""
    groups: dict[tuple[str, str], list[CaseResult]] = {}
    for cell in cells:
        for case in verdict.of_cell(grade_id_of(cell)) if is_test(cell) else ():
            if case.status is not Status.PASS:
                shown = case if case.cell in verdict.public else with_fewer_digits(case)
                groups.setdefault((case.hint, "" if case.hint else case.message), []).append(shown)
    return tuple(
        Finding(
            hint=hint,
            cases=tuple(cases),
            map_of=next((case for case in cases if case.errors), None),
            excerpts=_excerpts(cases, functions, answers, marked),
            functions=functions,
        )
        for (hint, _), cases in groups.items()
    )


def with_fewer_digits(case: CaseResult) -> CaseResult:
    """The student's value at four digits: enough to find it, too few to work back to a hidden input or answer.

    A public check is told as it is: its input and expected value are in the hands of every student.
    """
    try:
        short = f"{float(case.got or ''):.4g}"
    except ValueError:
        return case
    return dataclasses.replace(case, got=short, message=case.message.replace(case.got, short))


def _excerpts(
    cases: Sequence[CaseResult],
    functions: tuple[str, ...],
    answers: dict[str, NotebookNode],
    marked: dict[str, set[int]],
) -> tuple[Excerpt, ...]:
    """The lines that the cases of a finding are about, each (name, function) once."""
    found: dict[tuple[str, str], Excerpt] = {}
    for case in cases:
        if case.status not in _IS_WRONG:
            continue
        name = name_in_question(case.where, case.message)
        for function in functions:
            source = answers[function].source
            numbers = lines_quoted(case.message, source)
            about = "" if numbers else name
            numbers = numbers or (lines_that_set(name, source) if name else [])
            if numbers:
                marked[function].update(numbers)
                lines = tuple(line for line in highlighted(source) if line.number in numbers)
                found.setdefault((about, function), Excerpt(about, function, lines))
    return tuple(found.values())


def _section(
    heading: str,
    number: int,
    cells: list[NotebookNode],
    verdict: Verdict,
    marks: Marks | None,
    findings: tuple[Finding, ...],
    marked: dict[str, set[int]],
) -> Section:
    points, most, to_mark, by_hand = _points(cells, verdict, marks)
    cases = [case for cell in cells if is_test(cell) for case in verdict.of_cell(grade_id_of(cell))]
    answers = [cell for cell in cells if is_solution(cell)]
    questions = question_headings(cells)
    return Section(
        heading=heading,
        anchor=f"section-{number}",
        points=points,
        max_points=most,
        to_mark=to_mark,
        by_hand=by_hand,
        findings=findings,
        passed=tuple(case for case in cases if case.status is Status.PASS),
        code=tuple(_code(cell, marks, marked) for cell in answers if cell.cell_type == "code"),
        written=tuple(
            _written(cell, questions[grade_id_of(cell)], marks) for cell in answers if cell.cell_type == "markdown"
        ),
        outputs=tuple(output for cell in cells for output in shown_outputs(cell)),
        drawings=tuple(drawn(plot) for plot in verdict.plots if plot.cell in map(grade_id_of, cells)),
        hindrances={name: verdict.hindrances[name] for name in map(grade_id_of, answers) if name in verdict.hindrances},
    )


def _points(cells: Iterable[NotebookNode], verdict: Verdict, marks: Marks | None) -> tuple[float, float, float, bool]:
    """(points, most, points still to be marked, whether a person changed an automatic score) of a section's cells."""
    got, most, to_mark, by_hand = [], [], [], False
    for cell in cells:
        if not nbgrader_metadata(cell).get("grade"):
            continue
        grade_id = grade_id_of(cell)
        mark = marks.cells.get(grade_id) if marks else None
        if mark is None:
            cases = verdict.of_cell(grade_id)
            got.append(math.fsum(case.points for case in cases))
            most.append(float(nbgrader_metadata(cell).get("points", 0)))
            to_mark.append(most[-1] if not is_test(cell) else 0.0)
        else:
            got.append(mark.score)
            most.append(mark.max_score)
            to_mark.append(mark.max_score if mark.waiting else 0.0)
            by_hand = by_hand or (is_test(cell) and mark.manual_score is not None)
    return math.fsum(got), math.fsum(most), math.fsum(to_mark), by_hand


def _code(cell: NotebookNode, marks: Marks | None, marked: dict[str, set[int]]) -> Code:
    name = grade_id_of(cell)
    comment = marks.comments.get(name, "") if marks else ""
    unchanged = comment == NO_RESPONSE
    return Code(
        name=name,
        lines=highlighted(cell.source),
        marked=frozenset(marked.get(name, ())),
        comment=Markup() if unchanged else comment_html(comment),
        unchanged=unchanged,
    )


NO_RESPONSE = "No response."  # what nbgrader writes where a solution cell is as released


def _written(cell: NotebookNode, heading: str, marks: Marks | None) -> Written:
    name = grade_id_of(cell)
    mark = marks.cells.get(name) if marks else None
    comment = marks.comments.get(name, "") if marks else ""
    empty = comment == NO_RESPONSE or not cell.source.strip()
    waiting = mark is None or mark.waiting
    return Written(
        name=name,
        heading=heading,
        html=Markup() if empty else written_html(cell),
        empty=empty,
        score=None if waiting else mark.score,
        max_score=mark.max_score if mark else float(nbgrader_metadata(cell).get("points", 0)),
        comment=Markup() if comment == NO_RESPONSE else comment_html(comment),
    )


def _bounded(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Keep the page small whatever a notebook printed: text outputs beyond the first few dozen are left out."""
    left = MAX_OUTPUTS
    kept = []
    for section in sections:
        outputs = section.outputs[: max(left, 0)]
        left -= len(outputs)
        kept.append(dataclasses.replace(section, outputs=outputs))
    return tuple(kept)
