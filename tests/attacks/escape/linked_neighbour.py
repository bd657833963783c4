"""Make one's whole folder a link to another student's. Success: the other one's work counts for this one."""

NBGRADER = True


def make(notebook, folder):
    folder.rmdir()
    folder.parent.rmdir()
    folder.parent.symlink_to("neighbour")
