"""Copy a bundle to a board over ssh and install it there, in one connection.

The bundle is sent on stdin; the output of the board's own `digit-deploy receive` comes back. If the connection breaks
during the copy, the bundle is too short and the board refuses it. If it breaks later, the installation continues
without it. Keys, ports and jump hosts are configured for ssh itself: `~/.ssh/config`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from profiles.errors import BundleError, InstallError, UsageError

SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ConnectTimeout=5",
       "-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=3")  # fmt: skip
"""The ssh command. It asks no questions, shares no old connection, and detects a dead one in six seconds
(ssh_config(5))."""
INSTALL_S = 3600.0
"""Longest time for an installation, in seconds: a slow SD card needs many minutes for an agent, a Jetson for
engines."""
_SSH_FAILED = 255
"""Exit code of ssh when the connection failed (ssh(1))."""
_NOT_FOUND = 127
"""Exit code of a shell when the command does not exist."""
_ON_BOARD = """\
[ "$(id -u)" = 0 ] || sudo=yes
exec ${sudo:+sudo -n} digit-deploy %s
"""
_RECEIVE, _RECEIVE_OLDER = "receive", "install --json --allow-downgrade -"
"""Sub-commands on the board. The first has no options, so that a line in sudoers can allow it and nothing else."""
_HOST = re.compile(r"[^-\s]\S*")


@dataclass(frozen=True)
class PushResult:
    """Result of an installation on one board."""

    host: str
    version: str
    """Version that the board uses now."""
    changed: bool
    """Whether the version was installed now; False if the board used it already."""
    previous: str | None
    """Version that was in use before; None means the version that shipped with the agent."""


class _InstallOutput(msgspec.Struct):
    """The fields of `digit-deploy install --json` that are used here."""

    changed: bool
    version: str
    previous: str | None = None


def push(
    bundle: Path, host: str, *, allow_downgrade: bool = False, ssh: Sequence[str] = SSH, timeout_s: float = INSTALL_S
) -> PushResult:
    """Install a bundle on a board. The board goes back by itself if the bundle does not work.

    Args:
        bundle: path of the bundle on this machine.
        host: a name for ssh: from `~/.ssh/config`, or `user@address`.
        allow_downgrade: also install if a newer version is in use.
        ssh: the ssh program and its options.
        timeout_s: longest time for copy and installation, in seconds.

    Raises:
        UsageError: the host is not valid.
        BundleError: the bundle cannot be read here.
        InstallError: the board cannot be reached, refused the bundle, or went back; the message gives the reason.
    """
    if not _HOST.fullmatch(host):
        raise UsageError(f"{host!r} is not a host name", advice="name it as for ssh: board7, or pi@192.168.1.7")
    script = _ON_BOARD % (_RECEIVE_OLDER if allow_downgrade else _RECEIVE)
    try:
        with bundle.open("rb") as content:
            done = subprocess.run(
                [*ssh, "--", host, f"sh -c {shlex.quote(script)}"],
                stdin=content, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InstallError(
            f"{host} was not ready after {timeout_s:g} s", advice="see 'digit-deploy history' there"
        ) from None
    except FileNotFoundError as error:
        if error.filename != str(bundle):
            raise InstallError(f"{ssh[0]} is not installed", advice="install the system's OpenSSH client") from None
        raise BundleError(f"{bundle} does not exist", advice="make it with 'digit-deploy bundle'") from None
    except OSError as error:
        raise BundleError(f"{bundle} cannot be read ({error.strerror})", advice="check its permissions") from error
    if done.returncode:
        raise _explain_failure(host, done)
    try:
        output = msgspec.json.decode(done.stdout, type=_InstallOutput)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InstallError(
            f"this version does not understand the answer of {host} ({error})", advice="update digit-agent there"
        ) from error
    return PushResult(host, output.version, output.changed, output.previous)


def _explain_failure(host: str, done: subprocess.CompletedProcess[str]) -> InstallError:
    """Return an error with the reason of a failed push."""
    answer = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1].strip()
    if done.returncode == _SSH_FAILED:
        return InstallError(
            f"{host} cannot be reached, or the connection broke ({answer})",
            advice=f"try 'ssh {host} true', then push again",
        )
    if done.returncode == _NOT_FOUND or "digit-deploy: command not found" in answer:
        return InstallError(
            f"{host} has no digit-deploy on the PATH that ssh uses", advice="link it into /usr/local/bin there"
        )
    if "No such command" in done.stderr:
        return InstallError(f"{host} has an older digit-agent, which cannot receive", advice="update digit-agent there")
    if answer.startswith("sudo:"):
        return InstallError(
            f"{host} asks for a password for sudo ({answer})",
            advice="push as root, or allow 'digit-deploy receive' in its sudoers",
        )
    return InstallError(f"{host}: {answer.removeprefix('digit-deploy: ')}")
