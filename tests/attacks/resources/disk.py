"""Fill every place that can be written. Success: more than the scratch limit is written."""

CELL = '''
import os

total = 0
for folder in ("/", "/tmp", "/var/tmp", "/dev/shm", "/dev", "/scratch", "/scratch/work", "/opt", "/opt/assignment", "/opt/packages", ".", "/run", "/home"):
    try:
        with open(os.path.join(folder, "left-by-redteam-disk"), "wb", buffering=0) as file:
            for _ in range(200):
                total += file.write(b"x" * (1 << 20))
    except OSError as error:
        print(folder, error.strerror)
if total > 64 << 20:
    print("breach" + "ed: MiB on disk", total >> 20)
'''
