"""Write where the kernel is steered from. Success: any of it can be opened for writing."""

CELL = '''
import glob

for path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/release_agent", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper",
             "/proc/sys/fs/binfmt_misc/register", "/dev/kmsg", "/dev/mem", "/dev/fuse", "/dev/kvm", "/dev/ptmx", "/dev/tty", "/dev/vsock", "/run/docker.sock", *glob.glob("/sys/*")):
    for mode in ("r", "w"):
        try:
            open(path, mode)
            print("breach" + "ed:", path)
        except OSError:
            pass
'''
