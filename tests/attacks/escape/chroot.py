"""Change the root, and climb out of it. Success: another root is had, or another user."""

CELL = '''
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for call in (lambda: os.chroot("/tmp"), lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0]),
             lambda: os.chown("/tmp", 0, 0), lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)), lambda: os.setpriority(0, 0, -20)):
    try:
        call()
        print("breach" + "ed:", call.__code__.co_names)
    except OSError:
        pass
if libc.personality(0x0040000) >= 0:
    print("breach" + "ed: personality")
for _ in range(100):
    os.chdir("..")
for name in ("root", "home", "work", "srv", "etc/passwd", "var", "boot", "../home"):
    if os.path.exists(name):
        print("breach" + "ed: the machine's", name)
'''
