"""nbgrader's own code, started with the project's configuration on one class."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from .course import Course, CourseError

if TYPE_CHECKING:
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config


# nbgrader fills in a new submission's rows while SQLAlchemy looks on; that is harmless, and nothing a user can act on
warnings.filterwarnings("ignore", message="Object of type .* not in session")


def nbgrader_config(course: Course) -> Config:
    """What nbgrader_config.py says, pointed at the folders of `course`. Raises CourseError where there is none."""
    if not (course.root / "nbgrader_config.py").is_file():
        raise CourseError(f"{course.root / 'nbgrader_config.py'} is missing. Put back the one the kit came with.")
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    directory = config.CourseDirectory
    directory.root = str(course.root)
    for step in ("submitted", "autograded", "feedback"):
        directory[f"{step}_directory"] = str(getattr(course, step).relative_to(course.root))
    directory.db_url = course.db_url
    return config


def nbgrader_api(course: Course) -> NbGraderAPI:
    """Return nbgrader's Python API on this course."""
    import logging

    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    config = nbgrader_config(course)
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)
