"""Be called by a name of several lines. Success: a table, a log or a csv gets a line that nobody earned."""

STUDENT = "a\n=1+1,72,72\nb"


def make(notebook, folder):
    return notebook
