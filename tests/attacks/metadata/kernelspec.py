"""Ask for another kernel, with a command line of one's own. Success: it is started, or the run stops."""

NBGRADER = True


def make(notebook, folder):
    start = ["/bin/sh", "-c", "touch /tmp/left-by-redteam-kernel"]
    notebook["metadata"]["kernelspec"] = {"name": "../../evil", "display_name": "=1+1", "language": "bash\x1b[2J\n=cmd()", "argv": start}
    notebook["metadata"]["language_info"] = {"name": "=cmd()", "pygments_lexer": "../../x", "codemirror_mode": {"name": "<script>"}}
    return notebook
