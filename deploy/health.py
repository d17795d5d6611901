"""How the agent tells that it works, and waiting until it does.

The contract has two halves. `systemctl restart` ends well only after the agent sent READY=1, when its first frame is
finished or waited for. From then on the agent keeps a small JSON file in RAM, `$RUNTIME_DIRECTORY/health.json`, which
under systemd is `/run/digit-agent/health.json`:

    {"pid": 812, "version": "0.1.0", "artifacts": "/var/lib/digit-deploy/slots/b/artifacts",
     "frames": 120, "faults": 0, "fault": ""}

- `pid`: the agent's process; another one means that the agent ended and was started again.
- `version`: the agent's, as `digit-agent --version` says it.
- `artifacts`: the folder that it reads with, absolute and without symbolic links, so that it names the slot.
- `frames`: frames finished since it started; unchanged ones count.
- `faults`: errors since it started: a camera that failed, a sink that failed, a reload that was refused.
- `fault`: the latest one in plain words; empty where there was none.

It is replaced by renaming, with the first frame, then at most every half second, and with each fault, even where no
frame is finished. No file is written where `$RUNTIME_DIRECTORY` is not set. systemd removes it with the folder when
the service stops.

The agent counts as healthy when it finished so many frames in a row without a fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from profiles.errors import InstallError

HEALTH_FILE = Path("/run/digit-agent/health.json")
PERIOD_S = 0.25


class Health(msgspec.Struct, frozen=True):
    """What the agent says of itself; what a newer agent says beyond it is ignored."""

    pid: int
    version: str
    artifacts: str
    frames: int
    faults: int
    fault: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the agent must say before it counts as healthy."""

    artifacts: str
    version: str | None
    """None does not care."""
    frames: int
    """In a row without a fault."""
    not_pid: int | None
    """The process that ran before, which counts no more."""


def read_health(path: Path) -> Health | None:
    """What the agent says; None where it says nothing, as before its first frame."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Health)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def await_health(
    path: Path,
    wanted: Wanted,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until the agent finished so many frames in a row without a fault.

    Args:
        path: the file that the agent keeps.
        wanted: what it must say.
        timeout_s: how long to wait for that, in seconds.
        clock: seconds.
        sleep: waits for so many seconds.

    Raises:
        InstallError: it is not the agent that was installed, ended and was started again, or took too long.
    """
    deadline_s, latest, since = clock() + timeout_s, None, 0
    while clock() < deadline_s:
        seen = read_health(path)
        if seen is not None and seen.pid != wanted.not_pid:
            _refuse_another(seen, wanted, latest)
            if seen.faults != (latest.faults if latest else 0):
                since = seen.frames
            latest = seen
            if seen.frames - since >= wanted.frames:
                return
        sleep(PERIOD_S)
    fault = f", and its latest fault was: {latest.fault}" if latest and latest.faults else ""
    raise InstallError(
        f"the agent finished {latest.frames - since if latest else 0} frames in a row without a fault in {timeout_s:g} "
        f"s, of {wanted.frames} that were asked for{fault}; see its log"
    )


def _refuse_another(seen: Health, wanted: Wanted, latest: Health | None) -> None:
    """Pass where this is the agent that was installed, and still the same process."""
    if latest is not None and seen.pid != latest.pid:
        raise InstallError(f"the agent ended after {latest.frames} frames and was started again; see its log")
    if seen.artifacts != wanted.artifacts:
        raise InstallError(
            f"the agent reads with {seen.artifacts} instead of {wanted.artifacts}; take --artifacts out of its options"
        )
    if wanted.version is not None and seen.version != wanted.version:
        raise InstallError(
            f"the service runs agent {seen.version} instead of {wanted.version}; "
            "have it start current/agent/bin/digit-agent where that is there: digit-agent service install"
        )
