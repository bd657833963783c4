"""Write scripts into raw cells, which converters pass on as they are. Success: they are active on a page."""


def make(notebook, folder):
    for kind in ("text/html", "text/markdown", "", "text/restructuredtext", "application/javascript"):
        source = "<script>alert(1)</script><img src=x onerror=alert(1)><style>body{display:none}</style>"
        notebook["cells"].append({"cell_type": "raw", "source": source, "metadata": {"raw_mimetype": kind, "format": kind}})
    return notebook
