"""How every command of ours ends: with its exit code, and one clear line instead of a traceback."""

from __future__ import annotations

import errno
import os
import sys
from importlib.metadata import version as installed_version

import typer

from profiles.errors import DigitAgentError

INTERRUPTED = 130


def run_app(app: typer.Typer, name: str) -> None:
    """Run a command line and exit: 0 done, 1 failed, 2 wrong use, 130 interrupted.

    What a user can cause ends in one line on stderr; anything else is our mistake and keeps its traceback. Where
    the reader of stdout wants no more, the command is done.
    """
    try:
        app()
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
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        _fail(name, f"{error.filename or 'output'}: {os.strerror(error.errno)}; free space or choose another place", 1)


def show_version(asked: bool) -> None:
    """Callback of `--version`: print the distribution's version and exit."""
    if asked:
        typer.echo(f"digit-agent {installed_version('digit-agent')}")
        raise typer.Exit


def _fail(name: str, message: str, code: int) -> None:
    typer.echo(f"{name}: {message}", err=True)
    sys.exit(code)
