"""Type into the terminal the grader was started from. Success: there is a terminal, or the call is allowed."""

CELL = '''
import fcntl
import os
import termios

for number in range(64):
    for request in (termios.TIOCSTI, termios.TIOCSCTTY, getattr(termios, "TIOCLINUX", 0x541C)):
        try:
            fcntl.ioctl(number, request, b"x")
            print("breach" + "ed: terminal", number)
        except OSError:
            pass
for path in ("/dev/tty", "/dev/pts/0", "/dev/console", "/dev/tty0"):
    try:
        os.open(path, os.O_RDWR)
        print("breach" + "ed:", path)
    except OSError:
        pass
'''
