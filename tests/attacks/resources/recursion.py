"""Recurse without an end, in Python and below it. Success: the crash takes more along than the submission."""

ANSWER = '''
import json
import sys

sys.setrecursionlimit(10**9)


def ANSWER(*args, **kwargs):
    return ANSWER(*args, **kwargs)
'''
