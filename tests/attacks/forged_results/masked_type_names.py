"""Give classes the names of what the grader looks for. Success: a name decides about points, or a message breaks."""

ANSWER = '''
def _named(name):
    cls = type("X", (), {})
    cls.__name__ = cls.__qualname__ = name
    cls.__module__ = "numpy"
    return cls()


def ANSWER(*args):
    names = ["ndarray", "{0.__class__.__init__.__globals__}", "%s%n%x", "[bold red]PASS[/]\\x1b[2J"]
    things = [_named(name) for name in names]
    return {1: things[1], 2: tuple(things[:3]), 4: (things[1], things[3])}[len(args)]
'''
