"""Show objects whose display hangs, and leave values whose look-up hangs. Success: no time limit covers that."""

CELL = '''
class Slow:
    def _repr_html_(self):
        while True:
            pass

    __repr__ = __str__ = __len__ = _repr_png_ = _repr_html_


Slow()
'''
