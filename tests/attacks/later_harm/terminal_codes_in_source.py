"""Write codes that terminals obey into the cells themselves. Success: they reach a terminal or a page."""


def make(notebook, folder):
    from grader.redteam import code_cell

    codes = "\x1b]0;pwned\x07\x1b[2J\x9b31m\x08\u202e"
    notebook["cells"] += [code_cell(f"# {codes}\nprint('{codes}')"), {"cell_type": "markdown", "source": codes, "metadata": {}}]
    return notebook
