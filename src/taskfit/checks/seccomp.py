"""The filter of system calls that a sandbox puts on itself, as a program for the kernel's seccomp.

Code under test may compute, use files it can see, and start threads. It may not start processes or programs, open sockets, look
into other processes, take memory that no limit counts, or reach the parts of the kernel that a program for a test never needs.
Calls newer than the table do not exist for it. Knows nothing of what runs behind it.

Source: seccomp(2), linux/filter.h, and the tables syscall_64.tbl (x86-64) and asm-generic/unistd.h (aarch64) of Linux 6.5.
"""

import platform
import struct
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # of struct seccomp_data; the lower half of an argument, little-endian
_CLONE_THREAD, _AF_UNIX = 0x10000, 1
_NEWEST_KNOWN = 451  # cachestat, Linux 6.5

# Calls that are refused, with their numbers on x86-64 and aarch64; None: the machine has no such call.
_REFUSED: Final[Mapping[str, tuple[int | None, int | None]]] = {
    # other processes and programs; threads are clone, which is judged by its flags
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    # the network; sockets of a pair are judged by their family
    "socket": (41, 198),
    # memory and queues that no limit of a process counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186),
    "mq_open": (240, 180),
    # namespaces and file systems
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "fanotify_init": (300, 262), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "swapon": (167, 224), "swapoff": (168, 225),
    # the kernel itself
    "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142), "acct": (163, 89), "syslog": (103, 116),
    "lookup_dcookie": (212, 18), "personality": (135, 92), "iopl": (172, None), "ioperm": (173, None),
    "modify_ldt": (154, None), "vhangup": (153, 58),
}  # fmt: skip


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the filter must know of a kind of machine. `column` is its place in the table of calls."""

    audit_arch: int
    column: int
    clone: int
    socketpair: int


_CLONE3 = 435  # on every machine; its flags lie in memory that a filter cannot read, so libc is sent back to clone
MACHINES: Final[Mapping[str, Machine]] = {
    "x86_64": Machine(audit_arch=0xC000003E, column=0, clone=56, socketpair=53),
    "aarch64": Machine(audit_arch=0xC00000B7, column=1, clone=220, socketpair=199),
}


def filter_program(machine: str | None = None) -> bytes:
    """The program as an array of struct sock_filter. Errors: LookupError for a machine that there is no table for."""
    known = MACHINES[machine or platform.machine()]
    return b"".join([struct.pack("<HBBI", *instruction) for instruction in _instructions(known)])


def _instructions(machine: Machine) -> Iterator[tuple[int, int, int, int]]:
    """Code, jump if true, jump if false, value. A jump counts the instructions that are skipped."""
    yield _LOAD, 0, 0, _MACHINE_AT
    yield _JUMP_EQUAL, 1, 0, machine.audit_arch
    yield _RETURN, 0, 0, _KILL_PROCESS  # a 32-bit call, whose numbers mean other things
    yield _LOAD, 0, 0, _NUMBER_AT
    yield _JUMP_AT_LEAST, 0, 1, _NEWEST_KNOWN + 1
    yield _RETURN, 0, 0, _ERROR | _ENOSYS
    yield _JUMP_EQUAL, 0, 1, _CLONE3
    yield _RETURN, 0, 0, _ERROR | _ENOSYS
    yield _JUMP_EQUAL, 0, 4, machine.clone
    yield _LOAD, 0, 0, _FIRST_ARGUMENT_AT
    yield _JUMP_IF_SET, 1, 0, _CLONE_THREAD
    yield _RETURN, 0, 0, _ERROR | _EPERM
    yield _RETURN, 0, 0, _ALLOW
    yield _JUMP_EQUAL, 0, 4, machine.socketpair
    yield _LOAD, 0, 0, _FIRST_ARGUMENT_AT
    yield _JUMP_EQUAL, 1, 0, _AF_UNIX
    yield _RETURN, 0, 0, _ERROR | _EPERM
    yield _RETURN, 0, 0, _ALLOW
    for numbers in _REFUSED.values():
        number = numbers[machine.column]
        if number is not None:
            yield _JUMP_EQUAL, 0, 1, number
            yield _RETURN, 0, 0, _ERROR | _EPERM
    yield _RETURN, 0, 0, _ALLOW
