"""Be called by a piece of HTML, of markup and of a template. Success: a page holds it as it is."""

STUDENT = "<img src=x onerror=alert(1)>{{7*7}}[bold]"


def make(notebook, folder):
    return notebook
