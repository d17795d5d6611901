"""How the agent tells that it works, and waiting until it does.

The contract has two halves. `systemctl restart` ends well only after the agent sent READY=1, with its first finished
frame. From then on the agent keeps a small JSON file in RAM, `$RUNTIME_DIRECTORY/health.json`, which under systemd is
`/run/digit-agent/health.json`:

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


def read_health(path: Path) -> Health | None:
    """What the agent says; None where it says nothing, as before its first frame."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Health)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def await_health(
    path: Path,
    artifacts: Path,
    *,
    frames: int,
    timeout_s: float,
    before: Health | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Health:
    """Wait until the agent finished so many frames in a row without a fault.

    Args:
        path: the file that the agent keeps.
        artifacts: the folder that it must read with.
        frames: how many, at least 1.
        timeout_s: how long to wait for them, in seconds.
        before: what the agent said before it was started again; what that process says counts no more.
        clock: seconds.
        sleep: waits for so many seconds.

    Raises:
        InstallError: it reads with another folder, ended and was started again, or took too long.
    """
    deadline_s, wanted = clock() + timeout_s, str(artifacts.resolve())
    first: Health | None = None
    since = 0
    latest: Health | None = None
    while clock() < deadline_s:
        seen = read_health(path)
        if seen is not None and (before is None or seen.pid != before.pid):
            if seen.artifacts != wanted:
                raise InstallError(
                    f"the agent reads with {seen.artifacts}, not with {wanted}; take --artifacts out of its options"
                )
            first = first or seen
            if seen.pid != first.pid:
                raise InstallError(f"the agent ended after {latest.frames if latest else 0} frames; see its log")
            if latest is None or seen.faults != latest.faults:
                since = seen.frames if seen.faults else 0
            latest = seen
            if seen.frames - since >= frames:
                return seen
        sleep(PERIOD_S)
    raise InstallError(f"{_progress(latest, since)} in {timeout_s:g} s, of {frames} that were asked for; see its log")


def _progress(latest: Health | None, since: int) -> str:
    if latest is None:
        return "the agent finished no frame"
    fault = f" (its latest: {latest.fault})" if latest.faults else ""
    return f"the agent finished {latest.frames - since} frames without a fault{fault}"
