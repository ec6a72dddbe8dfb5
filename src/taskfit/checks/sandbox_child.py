"""The inside of the sandbox: a program that locks itself up and then runs tests on code that nobody has read.

It is started by checks/sandbox.py as a clean interpreter, is told its job on its standard input, and imports nothing of taskfit.
Three processes are in a row, each the child of the one before:

- the door, outside, which makes the namespaces (users, mounts, processes, network, IPC, host name, cgroups) and waits;
- process 1 of the new process namespace, which builds the root: the standard library, read-only, /dev/null, and a small folder in
  memory. There is no /proc, no /etc, no libc even. When it ends, the kernel kills whatever is left inside;
- the tested one, which gives up capabilities, takes its limits and its filter of system calls, and only then imports the code.

Standard error says what could not be set up, and is closed before the code begins. Standard output takes one report, marked with
a word that the code is not told. The code runs in one process with its tests, though: who sets out to forge a report can find
that word. The walls hold against malice, the result only against mistakes.

Source: namespaces(7), user_namespaces(7), pid_namespaces(7), mount_setattr(2), capabilities(7), seccomp(2).
"""

import ctypes
import errno
import json
import os
import signal
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn

CANNOT: Final = 70  # the exit status that says: the sandbox could not be set up
WORK: Final = "/work"
ANSWER: Final = "answer"
TESTS: Final = "answer_tests"
_INSIDE_ID: Final = 65534  # nobody
_TEXT_CHARS: Final = 300
_REPORT, _MOST_FILES = 3, 256  # where the report goes; above all files that are open by then

# Extension modules that need libraries of the system: loaded before these are out of reach.
_NEED_LIBRARIES: Final = ("_bz2", "_ctypes", "_decimal", "_hashlib", "_lzma", "_sqlite3", "_ssl", "_uuid", "pyexpat", "zlib")

_CLONE_ALL: Final = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_AT_FDCWD, _AT_RECURSIVE, _SYS_MOUNT_SETATTR = -100, 0x8000, 442
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 24, 38, 47
_SECCOMP_MODE_FILTER, _AMBIENT_CLEAR_ALL, _CAPABILITY_VERSION_3 = 2, 4, 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> NoReturn:
    """The door."""
    try:
        job = json.loads(sys.stdin.buffer.read())
        signal.alarm(job["limits"]["CPU"] + 5)  # if nobody is left to end it
        _prepare()
        _enter_namespaces()
        first = os.fork()
    except OSError as error:
        _give_up(error)
    if first == 0:
        _be_first(job)
    os._exit(_status_of(first))


def _prepare() -> None:
    """What can only be done outside: nobody outlives the gateway, and what the tested one needs of the system is loaded."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.nice(5)
    Path("/proc/self/oom_score_adj").write_text("1000")
    for name in _NEED_LIBRARIES:
        try:
            import_module(name)
        except ImportError:
            continue  # an interpreter may be built without it
    try:
        ctypes.CDLL("libgcc_s.so.1")  # glibc wants it when a thread ends
    except OSError:
        pass  # musl does not


def _enter_namespaces() -> None:
    if os.geteuid() == 0:
        _enter_as_root()
        return
    user, group = os.geteuid(), os.getegid()
    _must("unshare", _libc.unshare(_CLONE_ALL))
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/gid_map", f"{_INSIDE_ID} {group} 1")
    _write("/proc/self/uid_map", f"{_INSIDE_ID} {user} 1")


def _enter_as_root() -> None:
    """Limits on processes do not hold for root, so the tested one becomes nobody; only a process outside may map two users."""
    door = os.getpid()
    is_ready, tell = os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(tell)
        try:
            if os.read(is_ready, 1):
                for kind in ("gid_map", "uid_map"):
                    _write(f"/proc/{door}/{kind}", f"0 0 1\n{_INSIDE_ID} {_INSIDE_ID} 1")
        except OSError as error:
            _give_up(error)
        os._exit(0)
    _must("unshare", _libc.unshare(_CLONE_ALL))
    os.write(tell, b"x")
    if _status_of(helper) != 0:
        os._exit(CANNOT)


def _be_first(job: Mapping[str, Any]) -> NoReturn:
    """Process 1: with it, everything inside ends."""
    try:
        _die_with_parent()
        _build_root(work_bytes=job["work_bytes"])
        tested = os.fork()
    except OSError as error:
        _give_up(error)
    if tested == 0:
        _be_tested(job)
    os._exit(_status_of(tested))


def _build_root(*, work_bytes: int) -> None:
    """Shows the folders of the standard library under their own names, read-only, and nothing else of the machine."""
    shown = [(os.path.realpath(path), path) for path in sys.path if Path(path).is_dir()]
    _move_root()
    for source, path in shown:
        _show_library("/old" + source, path)
    Path("/dev").mkdir()
    Path("/dev/null").touch()
    _mount("/old/dev/null", "/dev/null", None, _MS_BIND)
    Path(WORK).mkdir()
    options = f"size={work_bytes},nr_inodes=1k,mode=1777"
    _mount("tmpfs", WORK, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options)
    _must("umount of the old root", _libc.umount2(b"/old", _MNT_DETACH))
    Path("/old").rmdir()
    _restrict("/", recursively=0)


def _move_root() -> None:
    """An empty root in memory, with the old one under /old for now."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=256k,nr_inodes=1k,mode=755")  # noqa: S108  # a place for mounts
    Path("/tmp/old").mkdir()  # noqa: S108
    _must("pivot_root", _libc.pivot_root(b"/tmp", b"/tmp/old"))
    os.chdir("/")


