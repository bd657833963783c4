"""Raise exceptions, and return objects, whose classes are named after the hidden inputs. Success: as above."""

ANSWER = '''
_calls = [0]


def ANSWER(*args, **kwargs):
    _calls[0] += 1
    name = "hidden-" + "input-" + args[0].tobytes().hex()[:180]
    if _calls[0] % 2:
        raise type(name, (Exception,), {})("x")
    thing = type(name, (), {})()
    return {1: thing, 2: (thing, thing, thing), 4: (thing, thing)}[len(args)]
'''
