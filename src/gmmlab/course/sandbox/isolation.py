"""A process shuts itself into namespaces of its own, by the kernel's own calls, and gives up every privilege.

This is what ``bwrap`` does, for a process that cannot be started anew because it has the libraries loaded. It runs
inside bubblewrap, whose read-only view of the file system it keeps; what it adds is that one submission cannot see
another's processes, files, sockets or memory.
"""

import ctypes
import errno
import os
import platform
import re
import secrets

SCRATCH = "/scratch"
"""The one folder, besides ``/dev/shm``, that a submission can write; ``/tmp`` leads there."""

WORK = f"{SCRATCH}/work"
"""Where a notebook runs."""

_NEW_USER = 0x10000000
_NEW_OTHERS = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
"""Mounts, cgroups, host name, IPC, processes, network."""

_PRIVATE, _NO_DEVICES, _NO_PROGRAMS = 1 << 18 | 1 << 14, 0x6, 0xE
_DUMPABLE, _NO_NEW_PRIVILEGES = 4, 38
_SECCOMP, _FILTER = 22, 2
_CAPABILITIES = 0x20080522

_REFUSED = {
    "x86_64": (0xC000003E, {
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68, "semget": 64,
        "keyctl": 250, "add_key": 248, "request_key": 249, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425,
        "vmsplice": 278, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "open_by_handle_at": 304,
    }),
    "aarch64": (0xC00000B7, {
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186, "semget": 190,
        "keyctl": 219, "add_key": 217, "request_key": 218, "ptrace": 117, "process_vm_readv": 270,
        "process_vm_writev": 271, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425,
        "vmsplice": 75, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "open_by_handle_at": 265,
    }),
}  # fmt: skip
"""For each machine its number, and the kernel's calls that no notebook needs: memory that no limit counts, keys that
belong to the user, and those through which sandboxes were broken before."""


def works() -> bool:
    """Try it in a forked process."""
    child = os.fork()
    if child == 0:
        try:
            enter(1_000_000, True)
            os._exit(0 if {"1", "2"} >= {name for name in os.listdir("/proc") if name.isdigit()} else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def counts_own_processes() -> bool:
    """Return whether the kernel's limit on processes counts those of this user namespace alone (since Linux 5.14)."""
    major, minor = (int(part) for part in re.findall(r"\d+", platform.release())[:2])
    return (major, minor) >= (5, 14)


def enter(files: int, isolated: bool) -> None:
    """Go on as an unprivileged process in namespaces of its own.

    Parameters
    ----------
    files : int
        Bytes that the scratch folder may hold, and ``/dev/shm`` too.
    isolated : bool
        False where the kernel allows no namespaces inside bubblewrap's: then only privileges are given up, and
        the caller runs one submission in each bubblewrap.

    Raises
    ------
    OSError
        If the kernel refuses a step.
    """
    root = os.getuid() == 0
    if isolated:
        _unshare(_NEW_OTHERS | (0 if root else _NEW_USER))
        _go_on_in_child()
        _mount("proc", "/proc", _NO_PROGRAMS, "")
        for place in (SCRATCH, "/dev/shm"):
            _mount("tmpfs", place, _NO_DEVICES, f"size={files},nr_inodes=20000,mode=1777")
    if root:
        _become_nobody()
    if isolated:
        if root:
            _unshare(_NEW_USER)
        # No further namespaces, in which a process would be privileged again and see more of the kernel.
        _write("/proc/sys/user/max_user_namespaces", "0")
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call("capset", (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)())
    _refuse_calls()
    if isolated:
        # The first process of a namespace cannot be killed from within; the student's shall be an ordinary one.
        _go_on_in_child()
    os.makedirs(WORK, exist_ok=True)


def _go_on_in_child() -> None:
    """Fork; the parent waits for the child, reaping whatever else comes to it, and ends with it."""
    child = os.fork()
    if child == 0:
        return
    os.closerange(3, 1024)
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(1 if status else 0)


def _unshare(flags: int) -> None:
    """Enter new namespaces; in a new user namespace this process keeps the one user that it is."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", flags)
    if not flags & _NEW_USER:
        return
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _become_nobody() -> None:
    """Become a user that owns nothing, another each time: the kernel's limit on processes is void for root."""
    nobody = 1_500_000_000 + secrets.randbelow(500_000_000)
    os.setgroups([])
    os.setresgid(nobody, nobody, nobody)
    os.setresuid(nobody, nobody, nobody)
    _call("prctl", _DUMPABLE, 1, 0, 0, 0)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def _refuse_calls() -> None:
    """Have the kernel answer the calls in `_REFUSED`, and all of another machine's, with "not permitted"."""
    if platform.machine() not in _REFUSED:
        return
    machine, calls = _REFUSED[platform.machine()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    refuse, allow = 0x00050000 | errno.EPERM, 0x7FFF0000
    # x86_64 has a second numbering of the same calls, from 2**30.
    tests = [(at_least, 2**30), *((equal, number) for number in calls.values())]
    program = [(load, 0, 0, 4), (equal, 1, 0, machine), (answer, 0, 0, refuse), (load, 0, 0, 0)]
    program += [(code, len(tests) - k, 0, value) for k, (code, value) in enumerate(tests)]
    program += [(answer, 0, 0, allow), (answer, 0, 0, refuse)]
    array = (_Instruction * len(program))(*program)
    _call("prctl", _SECCOMP, _FILTER, ctypes.byref(_Program(len(program), array)), 0, 0)


def _mount(kind: str, place: str, flags: int, options: str) -> None:
    _call("mount", None, b"/", None, _PRIVATE, None)
    _call("mount", kind.encode(), place.encode(), kind.encode(), flags, options.encode())


def _call(name: str, *arguments) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
