"""How much the log writes: a day of ten readings a second on a real ext4 file system, counted by its block device.

python -m benchmarks.log                            # as root: a loop device counts the sectors
python -m benchmarks.log --hours 0.5 --real-time    # what a simulated time tells, against a real one

Time is simulated, what is written is real, the file system's own journal included: a batch is committed every 5 s, and
every 30 s the file system is flushed, as the kernel does with pages that have been dirty for so long.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from agent.events import LATENCIES, Counts, FrameEvent, Vitals
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import Clock
from agent.telemetry.database import all_files
from agent.telemetry.sink import BATCH_S
from agent.telemetry.writer import LogWriter, RunRow
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

READINGS_PER_S = 10
FLUSH_S = 30.0
"""vm.dirty_expire_centisecs is 3000 where nobody changed it."""
SECTOR_BYTES = 512
DISK_BYTES = 2**30
MKFS = ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0")


@dataclass(frozen=True)
class Disk:
    """A file system of its own, and what counts what is written to it."""

    folder: Path
    stat: Path

    def written_bytes(self) -> int:
        """All that its device was ever given to write; source: the kernel's Documentation/block/stat.rst."""
        self.flush()
        return int(self.stat.read_text().split()[6]) * SECTOR_BYTES

    def flush(self) -> None:
        """Have the kernel write what is dirty in it."""
        subprocess.run(["sync", "--file-system", str(self.folder)], check=True)  # noqa: S607


@contextmanager
def loop_disk(options: str) -> Iterator[Disk]:
    """An ext4 file system on a loop device, mounted with options; needs root."""
    with tempfile.TemporaryDirectory() as scratch:
        image, folder = Path(scratch, "image"), Path(scratch, "disk")
        with image.open("wb") as file:
            file.truncate(DISK_BYTES)
        folder.mkdir()
        subprocess.run([*MKFS, str(image)], check=True)
        subprocess.run(["mount", "-o", f"loop,{options}", str(image), str(folder)], check=True)  # noqa: S607
        try:
            device = folder.stat().st_dev
            yield Disk(folder, Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat"))
        finally:
            subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


class Simulation:
    """An agent that reads ten numbers a second, in a time of its own."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = 0
        self.path = folder / "agent.db"
        clock = Clock("simulated", lambda: 1_795_348_800_000 + self.now_ms, lambda: self.now_ms)
        self._book = Buffer(clock)
        run = RunRow("/dev/video0, 1280×720", "pi4", "INA219", self._book.began_ms)
        self._log = LogWriter(self.path, run, print, clock)
        self._rng = np.random.default_rng(1)
        self._frames = 0

    def batch(self) -> None:
        """Read until the next batch is due, and write it."""
        for _ in range(round(BATCH_S * READINGS_PER_S)):
            self._book.take(self._tick())
            self.now_ms += 1000 // READINGS_PER_S
        self._log.write(self._book.batch(), self._book.written)

    def close(self) -> None:
        self._log.write(self._book.batch(ended=True), self._book.written)
        self._log.close()

    def _tick(self) -> FrameEvent:
        rng, number = self._rng, self._frames
        self._frames += 1
        box = Box(*rng.integers((0, 0, 60, 30), (1000, 600, 250, 90)).tolist())
        reading = Reading(str(rng.integers(100, 100_000)), box, float(rng.uniform(0.6, 1)), ())
        slow = math.exp(rng.normal(0, 0.2))
        latency_ms = {stage: 3 * slow * math.exp(rng.normal(0, 0.1)) for stage in LATENCIES}
        vitals = Vitals(self.now_ms // 1000 * 10**9, float(rng.uniform(3000, 5000)), 55.0, ())
        page, counts = Page(1280, 720, (), (), {}), Counts(number + 1, 0, number + 1, 4 * number)
        return FrameEvent(number, "/dev/video0", None, page, (reading,), latency_ms, 0, counts, vitals)


def main() -> None:
    """Simulate, count, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--real-time", action="store_true", help="let time pass, and leave the flushing to the kernel")
    parser.add_argument("--mount", default="noatime", help="options that the file system is mounted with")
    arguments = parser.parse_args()
    hours, real_time = arguments.hours, arguments.real_time
    with loop_disk(arguments.mount) as disk:
        simulation = Simulation(disk.folder)
        simulation.batch()
        before_bytes = disk.written_bytes()
        for batch in range(1, round(hours * 3600 / BATCH_S)):
            simulation.batch()
            if real_time:
                time.sleep(BATCH_S)
            elif batch % round(FLUSH_S / BATCH_S) == 0:
                disk.flush()
        written_bytes = disk.written_bytes() - before_bytes
        simulation.close()
        size_bytes = sum(part.stat().st_size for part in all_files(simulation.path) if part.exists())
    readings, day_bytes = round(hours * 3600 * READINGS_PER_S), written_bytes * 24 / hours
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{readings} readings in {hours:g} h, a batch every {BATCH_S:g} s")
    console.print(f"written to the device: {written_bytes / 1e6:.1f} MB, which is {day_bytes / 1e6:.0f} MB a day")
    console.print(f"size of the log: {size_bytes / 1e6:.1f} MB, {size_bytes / readings:.0f} bytes a reading")


if __name__ == "__main__":
    main()
