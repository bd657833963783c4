"""Compute and return integers of millions of digits. Success: the trusted side spends its time on them."""

ANSWER = '''
_calls = [0]


def ANSWER(*args, **kwargs):
    _calls[0] += 1
    if _calls[0] % 2:
        return 9**9**9
    large = 1 << 65_000
    return {1: large, 2: (large, large, large), 4: (large, {large: large})}[len(args)]
'''
