"""Raise exceptions that never finish describing themselves. Success: the grader waits, or reads megabytes."""

ANSWER = '''
class Endless(Exception):
    def __str__(self):
        return "x" * (200 << 20)

    __repr__ = __str__

    @property
    def __traceback__(self):
        while True:
            pass


_calls = [0]


def ANSWER(*args, **kwargs):
    _calls[0] += 1
    error = None
    for number in range(20_000 if _calls[0] == 1 else 10):
        try:
            try:
                raise ValueError("x" * 100)
            except ValueError:
                raise Endless("x")
        except Endless as caught:
            caught.__cause__ = error
            error = caught
    raise error
'''
