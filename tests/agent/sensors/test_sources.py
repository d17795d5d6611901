from __future__ import annotations

import sys
import time
from pathlib import Path

from agent.sensors.sources import run_command


def test_exit_code_is_ignored() -> None:
    assert run_command((sys.executable, "-c", "print('throttled=0x0'); exit(3)")) == "throttled=0x0\n"


def test_missing_command_is_none() -> None:
    assert run_command(("no-such-vcgencmd", "pmic_read_adc")) is None


def test_command_without_permission_is_none(tmp_path: Path) -> None:
    plain = tmp_path / "vcgencmd"
    plain.write_text("not a program")
    assert run_command((str(plain),)) is None


def test_hanging_command_is_none_after_the_timeout() -> None:
    started_s = time.monotonic()
    assert run_command((sys.executable, "-c", "import time; time.sleep(60)"), timeout_s=0.3) is None
    assert time.monotonic() - started_s < 30


def test_output_that_is_not_utf8_is_replaced() -> None:
    assert run_command((sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'\\xff')")) == "�"
