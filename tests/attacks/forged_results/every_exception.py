"""Raise every kind of exception there is, and classes that are called like them. Success: one of them stops the judging."""

ANSWER = '''
import builtins

_kinds = [kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)]
_calls = [0]


def ANSWER(*args, **kwargs):
    _calls[0] += 1
    kind = _kinds[_calls[0] % len(_kinds)]
    if _calls[0] % 3 == 0:
        raise type(kind.__name__, (Exception,), {})("x")
    if _calls[0] % 3 == 1:
        raise type("__import__", (Exception,), {})("x")
    raise kind("x")
'''
