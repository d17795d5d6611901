"""The agent is killed at random moments, similar to a power cut: committed rows must survive."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

ROUNDS = int(os.environ.get("DIGIT_KILLS", "60"))
MAX_BYTES = 2**21

WRITERS = """
import os, signal, sys
from pathlib import Path
from agent.events import Counts, FrameEvent
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import LogClock
from agent.telemetry.writer import LogWriter, RunRow
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

def write_for_ever(path, number, max_bytes):
    now_ms = [number]
    clock = LogClock("boot", lambda: 1_795_348_800_000 + now_ms[0], lambda: now_ms[0])
    buffer = Buffer(clock)
    writer = LogWriter(path, RunRow("demo:", "pi5", None, buffer.began_ms), print, clock, max_bytes)
    while True:
        readings = tuple(Reading(str(number + more), Box(1, 2, 3, 4), 0.9, ()) for more in range(40))
        number += len(readings)
        latency_ms = {"ink": 1.0 + number % 700, "total": 2.0 + number % 900}
        buffer.add_frame(
            FrameEvent(number, "demo:", None, Page(9, 9, (), (), {}), readings, latency_ms, 0, Counts(number), None)
        )
        now_ms[0] += 60_000
        writer.write(buffer.batch(), buffer.confirm)
        if not buffer.batch().due:
            os.write(1, b"committed %d\\n" % number)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        write_for_ever(Path(sys.argv[1]), int(line), int(sys.argv[2]))
    os.write(1, b"started %d\\n" % child)
    _, status = os.waitpid(child, 0)
    os.write(1, b"ended %d\\n" % os.WTERMSIG(status))
"""
"""Program that forks a writer for each line of its stdin: a fork takes a millisecond, an import a hundred."""


@pytest.mark.slow
def test_committed_rows_survive_a_kill_at_any_moment_exactly_once(tmp_path: Path) -> None:
    path, rng = tmp_path / "agent.db", random.Random(6)
    command = [sys.executable, "-c", WRITERS, str(path), str(MAX_BYTES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        there, moments = 0, set[str]()
        for _ in range(ROUNDS):
            print(there, file=writers.stdin, flush=True)
            child = int(writers.stdout.readline().removeprefix("started "))
            if rng.random() < 0.8:  # else it is killed while it opens the file
                first = writers.stdout.readline()
                committed = int(first.removeprefix("committed "))
                time.sleep(rng.uniform(0, 0.03))
            else:
                committed = there
                time.sleep(rng.uniform(0, 0.003))
            os.kill(child, signal.SIGKILL)
            while not (line := writers.stdout.readline()).startswith("ended"):
                committed = int(line.removeprefix("committed "))
            assert line == f"ended {signal.SIGKILL:d}\n"
            moments.add("opening" if committed == there else "writing")
            there = check(path, committed)
        writers.stdin.close()
    assert moments == {"opening", "writing"}


def check(path: Path, committed: int) -> int:
    """Check the database, and return the number of readings ever committed; the oldest may have been deleted."""
    if not path.exists():
        assert committed == 0
        return 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'readings'").fetchone()[0]:
            assert committed == 0
            return 0
        stored = [int(text) for (text,) in connection.execute("SELECT text FROM readings ORDER BY id")]
    if not stored:
        assert committed == 0
        return 0
    assert stored == list(range(stored[0], stored[-1] + 1))
    assert stored[-1] + 1 >= committed
    return stored[-1] + 1
