"""Return millions of small values. Success: the trusted side grows with them, or is busy for long."""

ANSWER = '''
def ANSWER(*args, **kwargs):
    return [[i, str(i), {i: (i,)}] for i in range(1_000_000)]
'''
