"""Replace the display hook and the publisher. Success: an output that looks like a score is taken for one."""

CELL = '''
import sys
from IPython.core import displayhook, displaypub

displayhook.DisplayHook.__call__ = lambda self, value=None: sys.stdout.write("72.0")
displaypub.DisplayPublisher.publish = lambda self, data, **kwargs: sys.stdout.write("72.0")
sys.displayhook = lambda value: sys.stdout.write("72.0")
72.0
'''
