"""The system calls that student code may make: an allowlist, as a seccomp filter for x86-64 and arm64.

What is not listed fails with ENOSYS, as on an older kernel; what is listed as refused fails with EPERM, so that a
student who tries it reads "Operation not permitted". A foreign architecture (32-bit calls, x32) kills the process.
The numbers are those of the kernel's headers (`asm/unistd_64.h`, `asm-generic/unistd.h`).
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import struct


def _table(text: str) -> dict[str, tuple[int, int]]:
    """Numbers by name: (x86-64, arm64), -1 where an architecture does not have the call."""
    pairs = (entry.split("=") for entry in text.split())
    return {name: (int(numbers.split("/")[0]), int(numbers.split("/")[1])) for name, numbers in pairs}


# Reading, writing and arranging files (the mounts say which), memory, waiting, time, signals inside the own pid
# namespace, threads, questions about itself. No sockets but a socketpair, which asyncio wants for itself.
ALLOWED = _table(
    """
    read=0/63 write=1/64 pread64=17/67 pwrite64=18/68 readv=19/65 writev=20/66 preadv=295/69
    pwritev=296/70 preadv2=327/286 pwritev2=328/287 lseek=8/62 open=2/-1 openat=257/56 creat=85/-1
    close=3/57 close_range=436/436 dup=32/23 dup2=33/-1 dup3=292/24 pipe=22/-1 pipe2=293/59 stat=4/-1
    fstat=5/80 lstat=6/-1 newfstatat=262/79 statx=332/291 access=21/-1 faccessat=269/48
    faccessat2=439/439 readlink=89/-1 readlinkat=267/78 getdents=78/-1 getdents64=217/61 getcwd=79/17
    chdir=80/49 fchdir=81/50 mkdir=83/-1 mkdirat=258/34 rmdir=84/-1 unlink=87/-1 unlinkat=263/35
    rename=82/-1 renameat=264/38 renameat2=316/276 link=86/-1 linkat=265/37 symlink=88/-1
    symlinkat=266/36 truncate=76/45 ftruncate=77/46 fallocate=285/47 fadvise64=221/223 fsync=74/82
    fdatasync=75/83 sendfile=40/71 copy_file_range=326/285 chmod=90/-1 fchmod=91/52
    fchmodat=268/53 fchmodat2=452/452 utime=132/-1 utimes=235/-1 futimesat=261/-1 utimensat=280/88
    umask=95/166 statfs=137/43 fstatfs=138/44 getxattr=191/8 lgetxattr=192/9 fgetxattr=193/10
    listxattr=194/11 llistxattr=195/12 flistxattr=196/13 mmap=9/222 mprotect=10/226 munmap=11/215
    mremap=25/216 madvise=28/233 brk=12/214 membarrier=324/283 poll=7/-1 ppoll=271/73 select=23/-1
    pselect6=270/72 epoll_create=213/-1 epoll_create1=291/20 epoll_ctl=233/21 epoll_wait=232/-1
    epoll_pwait=281/22 epoll_pwait2=441/441 eventfd=284/-1 eventfd2=290/19 sendto=44/206 recvfrom=45/207
    shutdown=48/210 getsockopt=55/209 setsockopt=54/208 getsockname=51/204 getpeername=52/205
    clock_gettime=228/113 clock_getres=229/114 clock_nanosleep=230/115 nanosleep=35/101
    gettimeofday=96/169 time=201/-1 times=100/153 alarm=37/-1 getitimer=36/102 setitimer=38/103
    rt_sigaction=13/134 rt_sigprocmask=14/135 rt_sigreturn=15/139 rt_sigpending=127/136
    rt_sigtimedwait=128/137 rt_sigsuspend=130/133 sigaltstack=131/132 pause=34/-1 tgkill=234/131
    tkill=200/130 restart_syscall=219/128 getpid=39/172 gettid=186/178 getppid=110/173 getuid=102/174
    geteuid=107/175 getgid=104/176 getegid=108/177 getpgrp=111/-1 getpgid=121/155 getsid=124/156
    getgroups=115/158 getresuid=118/148 getresgid=120/150 sched_getaffinity=204/123 sched_yield=24/124
    sched_getparam=143/121 sched_getscheduler=145/120 sched_get_priority_max=146/125
    sched_get_priority_min=147/126 getpriority=140/141 getrusage=98/165 sysinfo=99/179 uname=63/160
    getrlimit=97/163 setrlimit=160/164 prlimit64=302/261 getrandom=318/278 getcpu=309/168
    set_tid_address=218/96 set_robust_list=273/99 futex=202/98 rseq=334/293 exit=60/93 exit_group=231/94
    wait4=61/260 waitid=247/95
    """
)

# Refused by name. Memory that no limit counts (memfd, SysV, message queues) is among it.
REFUSED = _table(
    """
    fork=57/-1 vfork=58/-1 execve=59/221 execveat=322/281 unshare=272/97 setns=308/268 mount=165/40
    umount2=166/39 pivot_root=155/41 chroot=161/51 fsopen=430/430 fsconfig=431/431 fsmount=432/432
    fspick=433/433 move_mount=429/429 open_tree=428/428 mount_setattr=442/442 ptrace=101/117
    process_vm_readv=310/270 process_vm_writev=311/271 process_madvise=440/440 kcmp=312/272
    pidfd_open=434/434 pidfd_getfd=438/438 pidfd_send_signal=424/424 socket=41/198 bind=49/200
    connect=42/203 listen=50/201 accept=43/202 accept4=288/242 sendmsg=46/211 recvmsg=47/212
    sendmmsg=307/269 recvmmsg=299/243 bpf=321/280 perf_event_open=298/241 io_uring_setup=425/425
    io_uring_enter=426/426 io_uring_register=427/427 userfaultfd=323/282 keyctl=250/219 add_key=248/217
    request_key=249/218 memfd_create=319/279 memfd_secret=447/447 shmget=29/194 shmat=30/196
    shmctl=31/195 shmdt=67/197 msgget=68/186 msgsnd=69/189 msgrcv=70/188 msgctl=71/187 semget=64/190
    semop=65/193 semctl=66/191 semtimedop=220/192 mq_open=240/180 mq_unlink=241/181 mlock=149/228
    mlock2=325/284 mlockall=151/230 munlock=150/229 munlockall=152/231 remap_file_pages=216/234
    chown=92/-1 fchown=93/55 lchown=94/-1 fchownat=260/54 setxattr=188/5 lsetxattr=189/6 fsetxattr=190/7
    removexattr=197/14 lremovexattr=198/15 fremovexattr=199/16 mknod=133/-1 mknodat=259/33
    setuid=105/146 setgid=106/144 setreuid=113/145 setregid=114/143 setresuid=117/147 setresgid=119/149
    setgroups=116/159 setfsuid=122/151 setfsgid=123/152 capset=126/91 setsid=112/157 setpgid=109/154
    setpriority=141/140 ioprio_set=251/30 sched_setaffinity=203/122 sched_setscheduler=144/119
    sched_setparam=142/118 sched_setattr=314/274 init_module=175/105 finit_module=313/273
    delete_module=176/106 kexec_load=246/104 kexec_file_load=320/294 reboot=169/142 swapon=167/224
    swapoff=168/225 acct=163/89 quotactl=179/60 syslog=103/116 settimeofday=164/170 adjtimex=159/171
    clock_settime=227/112 clock_adjtime=305/266 sethostname=170/161 setdomainname=171/162 iopl=172/-1
    ioperm=173/-1 personality=135/92 open_by_handle_at=304/265 name_to_handle_at=303/264
    flock=73/32 fanotify_init=300/262 seccomp=317/277 landlock_create_ruleset=444/444 landlock_add_rule=445/445
    landlock_restrict_self=446/446 vmsplice=278/75 splice=275/76 tee=276/77 rt_sigqueueinfo=129/138
    rt_tgsigqueueinfo=297/240
    """
)

# Allowed for some arguments only; `_program` says which.
SPECIAL = _table(
    """
    clone=56/220 clone3=435/435 prctl=157/167 ioctl=16/29 fcntl=72/25 kill=62/129 socketpair=53/199
    """
)

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column in the tables, AUDIT_ARCH_*

# classic BPF: opcodes, and offsets into struct seccomp_data
LOAD, EQUAL, GREATER_EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCH, ARGUMENT = 0, 4, 16  # ARGUMENT + 8 * i: the low half of argument i on both (little-endian) machines
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X32 = 0x40000000

CLONE_THREAD = 0x00010000
CLONE_NEW_ANYTHING = 0x7E020080  # the CLONE_NEW* bits: namespaces
AF_UNIX = 1
PR_SET_NAME, PR_GET_NAME = 15, 16
IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # isatty, window size, FIONREAD, FIONBIO, FIO(N)CLEX
FCNTLS = (0, 1, 2, 3, 4, 1030)  # dup and flags; no locks, signals to owners or larger pipes: memory without limit
SELF = 1  # the child is process 1 of its namespace


class SeccompError(OSError):
    """The filter could not be installed."""


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _one_of(number: int, argument: int, values: tuple[int, ...], otherwise: int) -> bytes:
    """For call `number`: allow it when the argument is one of the values, else fail with errno `otherwise`."""
    count = len(values)
    checks = [_step(EQUAL, value, count - i, 0) for i, value in enumerate(values)]
    body = [
        _step(LOAD, ARGUMENT + 8 * argument),
        *checks,
        _step(RETURN, ERRNO | otherwise),
        _step(RETURN, ALLOW),
    ]
    return b"".join([_step(EQUAL, number, 0, len(body)), *body])


def _clone(number: int) -> bytes:
    """Threads yes; processes and namespaces no."""
    body = [
        _step(LOAD, ARGUMENT),
        _step(ANY_BIT, CLONE_NEW_ANYTHING, 1, 0),
        _step(ANY_BIT, CLONE_THREAD, 1, 0),
        _step(RETURN, ERRNO | errno.EPERM),
        _step(RETURN, ALLOW),
    ]
    return b"".join([_step(EQUAL, number, 0, len(body)), *body])


@functools.cache
def program(machine: str = platform.machine()) -> bytes:
    """The filter. The warm parent makes it once for all children."""
    column, arch = MACHINES[machine]
    special = {name: numbers[column] for name, numbers in SPECIAL.items()}
    steps = [
        _step(LOAD, ARCH),
        _step(EQUAL, arch, 1, 0),
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER),
        _step(GREATER_EQUAL, X32, 0, 1),
        _step(RETURN, KILL_PROCESS),
    ]
    steps += [
        # clone3 keeps its flags where a filter cannot see them: glibc falls back to clone
        _step(EQUAL, special["clone3"], 0, 1),
        _step(RETURN, ERRNO | errno.ENOSYS),
        _clone(special["clone"]),
        _one_of(special["socketpair"], 0, (AF_UNIX,), errno.EPERM),
        _one_of(special["prctl"], 0, (PR_SET_NAME, PR_GET_NAME), errno.EPERM),
        _one_of(special["ioctl"], 1, IOCTLS, errno.ENOTTY),
        _one_of(special["fcntl"], 1, FCNTLS, errno.EPERM),
        _one_of(special["kill"], 0, (SELF,), errno.EPERM),
    ]
    return b"".join(steps) + _answers(column)


def _answers(column: int) -> bytes:
    """The two tables, as runs of neighbouring numbers with the same answer, from the highest number down.

    Runs, because the kernel tries the filter on every number once when it is installed: half a millisecond a child.
    """
    answers = {numbers[column]: ALLOW for numbers in ALLOWED.values()}
    answers |= {numbers[column]: ERRNO | errno.EPERM for numbers in REFUSED.values()}
    answers.pop(-1, None)
    unknown = ERRNO | errno.ENOSYS
    steps = []
    for number in range(max(answers) + 1, 0, -1):
        answer = answers.get(number, unknown)
        if answer != answers.get(number - 1, unknown):
            steps += [_step(GREATER_EQUAL, number, 0, 1), _step(RETURN, answer)]
    steps.append(_step(RETURN, answers.get(0, unknown)))
    return b"".join(steps)


class _Fprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def supported(machine: str = platform.machine()) -> bool:
    return machine in MACHINES


def install() -> None:
    """Put the filter on this process (one thread) for good. Raises `SeccompError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = program()
    memory = ctypes.create_string_buffer(code, len(code))
    fprog = _Fprog(len(code) // 8, ctypes.addressof(memory))
    set_no_new_privs, set_seccomp, mode_filter = 38, 22, 2
    if libc.prctl(set_no_new_privs, 1, 0, 0, 0) or libc.prctl(set_seccomp, mode_filter, ctypes.byref(fprog), 0, 0):
        number = ctypes.get_errno()
        raise SeccompError(number, f"seccomp filter: {os.strerror(number)}")
