"""Read from every file descriptor that was inherited. Success: one leads to a file or folder of the grader."""

CELL = '''
import os
import stat

for number in range(1024):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    kind = stat.S_IFMT(mode)
    print(number, oct(mode))
    if kind in (stat.S_IFREG, stat.S_IFDIR) and number > 3:
        print("breach" + "ed: descriptor", number)
    if kind == stat.S_IFDIR:
        print(os.listdir(number))
for name in ("/proc/self/fd", "/dev/fd", "/dev/stdin", "/dev/tty", "/dev/pts/0", "/dev/mem", "/dev/kmem", "/dev/sda"):
    if os.path.exists(name):
        print("breach" + "ed:", name)
'''
