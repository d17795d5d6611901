"""Start and end of every command: streams, signals, exit codes, and one line instead of a traceback."""

from __future__ import annotations

import atexit
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from profiles.console_font import for_console
from profiles.errors import DigitAgentError
from profiles.foreign_text import show
from profiles.load_failure import load_failure
from profiles.redact import redact_addresses

if TYPE_CHECKING:
    from typer import Typer

ERROR, WARNING = "<3>", "<4>"
"""Prefixes that give a line its priority in the journal: sd-daemon(3)."""
FLUSH_TIMEOUT_S = 2.0
"""Longest wait for the output to be written and temporary files to be removed, in seconds."""
ASK_AGAIN_S = 0.02
"""Time after which an exit that got lost is asked for again, in seconds."""
INTERRUPTED_EXIT_CODE = 128 + signal.SIGINT
ADVICE_BY_ERRNO = {
    errno.ENOSPC: "free space or choose another place",
    errno.EDQUOT: "free space or choose another place",
    errno.EROFS: "choose another place",
    errno.EACCES: "check its permissions or choose another place",
    errno.EPERM: "check its permissions or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "check the disk, or start the command in another terminal",
}
"""Advice for errors of the operating system that no other code handles."""


def run_app(load: Callable[[], Typer], name: str) -> None:
    """Run a command line and exit: 0 done, 1 failed, 2 wrong use, 130 interrupted, 143 terminated.

    An error that a user can cause is one line on stderr. Any other error is a bug and keeps its traceback.
    If the reader of stdout closes the pipe, the command ends with 0.

    Args:
        load: imports the command line; it takes a second on a slow board and may be interrupted.
        name: name of the program.
    """
    _open_streams()
    os.environ.setdefault("TYPER_USE_RICH", "0")  # its boxes leave 20 of 80 columns to the help, and cut words off
    for size in ("COLUMNS", "LINES"):
        if os.environ.get(size) == "0":  # a console that does not know its size; Rich would print nothing
            del os.environ[size]
    sys.argv[1:] = map(_expand_home, sys.argv[1:])
    _ending.clear()
    signal.signal(signal.SIGTERM, _exit_on_signal)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it may be ignored, as by nohup(1)
        signal.signal(signal.SIGINT, _exit_on_signal)
    code: str | int | None = None
    try:
        try:
            _run(load, name)
        finally:
            _ending.set()
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        code = INTERRUPTED_EXIT_CODE
    except SystemExit as error:
        code = error.code
    _end_beside_threads(code)
    sys.exit(code)


def _run(load: Callable[[], Typer], name: str) -> None:
    try:
        load()()
    except DigitAgentError as error:
        what = redact_addresses(error.what)
        _fail(name, f"{what}; {error.advice}" if error.advice else what, error.exit_code)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        # The reader of a pipe has closed it (`... | head`); Typer and Rich exit with 1 then.
        sys.exit(0)
    except Exception as error:
        if cause := load_failure(error):
            _fail(name, "; ".join(cause), 1)
        if not isinstance(error, OSError) or error.errno not in ADVICE_BY_ERRNO:
            raise
        _fail(name, f"{error.filename or 'output'}: {os.strerror(error.errno)}; {ADVICE_BY_ERRNO[error.errno]}", 1)


def show_version(asked: bool) -> None:
    """Print the version of the distribution and exit; the callback of `--version`."""
    from importlib.metadata import version  # noqa: PLC0415 (imported late: they are slow)

    import typer  # noqa: PLC0415

    if asked:
        typer.echo(f"digit-agent {version('digit-agent')}")
        raise typer.Exit


def in_journal(stream: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a stream goes into systemd's journal; see JOURNAL_STREAM in systemd.exec(5)."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # closed, or not a file (io.UnsupportedOperation is an OSError)
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _open_streams() -> None:
    """Open the standard streams that are closed, and let stdout replace characters that it cannot encode.

    Otherwise the next opened file, such as a database, would get the descriptor of a closed stream, and the output of
    libraries with it. A terminal may not support `µ`, and a file name may not be valid text. Python writes its messages
    to a copy of descriptor 2, so that none is lost while the output of a library is captured there (`agent.stderr`).
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    own = os.dup(2)
    sys.stderr = os.fdopen(own, "w", buffering=1, errors="backslashreplace", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if os.environ.get("TERM") == "linux":
        sys.stdout, sys.stderr = for_console(sys.stdout), for_console(sys.stderr)


def _expand_home(word: str) -> str:
    """Replace `~/` at the start of an argument, or of an option's value: a shell leaves `--log=~/x.db` as it is."""
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return option + equals + os.path.expanduser(value) if value.startswith("~") else word  # noqa: PTH111


class _AskedAgain(BaseException):
    """An exit that a signal asks for. If it gets lost before the command has ended, it is asked for again.

    Python ignores it in callbacks such as `__del__`, ai-edge-litert has a bare `except:` around imports, and pybind11
    makes an ImportError of it, from which the agent concluded that a runtime was broken.
    """

    def __del__(self) -> None:
        if not _ending.is_set():
            signal.setitimer(signal.ITIMER_REAL, ASK_AGAIN_S)


class _Terminated(_AskedAgain, SystemExit): ...


class _Interrupted(_AskedAgain, KeyboardInterrupt): ...


_ending = threading.Event()
"""Set when the command has ended, and only the process is left to end."""


def _exit_on_signal(number: int, _: object) -> None:
    """Exit by an exception, so that the cursor is shown again, children end, and unfinished files are removed."""
    signal.signal(signal.SIGALRM, lambda *_: None if _ending.is_set() else signal.raise_signal(number))
    raise _Terminated(128 + number) if number == signal.SIGTERM else _Interrupted


def _leave_closed_pipes() -> None:
    """Lead a stream that nobody reads to nowhere, or the interpreter ends with 120: it cannot write what is left."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            try:
                stream.flush()
            except BrokenPipeError:
                with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                    os.dup2(nowhere.fileno(), stream.fileno())
                    stream.flush()


def _end_beside_threads(code: object) -> None:
    """End the process at once if a thread was left behind, for example in the driver of a camera.

    The interpreter ends such a thread as soon as it returns from a C++ library, and then the library aborts the whole
    process (https://github.com/python/cpython/issues/87135). A write to a pipe that nobody reads would hang here.
    """
    if not any(thread.daemon for thread in threading.enumerate()):
        _leave_closed_pipes()
        return
    flush = threading.Thread(target=_flush, daemon=True)
    try:
        flush.start()
        flush.join(FLUSH_TIMEOUT_S)
    except RuntimeError:  # too little memory for another thread
        _flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _flush() -> None:
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def _fail(name: str, message: str, code: int) -> None:
    with suppress(BrokenPipeError):  # nobody reads it, but the exit code counts
        sys.stderr.write(f"{ERROR if in_journal(sys.stderr) else ''}{name}: {show(message)}\n")
    sys.exit(code)
