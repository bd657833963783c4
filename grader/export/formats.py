"""What can be exported, by name: apart from the code that does it, so that the command line starts fast."""

from enum import StrEnum


class Format(StrEnum):
    """The files there are."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    CASES = "cases"


VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")  # of a test, in Gradescope's words
