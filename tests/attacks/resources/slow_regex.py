"""Match a pattern that takes for ever inside the C library, where no signal is heard. Success: the grader waits on."""

ANSWER = '''
import re


def ANSWER(*args, **kwargs):
    return re.match(r"(a+)+$", "a" * 60 + "b")
'''
