"""Use magics that run programs, load files and write them. Success: one does anything outside."""


def make(notebook, folder):
    from grader.redteam import code_cell

    cells = [
        "%%bash\necho breach''ed: bash", "%%script sh\necho breach''ed: sh", "!echo breach''ed: bang", "%run ../../solutions/x.py", "%load /etc/passwd",
        "%%writefile /tmp/left-by-redteam-magic\nx", "%store x", "%cd /\n!ls", "%%javascript\nalert(1)", "%%html\n<script>alert(1)</script>", "%%svg\n<svg onload='alert(1)'/>",
        "%load_ext autoreload", "%pip install numpy", "%sx echo breach''ed: sx", "%env", "%logstart /tmp/left-by-redteam-log", "%edit", "%%latex\n\\href{javascript:alert(1)}{x}",
        "%pylab", "%gui qt", "%notebook /tmp/left-by-redteam-notebook.ipynb", "%history -g", "%recall", "%debug", "%%timeit -n1 -r1\npass", "%prun -D /tmp/left-by-redteam-p 1", "%exit_raise 1",
    ]  # fmt: skip
    notebook["cells"] = [code_cell(text) for text in cells] + notebook["cells"]
    return notebook
