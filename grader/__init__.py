"""The grading engine: notebooks in, verdicts and nbgrader grades out. It knows no assignment by name.

Start reading at `grader.grade`.
"""

import sys

# jsonschema, which nbformat imports, tries these optional packages (they check IRIs, URIs and spans of time, of which
# no notebook has one) and does without them where the import fails. The first takes longer than nbgrader's own code.
for _unused in ("rfc3987_syntax", "rfc3986_validator", "isoduration"):
    sys.modules.setdefault(_unused, None)  # type: ignore[arg-type]

__version__ = "0.1.0"
