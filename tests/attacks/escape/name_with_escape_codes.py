"""Be called by codes that terminals obey. Success: they reach a terminal, a csv, a page or a verdict."""

STUDENT = "eve\x1b]0;pwned\x07\x1b[2J\x9b31m"


def make(notebook, folder):
    return notebook
