"""The late policy of grader.late as nbgrader's plugin, so that nbgrader's own autograde takes the same points off."""

from __future__ import annotations

from nbgrader.plugins import BasePlugin
from traitlets import Float

from .late import LARGEST, LatePolicy, late_penalty

_DEFAULT = LatePolicy()


class LateDays(BasePlugin):
    """A share of the score for each day begun after the due date and the student's extension."""

    grace_minutes = Float(
        _DEFAULT.grace_minutes, min=0, max=LARGEST["grace_minutes"], help="Minutes that are not counted as late."
    ).tag(config=True)
    share_per_day = Float(
        _DEFAULT.share_per_day, min=0, max=LARGEST["share_per_day"], help="Share of the score for each day begun."
    ).tag(config=True)
    most = Float(_DEFAULT.most, min=0, max=LARGEST["most"], help="The largest share that is taken off.").tag(
        config=True
    )

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Points to take off; nbgrader calls this for submissions that are late."""
        policy = LatePolicy(self.grace_minutes, self.share_per_day, self.most)
        return late_penalty(score, total_seconds_late, policy)
