"""Run other programs as root, so that no other user decides what they do.

They start in `/` with few environment variables: Python would import modules from the current folder, from `PYTHONPATH`
and from the home folder of whoever called `sudo`. The files that they make are readable by the service's user.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence

from profiles.errors import InstallError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Folders in which programs are looked for: those that only root can change (the default of sudo's `secure_path`)."""
UMASK = 0o022
"""All users can read what a program writes, and only root can change it."""


def run(command: Sequence[str], timeout_s: float) -> str:
    """Run a command and return its output.

    Raises:
        InstallError: the command cannot be run, fails, or takes too long.
    """
    done = run_unchecked(command, timeout_s)
    if done.returncode:
        raise InstallError(f"{_title(command)} failed with exit code {done.returncode}: {last_line(done)}")
    return done.stdout


def run_unchecked(command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail.

    Raises:
        InstallError: the command cannot be run, or takes too long.
    """
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            cwd="/",
            env=_environment(),
            umask=UMASK,
        )
    except OSError as error:
        raise InstallError(
            f"{command[0]} cannot be run ({error.strerror})", advice="install it, or name another"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{_title(command)} did not end in {timeout_s:g} s", advice="see its log") from error


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a command wrote, on stderr if it wrote there."""
    return (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1].strip()


def _environment() -> Mapping[str, str]:
    """Return the environment of a command. Its home folder is that of the user that runs it, for the agent's cache."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = "/"
    return {"HOME": home, "PATH": PATH, "LANG": "C.UTF-8", "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"}


def _title(command: Sequence[str]) -> str:
    return " ".join(command)
