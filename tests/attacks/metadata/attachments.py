"""Attach what is no picture, with broken text in it, to cells of every type. Success: it is passed on, or a run stops."""

NBGRADER = True


def make(notebook, folder):
    script = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
    bundle = {"image/svg+xml": script, "text/html": script, "image/png": script, "application/javascript": "alert(1)"}
    attached = {"a.svg": bundle, "\"><script>alert(1)</script>": bundle, "\ud800": {"image/png": "\ud800", "\udfff": "x"}}
    for kind in ("markdown", "raw", "code"):
        cell = {"cell_type": kind, "source": "![a](attachment:a.svg) ![b](attachment:gone.png)", "metadata": {}, "attachments": attached}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        notebook["cells"].append(cell)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["attachments"] = attached
    return notebook
