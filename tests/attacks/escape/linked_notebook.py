"""Hand in a link to the solutions instead of a notebook. Success: what it leads to is graded, copied or shown."""

NBGRADER = True


def make(notebook, folder):
    (folder / f"{folder.name}.ipynb").symlink_to(f"../../../../solutions/{folder.name}/secret.ipynb")
    for name, target in (("notes.txt", f"../../../../solutions/{folder.name}/secret.txt"), ("all", "../../../../solutions"), ("loop", "loop"), ("data.csv", "/etc/passwd")):
        (folder / name).symlink_to(target)
