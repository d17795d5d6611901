"""Bytes that the log writes per day at ten readings a second, on a real ext4 file system on a loop device.

    python -m benchmarks.log                            # as root; some minutes
    python -m benchmarks.log --hours 0.5 --real-time    # checks the simulated time against real time; half an hour

The block device counts the written sectors, including the journal of the file system. Time is simulated: a batch is
committed every 5 s of it, and the file system is flushed every 30 s of it, as the kernel flushes dirty pages. Exit code
0, or 2 if the file system cannot be mounted.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from agent.events import LATENCY_STAGES, Counts, FrameEvent, Vitals
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import LogClock
from agent.telemetry.database import all_files
from agent.telemetry.sink import BATCH_S
from agent.telemetry.writer import LogWriter, RunRow
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page
from benchmarks.report import run_benchmark
from profiles.errors import UsageError

READINGS_PER_S = 10
"""Rate of the simulated readings."""
FLUSH_S = 30.0
"""Age at which the kernel flushes dirty pages: vm.dirty_expire_centisecs is 3000 by default."""
SECTOR_BYTES = 512
"""Unit of the kernel's block statistics."""
DISK_BYTES = 2**30
"""Size of the file system."""
MKFS = ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0")


@dataclass(frozen=True)
class LoopDisk:
    """A mounted file system on a loop device, with a counter of the bytes written to it."""

    folder: Path
    """Mount point."""
    stat: Path
    """Statistics file of the block device."""

    def written_bytes(self) -> int:
        """Flush, and return the bytes written to the device so far; source: Documentation/block/stat.rst of Linux."""
        self.flush()
        return int(self.stat.read_text().split()[6]) * SECTOR_BYTES

    def flush(self) -> None:
        """Flush the dirty pages of the file system."""
        subprocess.run(["sync", "--file-system", str(self.folder)], check=True)  # noqa: S607


@contextmanager
def loop_disk(options: str) -> Iterator[LoopDisk]:
    """Mount an ext4 file system on a loop device.

    Args:
        options: mount options, separated by commas.

    Raises:
        UsageError: this process does not run as root, mkfs.ext4 is not installed, or the mount fails.
    """
    if os.geteuid() != 0:
        raise UsageError("only root can mount a loop device", advice="run it with sudo")
    if shutil.which(MKFS[0]) is None:
        raise UsageError(f"{MKFS[0]} is not installed", advice="install e2fsprogs")
    with tempfile.TemporaryDirectory() as scratch:
        image, folder = Path(scratch, "image"), Path(scratch, "disk")
        with image.open("wb") as file:
            file.truncate(DISK_BYTES)
        folder.mkdir()
        subprocess.run([*MKFS, str(image)], check=True)
        command = ["mount", "-o", f"loop,{options}", str(image), str(folder)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise UsageError(
                f"the file system cannot be mounted with '{options}': {' '.join(mounted.stderr.split())}",
                advice="check --mount, and that this machine has loop devices",
            )
        try:
            device = folder.stat().st_dev
            yield LoopDisk(folder, Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat"))
        finally:
            subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


class SimulatedAgent:
    """An agent that reads ten numbers a second, in simulated time."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = 0
        self.path = folder / "agent.db"
        clock = LogClock("simulated", lambda: 1_795_348_800_000 + self.now_ms, lambda: self.now_ms)
        self._buffer = Buffer(clock)
        run = RunRow("/dev/video0, 1280×720", "pi4", "INA219", self._buffer.began_ms)
        self._writer = LogWriter(self.path, run, print, clock)
        self._rng = np.random.default_rng(1)
        self._frames = 0

    def batch(self) -> None:
        """Add the readings of one batch and write it."""
        for _ in range(round(BATCH_S * READINGS_PER_S)):
            self._buffer.add_frame(self._frame_event())
            self.now_ms += 1000 // READINGS_PER_S
        self._writer.write(self._buffer.batch(), self._buffer.confirm)

    def close(self) -> None:
        self._writer.write(self._buffer.batch(ended=True), self._buffer.confirm)
        self._writer.close()

    def _frame_event(self) -> FrameEvent:
        rng, number = self._rng, self._frames
        self._frames += 1
        box = Box(*rng.integers((0, 0, 60, 30), (1000, 600, 250, 90)).tolist())
        reading = Reading(str(rng.integers(100, 100_000)), box, float(rng.uniform(0.6, 1)), ())
        slow = math.exp(rng.normal(0, 0.2))
        latency_ms = {stage: 3 * slow * math.exp(rng.normal(0, 0.1)) for stage in LATENCY_STAGES}
        vitals = Vitals(self.now_ms // 1000 * 10**9, float(rng.uniform(3000, 5000)), 55.0, ())
        page, counts = Page(1280, 720, (), (), {}), Counts(number + 1, 0, number + 1, 4 * number)
        return FrameEvent(number, "/dev/video0", None, page, (reading,), latency_ms, 0, counts, vitals)


def main(
    hours: Annotated[float, typer.Option(min=0.01, help="Simulated hours.")] = 24.0,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Let the time really pass, and leave the flushing to the kernel.")
    ] = False,
    mount: Annotated[str, typer.Option(help="Mount options of the file system.")] = "noatime",
) -> None:
    """Measure how many bytes the log writes per day at ten readings a second. Needs root."""
    with loop_disk(mount) as disk:
        simulation = SimulatedAgent(disk.folder)
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
    run_benchmark(main, "log")
