"""Nest expressions and blocks as deeply as the grammar allows. Success: what reads the code runs out of its stack."""


def make(notebook, folder):
    from grader.redteam import answer, code_cell

    answer(notebook, "def ANSWER(*args):\n    return " + "-" * 20_000 + "1")
    cells = ["a" + ".a" * 20_000, "a" + "()" * 20_000, "1+" * 20_000 + "1", "(" * 190 + ")" * 190, "lambda:" * 5_000 + "1", "if 1: pass\n" + "elif 1: pass\n" * 5_000]
    cells.append("".join(" " * depth + "if 1:\n" for depth in range(95)) + " " * 95 + "pass")
    notebook["cells"] += [code_cell(text) for text in cells]
    return notebook
