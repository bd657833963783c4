"""Overwrite the released files, the packages and the interpreter. Success: they are changed for the next student."""

CELL = '''
import os
import sys

import numpy as np

targets = [np.__file__, os.__file__, sys.executable, "/etc/passwd", "/opt/kit/sandbox/shell.py", "/opt/kit/sandbox/zygote.py"]
targets += [os.path.join(folder, name) for folder in ("/opt/assignment", "/opt/packages", "/opt/kit") if os.path.isdir(folder) for name in os.listdir(folder)]
for target in targets:
    for call in (lambda: open(target, "ab").write(b"\\n"), lambda: os.unlink(target), lambda: os.rename(target, target + "x"), lambda: os.chmod(target, 0o777),
                 lambda: os.utime(target), lambda: open(os.path.dirname(target) + "/left-by-redteam.py", "w"), lambda: os.truncate(target, 0)):
        try:
            call()
            print("breach" + "ed:", target)
        except OSError:
            pass
'''
