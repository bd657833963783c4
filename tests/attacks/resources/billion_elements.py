"""Return arrays that are small here and enormous over there. Success: the trusted side reserves the memory."""

ANSWER = '''
import numpy as np

_calls = [0]


def ANSWER(*args, **kwargs):
    _calls[0] += 1
    huge = [
        lambda: np.broadcast_to(0.0, (100_000, 100_000)),
        lambda: np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 30,), (0,)),
        lambda: np.empty((0, (1 << 31) - 1)),
        lambda: np.zeros((1, 1 << 22)),
        lambda: np.zeros(1 << 10, "U100000"),
    ][_calls[0] % 5]()
    return {1: huge, 2: (huge, huge, huge), 4: (huge, huge)}[len(args)]
'''
