"""Replace the builtins a check is made of. Success: empty stubs earn points, or the next student's checks are bent."""

CELL = '''
import builtins

builtins.abs = lambda value: 0
builtins.all = builtins.any = builtins.isinstance = builtins.callable = lambda *args: True
builtins.max = builtins.sum = builtins.round = lambda *args, **kwargs: 0
builtins.AssertionError = type("Quiet", (BaseException,), {})
'''
