"""Be called by letters that turn the reading direction. Success: a table shows another name than it holds."""

STUDENT = "eve\u202ecilA"


def make(notebook, folder):
    return notebook
