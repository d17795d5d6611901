"""Runs in the guest: the agent reads from a camera that is unplugged while it does, stays away, and comes back.

vivid is the kernel's virtual video driver, https://www.kernel.org/doc/html/latest/admin-guide/media/vivid.html: its
control `disconnect` makes the device answer ENODEV to everything until it is closed. What was seen is printed as one
line of JSON, after "told: ".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CAMERA = Path("/dev/video0")
VIVID = ("n_devs=1", "node_types=0x1")
"""One device that only captures video."""
HEALTH = Path("/run/agent/health.json")
SAID = Path("/run/agent/said")
AWAY_S = 4.0
PATIENCE_S = 240.0


def main() -> None:
    """Plug in, read, unplug, wait, plug in again, read."""
    *needs, vivid = sorted(Path("/modules").iterdir())
    for module in needs:
        subprocess.run(["busybox", "insmod", str(module)], check=True)
    plug_in(vivid)
    HEALTH.parent.mkdir()
    code = "from agent.cli import main; main()"
    options = ("--camera", "0", "--artifacts", "/artifacts", "--no-log", "--no-dashboard", "--width", "320")
    with SAID.open("w") as said:
        agent = subprocess.Popen(
            ["/usr/bin/python3.11", "-c", code, "run", *options],
            env={**os.environ, "RUNTIME_DIRECTORY": str(HEALTH.parent)},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        before = until(lambda: health("frames"), at_least=3)
        subprocess.run(["v4l2-ctl", "-d", str(CAMERA), "-c", "disconnect=1"], check=True)
        until(lambda: health("faults"), at_least=1)
        unplug()
        gone = not CAMERA.exists()
        time.sleep(AWAY_S)
        while_away = health("frames")
        plug_in(vivid)
        after = until(lambda: health("frames"), at_least=while_away + 3)
        agent.terminate()
        code_at_end = agent.wait(PATIENCE_S)
    told = {"before": before, "gone": gone, "while_away": while_away, "after": after, "code": code_at_end}
    sys.stdout.write(f"told: {json.dumps({**told, 'said': SAID.read_text()})}\n")


def plug_in(vivid: Path) -> None:
    subprocess.run(["busybox", "insmod", str(vivid), *VIVID], check=True)
    until(CAMERA.exists, at_least=1)


def unplug() -> None:
    """Take the driver out, as soon as nobody has the camera open."""
    command = ["busybox", "rmmod", "vivid"]
    until(lambda: not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode, at_least=1)


def health(field: str) -> int:
    """A number of the agent's health file; 0 before it is written."""
    return int(json.loads(HEALTH.read_text())[field]) if HEALTH.exists() else 0


def until(value: Callable[[], int], at_least: int) -> int:
    """Wait until a value is so large."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (now := value()) >= at_least:
            return now
        time.sleep(0.2)
    raise TimeoutError(f"waited {PATIENCE_S:g} s; the agent said: {SAID.read_text() if SAID.exists() else 'nothing'}")


if __name__ == "__main__":
    main()
