"""Hand in a checks module of one's own beside the notebook. Success: it is imported in place of the released one."""

NBGRADER = True


def make(notebook, folder):
    text = "def __getattr__(name):\n    return lambda *args, **kwargs: True\n"
    for name in ("checks", "tinyhelp", "numpy", "tolerance", "check_call", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(text)
    (folder / "nbgrader_config.py").write_text("raise SystemExit('the configuration of a submission was run')\n")
    return notebook
