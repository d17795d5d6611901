"""What an install reaches beyond its own folder: the board, its service and its agent, all through commands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.health import HEALTH_FILE, Wanted, await_health, read_health
from profiles.errors import InstallError

SERVICE = "digit-agent"
RESTART = (("systemctl", "reset-failed", SERVICE), ("systemctl", "restart", SERVICE))
"""Without the first, a version that ended too often leaves systemd unwilling to start the one before it."""
QUICK_S = 60.0
CHECK_S = 1200.0
"""For golden vectors; TensorRT builds its engines meanwhile."""
RESTART_S = 1200.0
"""Longer than the service's own TimeoutStartSec=."""


@dataclass(frozen=True)
class Machine:
    """A board, as an install sees it."""

    board: str
    """The name of its profile."""
    agent: Path
    """The `digit-agent` that the service came with; a bundle may bring another."""
    check: tuple[str, ...] | None = None
    """Tries the artifacts in the folder that is added to it, and fails where they do not work; None asks the agent."""
    restart: tuple[tuple[str, ...], ...] = RESTART
    """Commands that start the service again, one after the other; the last one succeeds when it is ready."""
    health: Path = HEALTH_FILE
    frames: int = 30
    """To see without a fault before a version is kept; 0 only waits until the service is ready."""
    timeout_s: float = 120.0
    """For those frames."""


class _Check(msgspec.Struct):
    name: str
    state: str
    what: str


class _Doctor(msgspec.Struct):
    """What `digit-agent doctor --json` says, as far as it matters here."""

    checks: list[_Check]


def agent_version(agent: Path) -> str:
    """The version that an agent says it is.

    Raises:
        InstallError: it cannot be run.
    """
    said = run([str(agent), "--version"], QUICK_S).split()
    if not said:
        raise InstallError(f"{agent} does not say its version; install digit-agent again")
    return said[-1]


def check_artifacts(machine: Machine, agent: Path, artifacts: Path) -> None:
    """Have the agent that will use them try all artifacts with their golden vectors.

    Raises:
        InstallError: there is a role for which none of them works here.
    """
    if machine.check is not None:
        run([*machine.check, str(artifacts)], CHECK_S)
        return
    done = _run([str(agent), "doctor", "--json", "--artifacts", str(artifacts)], CHECK_S)
    if wrong := _diagnosis(done):
        raise InstallError(f"the artifacts do not work here: {wrong}")


def restart(machine: Machine) -> None:
    """Start the service again, and wait until it is ready.

    Raises:
        InstallError: it does not come up.
    """
    *before, last = machine.restart
    for command in before:
        _run(command, RESTART_S)
    run(last, RESTART_S)


def restart_and_watch(machine: Machine, artifacts: Path, agent: str | None) -> None:
    """Start the service again, and wait until it worked well for a while.

    Args:
        machine: says how.
        artifacts: what it must read with.
        agent: the version that it must be; None does not care.

    Raises:
        InstallError: it does not come up, does not work, or is not what was installed.
    """
    before = read_health(machine.health)
    restart(machine)
    if machine.frames:
        wanted = Wanted(str(artifacts.resolve()), agent, machine.frames, before.pid if before else None)
        await_health(machine.health, wanted, machine.timeout_s)


def run(command: Sequence[str], timeout_s: float) -> str:
    """What a command prints.

    Raises:
        InstallError: it cannot be run, fails, or takes too long.
    """
    done = _run(command, timeout_s)
    if done.returncode:
        raise InstallError(f"{_title(command)} failed with exit code {done.returncode}: {_last_line(done)}")
    return done.stdout


def _run(command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    # A program that systemd or ssh starts may have no HOME, without which the agent knows no place for its cache.
    environ = {"HOME": "/root", **os.environ}
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            env=environ,
        )
    except OSError as error:
        raise InstallError(f"{command[0]} cannot be run ({error.strerror}); install it, or name another") from error
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{_title(command)} did not end in {timeout_s:g} s; see its log") from error


def _diagnosis(done: subprocess.CompletedProcess[str]) -> str:
    """What the agent's doctor does not let pass, in words; empty where all is well.

    A role for which no artifact works is only a warning to the doctor where the agent can read without it, as without
    a verifier; a bundle that brings such a one is not what it was meant to be.
    """
    try:
        checks = msgspec.json.decode(done.stdout, type=_Doctor).checks
    except msgspec.MsgspecError:
        return _last_line(done)
    wrong = [
        check.what for check in checks if check.state == "fail" or (check.name, check.state) == ("runtimes", "warn")
    ]
    return "; ".join(wrong) or (_last_line(done) if done.returncode else "")


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1].strip()


def _title(command: Sequence[str]) -> str:
    return " ".join(command)
