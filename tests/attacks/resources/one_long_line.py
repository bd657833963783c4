"""Write a hundred thousand statements in one line. Success: what reads the code takes minutes, or gigabytes."""


def make(notebook, folder):
    from grader.redteam import answer

    answer(notebook, "def ANSWER(*args):\n    " + "a=1;" * 150_000)
    return notebook
