"""Script for the virtual machine: the agent reads a camera that is unplugged and plugged in again.

vivid is the kernel's virtual video driver, https://www.kernel.org/doc/html/latest/admin-guide/media/vivid.html. After
its control `disconnect` is set, all calls of the device fail with ENODEV until it is closed. The result is printed as
one line of JSON after "result: ".
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
"""Module parameters: one device that only captures video."""
HEALTH = Path("/run/agent/health.json")
AGENT_LOG = Path("/run/agent/log")
UNPLUGGED_S = 4.0
TIMEOUT_S = 240.0


def main() -> None:
    """Plug the camera in, read, unplug it, wait, plug it in again, and read."""
    *dependencies, vivid = sorted(Path("/modules").iterdir())
    for module in dependencies:
        subprocess.run(["busybox", "insmod", str(module)], check=True)
    plug_in(vivid)
    HEALTH.parent.mkdir()
    code = "from agent.cli import main; main()"
    options = ("--camera", "0", "--artifacts", "/artifacts", "--no-log", "--no-dashboard", "--width", "320")
    with AGENT_LOG.open("w") as log:
        agent = subprocess.Popen(
            ["/usr/bin/python3.11", "-c", code, "run", *options],
            env={**os.environ, "RUNTIME_DIRECTORY": str(HEALTH.parent)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        before = until(lambda: health("frames"), at_least=3)
        subprocess.run(["v4l2-ctl", "-d", str(CAMERA), "-c", "disconnect=1"], check=True)
        until(lambda: health("faults"), at_least=1)
        unplug()
        gone = not CAMERA.exists()
        time.sleep(UNPLUGGED_S)
        while_unplugged = health("frames")
        plug_in(vivid)
        after = until(lambda: health("frames"), at_least=while_unplugged + 3)
        agent.terminate()
        code_at_end = agent.wait(TIMEOUT_S)
    result = {"before": before, "gone": gone, "while_unplugged": while_unplugged, "after": after, "code": code_at_end}
    sys.stdout.write(f"result: {json.dumps({**result, 'log': AGENT_LOG.read_text()})}\n")


def plug_in(vivid: Path) -> None:
    subprocess.run(["busybox", "insmod", str(vivid), *VIVID], check=True)
    until(CAMERA.exists, at_least=1)


def unplug() -> None:
    """Remove the driver as soon as no process has the camera open."""
    command = ["busybox", "rmmod", "vivid"]
    until(lambda: not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode, at_least=1)


def health(field: str) -> int:
    """Return a number from the agent's health file; 0 before the file exists."""
    return int(json.loads(HEALTH.read_text())[field]) if HEALTH.exists() else 0


def until(value: Callable[[], int], at_least: int) -> int:
    """Wait until a value reaches `at_least`.

    Raises:
        TimeoutError: it did not within `TIMEOUT_S`.
    """
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if (now := value()) >= at_least:
            return now
        time.sleep(0.2)
    output = AGENT_LOG.read_text() if AGENT_LOG.exists() else "none"
    raise TimeoutError(f"no change within {TIMEOUT_S:g} s; output of the agent: {output}")


if __name__ == "__main__":
    main()
