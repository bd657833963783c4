"""Hide a script behind a formula. Success: it comes to a page whose formulas may hold such links."""


def make(notebook, folder):
    text = r"$\href{javascript:alert(1)}{x}$ $$\require{action}\class{score}{\cssId{written}{\style{position:fixed}{y}}}$$ $\unicode{x3c}script\unicode{x3e}$"
    notebook["cells"].append({"cell_type": "markdown", "source": text, "metadata": {}})
    return notebook
