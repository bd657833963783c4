"""Search the whole file system for the solutions. Success: their secret is printed."""

CELL = '''
import os
import time

started = time.monotonic()
starts = ["/", "..", "../..", "../../..", "/opt/assignment", "/opt/kit", "/opt", "/etc", "/home", "/root", "/work", "/srv", "/mnt", "/media", "/var", "/run", "/scratch", "/usr/local"]
for start in starts:
    for folder, folders, files in os.walk(start):
        folders[:] = [name for name in folders if name not in ("usr", "lib", "packages", "python")]
        for name in files:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    data = file.read(100_000)
            except OSError:
                continue
            print(os.path.join(folder, name), len(data))
            if b"canary-" in data or b"make_cases" in data:
                print(data[-2000:])
        if time.monotonic() - started > 1.5:
            break
'''
