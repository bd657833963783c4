"""What runs inside Gradescope's container for one submission: `python -m grader.gradescope_run FOLDER`.

FOLDER holds source/ (the unpacked zip), submission/ and results/. A fault of ours writes no results and exits non-zero,
so that Gradescope reports a failed autograder and not a score of zero.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

from .course import find_course
from .export.gradescope import SETTINGS
from .files import write_whole
from .grade import GradedSubmission, Workbench, grade_submission
from .messages import say, speaking
from .sandbox.errors import SandboxUnavailable
from .sandbox.layers import ALL, Layers
from .submitted import read_submission
from .verdict import CaseResult, Status
from .workbench import open_workbench

EXIT_SANDBOX = 3


def main(folder: Path) -> int:
    """Grade the submission below `folder` and write results/results.json. Returns the exit code."""
    settings = json.loads((folder / "source" / SETTINGS).read_text(encoding="utf-8"))
    layers = Layers.none() if settings["no_sandbox"] else ALL
    try:
        return grade_into(folder, settings, layers)
    except SandboxUnavailable as error:
        print(f"Grading refused: {error}\nNo score was written.", file=sys.stderr)
        return EXIT_SANDBOX


def grade_into(folder: Path, settings: dict[str, Any], layers: Layers) -> int:
    """Grade and write the results. Raises SandboxUnavailable where this container does not allow the sandbox."""
    assignment = settings["assignment"]
    submission = read_submission(folder / "submission", assignment, student_of(folder))
    with open_workbench(find_course(folder / "source"), assignment, secrets.token_hex(16), layers=layers) as workbench:
        graded = grade_submission(workbench, submission)
        print(f"salt {graded.verdict.salt}, sandbox: {graded.verdict.sandbox}")  # instructors see what is printed
        if graded.verdict.infra:
            print("The grader failed. No score was written.", file=sys.stderr)
            return 1
        results = results_of(workbench, graded, settings["hidden"])
    (folder / "results").mkdir(exist_ok=True)
    write_whole(folder / "results" / "results.json", json.dumps(results, ensure_ascii=False, indent=1))
    return 0


def student_of(folder: Path) -> str:
    """The student's id in Gradescope's metadata, "student" where there is none."""
    try:
        metadata = json.loads((folder / "submission_metadata.json").read_text(encoding="utf-8"))
        return str(metadata["users"][0]["id"])
    except (OSError, ValueError, LookupError, TypeError):
        return "student"


def results_of(workbench: Workbench, graded: GradedSubmission, hidden: str) -> dict[str, Any]:
    """The content of results.json. Checks that are in the notebook are visible, those from secret cases `hidden`."""
    verdict = graded.verdict
    with speaking(workbench.release.language):
        output = _output(graded)
    return {
        "score": verdict.points,
        "execution_time": round(verdict.seconds.get("total", 0.0), 3),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "output_format": "text",
        "output": output,
        "tests": [
            _test(number, case, hidden if case.cell in workbench.cases else "visible")
            for number, case in enumerate(verdict.cases, start=1)
        ],
    }


def _output(graded: GradedSubmission) -> str:
    lines = [graded.verdict.problem] if graded.verdict.problem else []
    lines += graded.verdict.hindrances.values()
    lines += [say("gradescope.repaired", line=line) for line in graded.verdict.repairs]
    return "\n".join([*lines, say("gradescope.written")])


def _test(number: int, case: CaseResult, visibility: str) -> dict[str, Any]:
    text = [case.status.value.replace("_", " "), case.message, case.hint]
    return {
        "number": str(number),
        "name": case.title,
        "score": case.points,
        "max_score": case.max_points,
        "status": "passed" if case.status is Status.PASS else "failed",
        "output": "\n".join(part for part in text if part),
        "output_format": "text",
        "visibility": visibility,
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
