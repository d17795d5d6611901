"""How every command of ours begins and ends: with its exit code, and one clear line instead of a traceback."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING

from profiles.errors import DigitAgentError

if TYPE_CHECKING:
    from typer import Typer

ERROR, WARNING = "<3>", "<4>"
"""What the journal reads as a line's priority, where it stands before the line: sd-daemon(3)."""
INTERRUPTED = 128 + signal.SIGINT
WAY_OUT = {
    errno.ENOSPC: "free space or choose another place",
    errno.EDQUOT: "free space or choose another place",
    errno.EROFS: "choose another place",
    errno.EACCES: "check its permissions or choose another place",
    errno.EPERM: "check its permissions or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""What to do next, where the system refuses what no code of ours expected it to."""


def run_app(load: Callable[[], Typer], name: str) -> None:
    """Run a command line and exit: 0 done, 1 failed, 2 wrong use, 130 interrupted, 143 asked to end.

    What a user can cause ends in one line on stderr; anything else is our mistake and keeps its traceback. Where
    the reader of stdout wants no more, the command is done.

    Args:
        load: imports the command line, which takes a second on a slow board and may be interrupted, too.
        name: the program's.
    """
    _open_streams()
    signal.signal(signal.SIGTERM, _end)
    try:
        load()()
    except DigitAgentError as error:
        _fail(name, str(error), error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as ending:
        if not isinstance(ending.__context__, BrokenPipeError):
            raise
        # The reader of a pipe went away (`... | head`); Typer and Rich call that a failure.
        sys.exit(0)
    except OSError as error:
        if error.errno not in WAY_OUT:
            raise
        _fail(name, f"{error.filename or 'output'}: {os.strerror(error.errno)}; {WAY_OUT[error.errno]}", 1)


def show_version(asked: bool) -> None:
    """Callback of `--version`: print the distribution's version and exit."""
    from importlib.metadata import version  # noqa: PLC0415 (both wait, as `load` does)

    import typer  # noqa: PLC0415

    if asked:
        typer.echo(f"digit-agent {version('digit-agent')}")
        raise typer.Exit


def in_journal(stream: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream goes into systemd's journal; systemd.exec(5) on JOURNAL_STREAM."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # it is closed, or no file: io.UnsupportedOperation is one, too
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _open_streams() -> None:
    """Have all three streams, and a stdout that takes every character.

    The number of a stream that is closed would go to the next file that is opened, a database say, and with it
    whatever a library prints. A terminal may know no `µ`, and a file's name may hold bytes that are no text.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it takes the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _end(number: int, _: object) -> None:
    """SIGTERM unwinds as Ctrl-C does: the cursor is shown again, children end, and unfinished files go."""
    sys.exit(128 + number)


def _fail(name: str, message: str, code: int) -> None:
    sys.stderr.write(f"{ERROR if in_journal(sys.stderr) else ''}{name}: {message}\n")
    sys.exit(code)
