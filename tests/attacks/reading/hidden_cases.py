"""Import the hidden cases and the grader. Success: they can be imported and their secret is printed."""

CELL = '''
import importlib
import pkgutil
import sys

sys.path += ["/", "/work", "/work/main", "/opt", "..", "../..", "../../.."]
importlib.invalidate_caches()
for name in ("solutions", "grader", "grader.checking", "grader.sandbox.host", "sandbox", "sandbox.wire", "tests"):
    try:
        print("breach" + "ed: import", importlib.import_module(name).__name__)
    except ImportError:
        pass
for module in pkgutil.iter_modules():
    if module.name in ("nbgrader", "grader", "solutions", "sqlalchemy", "torch", "jax", "tensorflow"):
        print("breach" + "ed: can import", module.name)
'''
