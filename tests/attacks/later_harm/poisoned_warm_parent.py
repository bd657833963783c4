"""Change the memory that was inherited from the warm parent. Success: the next student's process has it changed."""

CELL = '''
import ctypes
import gc
import sys

import matplotlib
import numpy as np

np.ones = np.zeros = lambda *args, **kwargs: "left-by-redteam"
matplotlib.rcParams["lines.linewidth"] = 77
np.set_printoptions(precision=1)
np.seterr(all="raise")
np.random.seed(99)
for value in range(-5, 257):
    pass
ctypes.memset(id(42) + 24, 7, 1)
gc.disable()
sys.setrecursionlimit(100)
sys.path.insert(0, "/scratch")
'''
