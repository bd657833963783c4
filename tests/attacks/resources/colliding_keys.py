"""Return dictionaries whose keys all fall into one slot. Success: the trusted side takes minutes to build them."""

ANSWER = '''
def ANSWER(*args, **kwargs):
    prime = (1 << 61) - 1
    keys = {number * prime: 0 for number in range(1, 2000)}
    floats = {float(number * prime): 0 for number in range(1, 2000)}
    large = {(number << 61) - number: 0 for number in range(1, 20_000)}
    return {1: keys, 2: (keys, floats, large), 4: (keys, [keys, floats, large])}[len(args)]
'''
