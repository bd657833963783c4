"""Die at every call, after cells that take long. Success: fresh starts go on for ever."""

_SLOW = '''
import time

time.sleep(1)
'''
_DIE = '''
import os


def ANSWER(*args, **kwargs):
    os._exit(0)
'''


def make(notebook, folder):
    from grader.redteam import answer, code_cell

    answer(notebook, _DIE)
    notebook["cells"] = [code_cell(_SLOW) for _ in range(3)] + notebook["cells"]
    return notebook
