"""nbgrader's configuration: the same folders, gradebook and grades as `make grade`.

`nbgrader autograde` and the formgrader's Autograde button read a submission through our exporter, which grades it in
the sandbox and hands nbgrader a notebook whose test cells already hold their results.
"""

import os
import sys
from pathlib import Path

root = Path(__file__).resolve().parent
sys.path.insert(0, str(root))
# nbgrader starts `alembic` by name when it makes a gradebook; it lies beside this Python, activated or not
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

from grader.course import active_course  # noqa: E402  (the path has to be set first)

course = active_course(root)
c = get_config()  # noqa: F821  (nbgrader calls this file with get_config defined)

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "course"
c.CourseDirectory.source_directory = str(course.sources.relative_to(root))
c.CourseDirectory.release_directory = str(course.release.relative_to(root))
c.CourseDirectory.submitted_directory = str(course.submitted.relative_to(root))
c.CourseDirectory.autograded_directory = str(course.autograded.relative_to(root))
c.CourseDirectory.feedback_directory = str(course.feedback.relative_to(root))
c.CourseDirectory.db_url = course.db_url

# The source notebook holds stubs and no solution, so nbgrader's list stands here without ClearSolutions, which would
# replace every stub with its own. A forgotten BEGIN SOLUTION is refused by the check that follows each release.
c.GenerateAssignment.preprocessors = [
    f"nbgrader.preprocessors.{name}"
    for name in (
        "IncludeHeaderFooter",
        "InstantiateTests",
        "LockCells",
        "ClearOutput",
        "CheckCellMetadata",
        "ComputeChecksums",
        "SaveCells",
        "ClearHiddenTests",
        "ClearMarkScheme",
        "ComputeChecksums",
        "CheckCellMetadata",
    )
]

c.Autograde.exporter_class = "grader.plugin.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["nbgrader.preprocessors.CheckCellMetadata"]
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# what students wrote in Markdown runs no script on the page where it is marked (formgrader, nbgrader's feedback)
c.HTMLExporter.filters = {"markdown2html": "grader.markup.markdown2html"}

# where `nbgrader export` writes unless --to says otherwise: names and grades belong into course/, which git ignores
c.ExportPlugin.to = str(course.data / "nbgrader-grades.csv")

# one page per student, the same as `grader feedback` writes; nbgrader copies other files along, and a verdict names
# the salt
c.GenerateFeedback.exporter_class = "grader.feedback.exporter.FeedbackExporter"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "verdict.json", "translations"]

# Late submissions and students to leave out, as docs/late.md explains; take the "# " away in front of what you want.
# c.AssignLatePenalties.plugin_class = "grader.late_plugin.LateDays"
# c.LateDays.share_per_day = 0.1  # of the score, for each day begun
# c.LateDays.grace_minutes = 15  # not counted as late
# c.LateDays.most = 0.5  # of the score, however late
# c.CourseDirectory.student_id_exclude = "s01,s02"  # without spaces
