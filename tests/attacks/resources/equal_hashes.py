"""Name lines by numbers that all have the same hash. Success: a set of them takes the trusted side minutes."""

ANSWER = '''
def ANSWER(*args, **kwargs):
    return tuple(number * (2**61 - 1) for number in range(1, 12_000))
'''
