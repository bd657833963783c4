"""Write a number of twenty thousand digits into an answer. Success: what reads the code cannot say it, and a page stops."""


def make(notebook, folder):
    from grader.redteam import answer

    answer(notebook, f"def ANSWER(*args):\n    return 0x{'f' * 20_000} + {'9' * 4_000} + 1e{'9' * 400}")
    return notebook
