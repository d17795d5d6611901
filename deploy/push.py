"""Carrying a bundle to one board over ssh, and installing it there in the same breath.

One connection does both: the bundle goes in on stdin, what the board's own `digit-deploy install` says comes back. A
link that is cut leaves a bundle that is too short, which the board refuses; one that is cut later leaves the install to
go on alone. Keys, ports and jump hosts are the system's ssh's business: `~/.ssh/config`.
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
"""Asks nothing, shares no connection that may be dead, and notices a dead link in six seconds: ssh_config(5)."""
INSTALL_S = 3600.0
"""An agent of its own takes a slow SD card many minutes to install, and a Jetson to build its engines."""
_LINK_FAILED, _NOT_FOUND = 255, 127
_ON_BOARD = """\
file=$(mktemp /var/tmp/digit-deploy.XXXXXXXX) || exit
trap 'rm -f "$file"' EXIT
cat > "$file" || exit
[ "$(id -u)" = 0 ] || sudo=yes
${sudo:+sudo -n} digit-deploy install --json %s "$file"
"""
_HOST = re.compile(r"[^-\s]\S*")


@dataclass(frozen=True)
class Push:
    """What became of a bundle on one board."""

    host: str
    version: str
    """In use there now."""
    changed: bool
    """False where it was in use already."""
    previous: str | None
    """In use before; None where that was what shipped with the agent."""


class _Outcome(msgspec.Struct):
    """What the board's `digit-deploy install --json` says, as far as it matters here."""

    changed: bool
    version: str
    previous: str | None = None


def push(
    bundle: Path, host: str, *, allow_downgrade: bool = False, ssh: Sequence[str] = SSH, timeout_s: float = INSTALL_S
) -> Push:
    """Install a bundle on a board, which goes back by itself where it does not work.

    Args:
        bundle: the file.
        host: as ssh knows it: a name of `~/.ssh/config`, `user@address`.
        allow_downgrade: also where a newer version is in use.
        ssh: the program and its options.
        timeout_s: how long all of it may take, in seconds.

    Raises:
        UsageError: the host is no host's name.
        BundleError: the bundle cannot be read here.
        InstallError: the board cannot be reached, or it refused the bundle or took it back; the message says why.
    """
    if not _HOST.fullmatch(host):
        raise UsageError(f"{host!r} is no host; name it as for ssh: board7, or pi@192.168.1.7")
    script = _ON_BOARD % ("--allow-downgrade" if allow_downgrade else "")
    try:
        with bundle.open("rb") as content:
            done = subprocess.run(
                [*ssh, "--", host, f"sh -c {shlex.quote(script)}"],
                stdin=content, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InstallError(f"{host} was not done in {timeout_s:g} s; see 'digit-deploy history' there") from None
    except FileNotFoundError as error:
        if error.filename != str(bundle):
            raise InstallError(f"{ssh[0]} is not installed; install the system's OpenSSH client") from None
        raise BundleError(f"there is no {bundle}; make it with 'digit-deploy bundle'") from None
    except OSError as error:
        raise BundleError(f"{bundle} cannot be read ({error.strerror}); check its permissions") from error
    if done.returncode:
        raise InstallError(_why(host, done))
    try:
        told = msgspec.json.decode(done.stdout, type=_Outcome)
    except msgspec.MsgspecError as error:
        raise InstallError(
            f"{host} says what this version does not understand ({error}); update digit-agent there"
        ) from error
    return Push(host, told.version, told.changed, told.previous)


def _why(host: str, done: subprocess.CompletedProcess[str]) -> str:
    """Why a push failed, in one line."""
    said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1].strip()
    if done.returncode == _LINK_FAILED:
        return f"{host} cannot be reached, or its link broke ({said}); try 'ssh {host} true', then push again"
    if done.returncode == _NOT_FOUND or "digit-deploy: command not found" in said:
        return f"{host} has no digit-deploy where ssh finds it; link it into /usr/local/bin there"
    if said.startswith("sudo:"):
        return f"{host} wants a password for sudo ({said}); push as root, or allow digit-deploy in its sudoers"
    return f"{host}: {said.removeprefix('digit-deploy: ')}"
