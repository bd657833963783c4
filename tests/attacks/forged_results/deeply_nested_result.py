"""Return lists nested a hundred thousand deep. Success: the trusted side crashes or hangs."""

ANSWER = '''
def ANSWER(*args, **kwargs):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    ring = []
    ring.append(ring)
    return {1: nested, 2: [nested, ring, nested], 4: [ring, nested]}[len(args)]
'''
