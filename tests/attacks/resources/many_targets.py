"""Give a value to twenty thousand names in one statement of twenty thousand lines. Success: what notes their lines, product of both, fills the memory."""


def make(notebook, folder):
    from grader.redteam import answer

    answer(notebook, "".join(f"a{number}=" for number in range(10_000)) + "(" + "\n" * 10_000 + "1)\ndef ANSWER(*args):\n    return a1")
    return notebook
