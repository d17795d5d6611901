from __future__ import annotations

import sys
import time
from pathlib import Path

from agent.sensors.command import run_command


def test_output_counts_and_the_exit_code_does_not() -> None:
    assert run_command((sys.executable, "-c", "print('throttled=0x0'); exit(3)")) == "throttled=0x0\n"


def test_a_command_that_is_missing_is_none() -> None:
    assert run_command(("no-such-vcgencmd", "pmic_read_adc")) is None


def test_a_command_that_may_not_run_is_none(tmp_path: Path) -> None:
    plain = tmp_path / "vcgencmd"
    plain.write_text("not a program")
    assert run_command((str(plain),)) is None


def test_a_command_that_hangs_is_none_in_time() -> None:
    began = time.monotonic()
    assert run_command((sys.executable, "-c", "import time; time.sleep(60)"), timeout_s=0.3) is None
    assert time.monotonic() - began < 10


def test_output_that_is_no_text_does_no_harm() -> None:
    assert run_command((sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'\\xff')")) == "�"