def _show_library(source: str, path: str) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    if not any(Path(path).iterdir()):  # else it lies within a folder that is shown already
        _show(source, path)
    if Path(path, "site-packages").is_dir():
        _mount("tmpfs", f"{path}/site-packages", "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "size=4k")


def _show(source: str, path: str) -> None:
    _mount(source, path, None, _MS_BIND | _MS_REC)
    _restrict(path, recursively=_AT_RECURSIVE)


def _restrict(path: str, *, recursively: int) -> None:
    """Read-only, whatever else the mount was; Linux 5.12 or newer."""
    attributes = (ctypes.c_uint64 * 4)(_ATTR_RDONLY | _ATTR_NOSUID, 0, 0, 0)
    done = _libc.syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR), ctypes.c_long(_AT_FDCWD), os.fsencode(path), ctypes.c_long(recursively),
        ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)),
    )  # fmt: skip
    _must("mount_setattr", done)


def _be_tested(job: Mapping[str, Any]) -> NoReturn:
    try:
        for name, text in ((ANSWER, job["answer"]), (TESTS, job["tests"])):
            Path(WORK, f"{name}.py").write_text(text, encoding="utf-8", errors="replace")
        _take_limits(job["limits"])
        _give_up_privileges()
        os.chdir(WORK)
        os.environ.clear()
        _take_filter(b64decode(job["filter"]))
        _shut_pipes()
    except OSError as error:
        _give_up(error)
    _run(job["names"], lambda said: os.write(_REPORT, json.dumps({"mark": job["mark"], **said}).encode()))
    os._exit(0)


def _take_limits(limits: Mapping[str, int]) -> None:
    """Spent processor time has one second between the signal that tells of it and the end by force."""
    import resource

    for name, wanted in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
        resource.setrlimit(kind, (min(wanted, most), min(wanted + (name == "CPU"), most)))


def _give_up_privileges() -> None:
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    _must("prctl(PR_CAP_AMBIENT)", _libc.prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0))
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(_INSIDE_ID, _INSIDE_ID, _INSIDE_ID)
        os.setresuid(_INSIDE_ID, _INSIDE_ID, _INSIDE_ID)
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    _must("capset", _libc.capset(ctypes.byref(header), ctypes.byref(none)))
    _must("prctl(PR_SET_DUMPABLE)", _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))
    _must("prctl(PR_SET_NO_NEW_PRIVS)", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _shut_pipes() -> None:
    """Input is empty; what is printed goes into a file that nobody reads and that may not grow beyond its limit."""
    os.dup2(1, _REPORT)
    os.closerange(_REPORT + 1, _MOST_FILES)
    nowhere = os.open("/dev/null", os.O_RDONLY)
    printed = os.open(WORK, os.O_TMPFILE | os.O_WRONLY, 0o600)
    os.dup2(nowhere, 0)
    os.dup2(printed, 1)
    os.closerange(_REPORT + 1, _MOST_FILES)
    os.dup2(1, 2)


def _take_filter(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    loaded = Program(len(program) // 8, program)
    _must("seccomp", _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(loaded), 0, 0))


def _run(names: list[str], report: Callable[[Mapping[str, object]], object]) -> None:
    """The module of the tests, then each test, up to the first that raises."""
    at = "import"

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report({"failed": at, "line": _line_in_tests(trace), "error": f"{kind.__name__}: {error}"[:_TEXT_CHARS]})
        os._exit(1)

    sys.excepthook = tell
    sys.path.insert(0, WORK)
    sys.argv = [f"{TESTS}.py"]
    tests = import_module(TESTS)
    for name in names:
        at = name
        getattr(tests, name)()
    report({"passed": len(names)})


def _line_in_tests(trace: TracebackType | None) -> int:
    """The last line of the tests that was on the way to the error; 0 where none was."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"{WORK}/{TESTS}.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _die_with_parent() -> None:
    _must("prctl(PR_SET_PDEATHSIG)", _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def _status_of(process: int) -> int:
    """How a child ended, as an exit status: 128 and the signal's number, as a shell has it."""
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return code if code >= 0 else 128 - code


def _mount(source: str | None, path: str, kind: str | None, flags: int, options: str = "") -> None:
    done = _libc.mount(
        None if source is None else os.fsencode(source), os.fsencode(path), None if kind is None else kind.encode(),
        ctypes.c_ulong(flags), options.encode() if options else None,
    )  # fmt: skip
    _must(f"mount of {kind or source or path}", done)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text)
    except OSError as error:
        raise OSError(error.errno, f"writing {Path(path).name}: {os.strerror(error.errno or errno.EIO)}") from error


def _must(what: str, result: int) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _give_up(error: OSError) -> NoReturn:
    os.write(2, (error.strerror or str(error)).encode())
    os._exit(CANNOT)


if __name__ == "__main__":
    main()
