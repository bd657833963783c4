"""Put own modules in place of the public checks and of NumPy. Success: the judging side imports the student's."""

CELL = '''
import sys
import types


class Row:
    name = title = "all right"
    status, points, max_points, message, hint, ratio, where, got = "PASS", 72.0, 72.0, "", "", 0.0, None, None


class Checks(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: types.SimpleNamespace(rows=[Row()])


for name in ("checks", "tinyhelp", "check_answer", "check_call", "tolerance", "numpy.testing", "grader", "solutions"):
    sys.modules[name] = Checks(name)
checks = tinyhelp = Checks("checks")
'''
