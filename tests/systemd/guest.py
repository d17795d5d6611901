"""A Debian system in a container, with systemd as its first process and the agent as its service."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.systemd.image import mounted

BOOT_S, POWER_OFF_S, PERIOD_S = 90.0, 40.0, 0.2
T = TypeVar("T")


@dataclass(frozen=True)
class Guest:
    """A running system that stands for a board.

    Attributes:
        name: host name.
        root: its root folder, as a path on this machine.
        leader: process number of its first process on this machine.
    """

    name: str
    root: Path
    leader: int

    def run(self, *argv: str | Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program as root; it may fail."""
        inside = ["nsenter", f"--target={self.leader}", "--all", "env", "-i", "PATH=/usr/local/bin:/usr/bin:/usr/sbin"]
        return subprocess.run(
            [*inside, *map(str, argv)], capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def sh(self, *argv: str | Path, timeout_s: float = 120) -> str:
        """Run a program as root and return its output; fail if the program fails."""
        done = self.run(*argv, timeout_s=timeout_s)
        assert done.returncode == 0, f"{' '.join(map(str, argv))}: {done.stderr or done.stdout}\n{self.journal()}"
        return done.stdout

    def show(self, *properties: str, unit: str = "digit-agent.service") -> dict[str, str]:
        """Return properties of a unit."""
        lines = self.sh("systemctl", "show", unit, f"--property={','.join(properties)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self, unit: str = "digit-agent") -> str:
        """Return the journal of a unit."""
        return self.run("journalctl", "--no-pager", "--output=short-monotonic", f"--unit={unit}").stdout

    def running(self) -> int | None:
        """Return the process number of the service; None if it is not ready."""
        shown = self.show("ActiveState", "MainPID")
        return int(shown["MainPID"]) if shown["ActiveState"] == "active" else None

    def wait_for(self, what: str, look: Callable[[], T | None], timeout_s: float) -> T:
        """Call `look` until it does not return None, and return its result.

        Raises:
            AssertionError: it returned None for `timeout_s` seconds.
        """
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if (found := look()) is not None:
                return found
            time.sleep(PERIOD_S)
        raise AssertionError(f"{self.name}: no {what} within {timeout_s:g} s\n{self.journal()}")

    def await_ready(self, *, other_than: int | None = None, timeout_s: float = 90) -> int:
        """Wait until the service is ready in another process than `other_than`; return its process number."""

        def look() -> int | None:
            process = self.running()
            return None if process == other_than else process

        return self.wait_for("service that is ready", look, timeout_s)


@contextmanager
def booted(
    layers: Sequence[Path], upper: Path, name: str, *, network: Path | None = None, prepare: Callable[[Path], None]
) -> Iterator[Guest]:
    """Boot a system from these layers, and power it off at the end of the block.

    Args:
        layers: read-only folders that its root is made of.
        upper: folder for the files that it writes.
        name: host name.
        network: network namespace; None creates one without connection.
        prepare: called with its root folder before it boots.
    """
    with mounted(layers, upper) as root:
        (root / "etc/hostname").write_text(f"{name}\n")
        prepare(root)
        console = upper.with_name(f"{upper.name}.console").open("w")
        network_options = [f"--network-namespace-path={network}"] if network else ["--private-network"]
        command = ["systemd-nspawn", "--quiet", f"--directory={root}", f"--machine={name}", "--register=no"]
        with console, subprocess.Popen(
            [*command, "--keep-unit", "--console=pipe", "--boot", *network_options],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
        ) as process:  # fmt: skip
            guest = _first_process(process, name, root)
            try:
                guest.wait_for("system that is up", lambda: _is_up(guest), BOOT_S)
                yield guest
            finally:
                _power_off(guest, process)


def _first_process(process: subprocess.Popen[bytes], name: str, root: Path) -> Guest:
    """Wait until systemd answers, and return the running system."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline_s = time.monotonic() + BOOT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        for leader in children.read_text().split():
            guest = Guest(name, root, int(leader))
            if guest.run("systemctl", "is-system-running").stdout.strip() not in {"", "unknown", "offline"}:
                return guest
        time.sleep(PERIOD_S)
    process.kill()
    raise AssertionError(f"{name} did not boot: {root.with_suffix('.console').read_text()}")


def _is_up(guest: Guest) -> bool | None:
    """Return True if no unit except the agent is still starting, else None."""
    jobs = guest.run("systemctl", "list-jobs", "--no-legend", "--plain").stdout.splitlines()
    return all("digit-agent" in job or "multi-user" in job or "graphical" in job for job in jobs) or None


def _power_off(guest: Guest, process: subprocess.Popen[bytes]) -> None:
    guest.run("systemctl", "poweroff")
    try:
        process.wait(POWER_OFF_S)
    except subprocess.TimeoutExpired:
        process.kill()
