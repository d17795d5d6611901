"""The health file: the agent writes it, `digit-deploy` reads it to decide whether a new version works.

`systemctl restart` succeeds only after the agent has sent READY=1: after its first frame, or when it starts to wait for
an absent camera. From then on the agent keeps a small JSON file in RAM, `$RUNTIME_DIRECTORY/health.json`. Under systemd
this is `/run/digit-agent/health.json`:

    {"pid": 812, "version": "0.1.0", "artifacts": "/var/lib/digit-deploy/slots/b/artifacts",
     "frames": 120, "faults": 0, "fault": ""}

The agent replaces the file by renaming: with the first frame, then at most once every `WRITE_PERIOD_S`, and with each
fault, even before the first frame. It writes no file if `$RUNTIME_DIRECTORY` is not set. systemd removes the file and
its folder when the service stops.
"""

from __future__ import annotations

import msgspec

from profiles.paths import RUNTIME_FOLDER

FILE_NAME = "health.json"
HEALTH_FILE = RUNTIME_FOLDER / FILE_NAME
"""Path of the health file of the systemd service."""
WRITE_PERIOD_S = 0.5
"""Shortest time between two writes without a fault, in seconds. Chosen by trial."""


class Health(msgspec.Struct, frozen=True):
    """Content of the health file. A reader ignores fields that it does not know."""

    pid: int
    """Process ID of the agent. If it changes, the agent has ended and was started again."""
    version: str
    """Version of the agent, as in `digit-agent --version`."""
    artifacts: str
    """Folder of the artifacts in use, absolute and without symbolic links, so that it names the slot."""
    frames: int
    """Frames finished since the start, unchanged ones included."""
    faults: int
    """Faults since the start: a failed camera, a failed sink, a refused reload."""
    fault: str = ""
    """Message of the latest fault; empty if there was none."""
