"""Control of the board, its service and its agent during an installation, through commands."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.command import last_line, run, run_unchecked
from deploy.health import HealthTarget, await_health, read_health
from profiles.errors import InstallError
from profiles.health import HEALTH_FILE

SERVICE = "digit-agent"
RESTART = (("systemctl", "reset-failed", SERVICE), ("systemctl", "restart", SERVICE))
"""Commands that restart the service. Without the first, systemd refuses a start after too many failures."""
QUICK_S = 60.0
"""Longest time for a quick command, in seconds."""
CHECK_S = 1200.0
"""Longest time for testing artifacts, in seconds. It includes the time in which TensorRT builds its engines."""
RESTART_S = 1200.0
"""Longest time for a restart, in seconds; longer than `TimeoutStartSec=` of the service."""


@dataclass(frozen=True)
class BoardControl:
    """How an installation reaches the board, its service and its agent."""

    board: str
    """Name of the profile of the board."""
    agent: Path
    """The `digit-agent` that the service was installed with. A bundle may contain another one."""
    frames: int
    """Number of frames that the agent must finish without a fault. Then the new version is kept.

    With 0, the new version is kept as soon as the service is ready.
    """
    timeout_s: float
    """Longest wait for these frames, in seconds."""
    check: tuple[str, ...] | None = None
    """Command that tests the artifacts in the folder appended to it; None uses `digit-agent doctor`."""
    restart: tuple[tuple[str, ...], ...] = RESTART
    """Commands that restart the service, in order. The last one succeeds when the service is ready."""
    health: Path = HEALTH_FILE
    """Health file of the agent."""


class _Check(msgspec.Struct):
    state: str
    what: str


class _Doctor(msgspec.Struct):
    """The fields of `digit-agent doctor --json` that are used here."""

    checks: list[_Check]
    roles: dict[str, bool] = {}
    """Whether an artifact of each role works; older agents do not report it."""


def agent_version(agent: Path) -> str:
    """Return the version of an agent.

    Raises:
        InstallError: the agent cannot be run.
    """
    words = run([str(agent), "--version"], QUICK_S).split()
    if not words:
        raise InstallError(f"{agent} does not print its version", advice="install digit-agent again")
    return words[-1]


def check_artifacts(machine: BoardControl, agent: Path, artifacts: Path) -> None:
    """Let the agent that will use the artifacts test them with their golden vectors.

    Raises:
        InstallError: a role has no artifact that works on this board.
    """
    if machine.check is not None:
        run([*machine.check, str(artifacts)], CHECK_S)
        return
    done = run_unchecked([str(agent), "doctor", "--json", "--artifacts", str(artifacts)], CHECK_S)
    if wrong := _diagnosis(done):
        raise InstallError(f"the artifacts do not work here: {wrong}")


def restart(machine: BoardControl) -> None:
    """Restart the service and wait until it is ready.

    Raises:
        InstallError: the service does not start.
    """
    *before, last = machine.restart
    for command in before:
        run_unchecked(command, RESTART_S)
    run(last, RESTART_S)


def restart_and_watch(machine: BoardControl, artifacts: Path, agent: str | None) -> None:
    """Restart the service and wait until it has worked without a fault for some frames.

    Args:
        machine: controls the board.
        artifacts: folder of artifacts that the agent must use.
        agent: version that the agent must have; None accepts any.

    Raises:
        InstallError: the service does not start, does not work, or is not the installed one.
    """
    before = read_health(machine.health)
    restart(machine)
    if machine.frames:
        wanted = HealthTarget(str(artifacts.resolve()), agent, machine.frames, before.pid if before else None)
        await_health(machine.health, wanted, machine.timeout_s)


def _diagnosis(done: subprocess.CompletedProcess[str]) -> str:
    """Return the problems that the agent's doctor found, or an empty string.

    A role without a working artifact is a problem, even if the agent can read without it, as without a verifier.
    """
    try:
        report = msgspec.json.decode(done.stdout, type=_Doctor)
    except (msgspec.MsgspecError, RecursionError):
        return last_line(done)
    failed = [check.what for check in report.checks if check.state == "fail"]
    unusable = [f"no {role} works on any runtime" for role, works in report.roles.items() if not works]
    return "; ".join(failed or unusable) or (last_line(done) if done.returncode else "")
