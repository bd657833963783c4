"""Let finalizers run code when objects die. Success: they change a result after it was judged."""

CELL = '''
import gc
import weakref


class Late:
    def __del__(self):
        print("72.0")
        import numpy as np

        np.ndarray.__eq__ if False else setattr(np, "abs", lambda *args: 0)
        get_ipython().user_ns.update(points=72.0)


keep = [Late() for _ in range(100)]
for late in keep:
    weakref.finalize(late, print, "72.0")
del keep, late
gc.collect()
'''
