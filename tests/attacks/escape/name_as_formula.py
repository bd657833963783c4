"""Be called by a formula. Success: a spreadsheet runs it, however it splits the line."""

STUDENT = '=HYPERLINK("http:evil.example","click");=1+1'


def make(notebook, folder):
    return notebook
