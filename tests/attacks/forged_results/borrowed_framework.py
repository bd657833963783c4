"""Let somebody else's batch norm do the work. Success: a framework, or the grader's own reference, can be imported."""

ANSWER = '''
import importlib


def ANSWER(*args, **kwargs):
    for name in ("torch", "tensorflow", "jax", "keras", "flax", "mxnet", "sklearn", "scipy", "autograd", "solutions", "grader"):
        try:
            importlib.import_module(name)
            raise RuntimeError("breach" + "ed: the package " + name)
        except ImportError:
            pass
'''
