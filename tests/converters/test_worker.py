from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PROGRAM = """
import os, time
from contextlib import ExitStack
from pathlib import Path
from converters.export.parallel import _pool
from converters.train.prepare import Job, Preparation

def work(*_):
    Path("worker").write_text(f"{{os.getpid()}} ")
    time.sleep(600)

if __name__ == "__main__":
    with ExitStack() as stack:
        {work}
"""
PREPARE = "Preparation(Path('prepared'), print).run(Job('waiting', work, None, int), [(1,)])"
CONVERT = "_pool(Path('log'), stack).submit(work).result()"


@pytest.mark.parametrize("work", [PREPARE, CONVERT])
def test_a_worker_ends_with_a_parent_that_was_killed(work: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM.format(work=work))
    worker = tmp_path / "worker"
    with subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path) as parent:
        wait_until(lambda: worker.exists() and worker.read_text().endswith(" "))
        parent.kill()
    wait_until(lambda: not is_running(int(worker.read_text())))


def is_running(pid: int) -> bool:
    """Return whether a process has not ended; process 1 may take a while to fetch its exit code."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
