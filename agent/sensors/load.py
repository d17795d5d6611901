"""How busy the machine is: processors and memory, from Linux's /proc.

Source: proc_stat(5) and proc_meminfo(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.sources import read_text


@dataclass(frozen=True)
class Load:
    """One sample of the machine's load; None is a value that cannot be read."""

    cpu: float | None = None
    """Share of all cores' time that was used since the previous sample, 0..1; None in the first sample."""
    memory: float | None = None
    """Share of the memory that is not available to programs any more, 0..1."""
    memory_bytes: int = 0
    """Memory of the machine, in bytes; 0 if it cannot be read."""


class LoadReader:
    """Reads the load; each reader remembers its own previous sample.

    Args:
        root: folder that contains `proc`.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._proc = root / "proc"
        self._previous = self._cpu_times()

    def __call__(self) -> Load:
        """Read the load now."""
        before, self._previous = self._previous, self._cpu_times()
        busy, total = (now - then for now, then in zip(self._previous, before, strict=True))
        memory = dict(re.findall(r"^(\w+): +(\d+) kB$", read_text(self._proc / "meminfo") or "", re.MULTILINE))
        total_kb, available_kb = int(memory.get("MemTotal", 0)), memory.get("MemAvailable")
        return Load(
            cpu=busy / total if total > 0 else None,
            memory=1 - int(available_kb) / total_kb if total_kb and available_kb else None,
            memory_bytes=1024 * total_kb,
        )

    def _cpu_times(self) -> tuple[int, int]:
        """Return the busy time and the whole time of all cores since the start of the machine, in the kernel's ticks.

        Columns 4 and 5 are idle time and waiting for a disk; guest time, after column 8, is in columns 1 and 2 already.
        """
        first = (read_text(self._proc / "stat") or "").partition("\n")[0].split()
        ticks = [int(word) for word in first[1:9]] if first[:1] == ["cpu"] else []
        return sum(ticks) - sum(ticks[3:5]), sum(ticks)
