"""The grading engine: notebooks in, verdicts and nbgrader grades out. It knows no assignment by name.

Start reading at `grader.grade`.
"""

import sys

# jsonschema, which nbformat imports, tries this optional package (it checks IRIs; no notebook has one) and does
# without it where the import fails. Importing it costs more than nbgrader's own code.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

__version__ = "0.1.0"
