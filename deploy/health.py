"""Waiting until the agent is healthy: until it has finished enough frames in a row without a fault."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from profiles.errors import InstallError
from profiles.foreign_text import show
from profiles.health import Health
from profiles.regular_file import read_regular_file

MAX_BYTES = 2**16
"""Largest health file that is read, in bytes. The agent writes less than a thousand."""
POLL_PERIOD_S = 0.25
"""Time between two reads of the health file, in seconds. Chosen by trial."""


@dataclass(frozen=True)
class HealthTarget:
    """Content of the health file that counts as healthy."""

    artifacts: str
    version: str | None
    """Version that the agent must have; None accepts any."""
    frames: int
    """Number of frames in a row that must be finished without a fault."""
    not_pid: int | None
    """Process that ran before; its file is ignored."""


def read_health(path: Path) -> Health | None:
    """Read the health file; None if there is none yet, as before the first frame, or if it is damaged.

    The service's user owns the file and its folder, so anything can be there: a link, a pipe, endless data.
    """
    try:
        return msgspec.json.decode(read_regular_file(path, MAX_BYTES, follow_links=False), type=Health)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def await_health(
    path: Path,
    wanted: HealthTarget,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until the agent has finished enough frames in a row without a fault.

    Args:
        path: health file of the agent.
        wanted: content that counts as healthy.
        timeout_s: longest wait, in seconds.
        clock: current time, in seconds.
        sleep: waits for a number of seconds.

    Raises:
        InstallError: another agent runs than the installed one, the agent was started again, or the time is over.
    """
    deadline_s, latest, since = clock() + timeout_s, None, 0
    while clock() < deadline_s:
        health = read_health(path)
        if health is not None and health.pid != wanted.not_pid:
            _refuse_another(health, wanted, latest)
            if health.faults != (latest.faults if latest else 0):
                since = health.frames
            latest = health
            if health.frames - since >= wanted.frames:
                return
        sleep(POLL_PERIOD_S)
    fault = f", and its latest fault was: {show(latest.fault)}" if latest and latest.faults else ""
    raise InstallError(
        f"the agent finished {latest.frames - since if latest else 0} frames in a row without a fault in {timeout_s:g} "
        f"s, instead of {wanted.frames}{fault}",
        advice="see its log",
    )


def _refuse_another(health: Health, wanted: HealthTarget, latest: Health | None) -> None:
    """Check that this is the installed agent and still the same process."""
    if latest is not None and health.pid != latest.pid:
        raise InstallError(f"the agent ended after {latest.frames} frames and was restarted", advice="see its log")
    if health.artifacts != wanted.artifacts:
        raise InstallError(
            f"the agent uses {show(health.artifacts)} instead of {wanted.artifacts}",
            advice="remove --artifacts from its options",
        )
    if wanted.version is not None and health.version != wanted.version:
        raise InstallError(
            f"the service runs agent {show(health.version)} instead of {wanted.version}",
            advice="let it start current/agent/bin/digit-agent: run digit-agent service install",
        )
