"""Cases are built once for a whole class: what a student's function does to its arguments must not reach the next."""

from __future__ import annotations

from grader.checking import CaseFailed
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import LocalStudent

WRECKS = """
def _wreck(function):
    def wrecking(*args):
        result = function(*[arg.copy() if isinstance(arg, (np.ndarray, dict)) else arg for arg in args])
        for arg in args:
            for array in arg.values() if isinstance(arg, dict) else (arg,):
                if isinstance(array, np.ndarray):
                    array[...] = np.nan if array.dtype.kind == "f" else 77
        return result
    return wrecking

for _name, _value in list(globals().items()):
    if callable(_value) and getattr(_value, "__module__", "") == "__main__" and not _name.startswith("_"):
        globals()[_name] = _wreck(_value)
"""


def test_wrecked_arguments_hurt_nobody_else() -> None:
    """Is a right solution still right after one that overwrites every array it is given?"""
    cases = make_cases("inputs")
    wrecker = LocalStudent(WRECKS)
    for case in cases:
        try:
            case.run(wrecker)
        except CaseFailed:
            continue
    reference = LocalStudent("")
    for case in cases:
        case.run(reference)  # raises where an input is no longer what the answer belongs to
