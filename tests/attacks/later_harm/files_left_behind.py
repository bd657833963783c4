"""Leave files wherever one can write. Success: one is there after the submission, or for the next student to see."""

CELL = '''
import os
import tempfile

folders = ("/", "/tmp", "/var/tmp", "/dev/shm", "/dev", "/run", "/home", "/root", "/scratch", "/scratch/tmp", "/opt", ".", "..", os.path.expanduser("~"), tempfile.gettempdir())
for folder in folders:
    if os.path.exists(os.path.join(folder, "left-by-redteam")):
        print("breach" + "ed: an earlier submission's file in", folder)
for folder in folders:
    path = os.path.join(folder, "left-by-redteam")
    try:
        open(path, "w").write("x")
        os.chmod(path, 0o4777)
    except OSError:
        pass
'''
