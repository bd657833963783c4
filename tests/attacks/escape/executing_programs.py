"""Run other programs, by the shell, by magics, by ctypes. Success: one runs."""

CELL = '''
import os
import pty
import subprocess

print("breach" + "ed: system", os.system("true")) if os.system("true") == 0 else None
for call in (lambda: os.execv("/bin/sh", ["sh"]), lambda: os.posix_spawn("/bin/true", ["true"], {}), lambda: os.popen("echo breach" + "ed: popen").read(),
             lambda: subprocess.run("true", shell=True, check=True), lambda: pty.spawn("/bin/true"), lambda: os.spawnl(os.P_WAIT, "/bin/true", "true")):
    try:
        result = call()
        if result in (0, None) or "breached" in str(result) or (isinstance(result, int) and 0 <= result < 100):
            print("breach" + "ed:", result)
    except BaseException as error:
        print(type(error).__name__)
get_ipython().system("echo breach" + "ed: magic")
print(get_ipython().getoutput("echo breach" + "ed: magic"))
'''
