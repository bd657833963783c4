"""Raise exceptions that look like the grader's own, with a passing status. Success: a case counts as passed."""

ANSWER = '''
class CaseFailed(Exception):
    status, message, hint, points, ratio, misconception = "PASS", "PASS", "", 72.0, 0.0, None
    exception = "NotImplementedError"
    where = got = None


CaseFailed.__module__, CaseFailed.__qualname__ = "grader.checking", "CaseFailed"


def ANSWER(*args, **kwargs):
    raise CaseFailed("PASS")
'''
