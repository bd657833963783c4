"""Hand in a link to another student's folder, or to the solutions. Success: what it leads to is graded, copied or shown."""

NBGRADER = True


def make(notebook, folder):
    folder.rmdir()
    (folder.parents[3] / "solutions" / folder.name / f"{folder.name}.ipynb").write_text((folder.parents[3] / "solutions" / folder.name / "secret.ipynb").read_text())
    folder.symlink_to(f"../../../../solutions/{folder.name}")
