"""The grading engine: notebooks in, verdicts and nbgrader grades out. It knows no assignment by name.

Start reading at `grader.grade`.
"""
