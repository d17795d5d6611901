"""What people say about readings is counted by run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.telemetry.corrections import Correction, Verdict, correct, count_checked


def test_checked_readings_of_the_last_run_are_counted_apart_from_those_before(
    make_log: Callable[..., Any], make_event: Callable[..., Any], tmp_path: Path
) -> None:
    assert count_checked(tmp_path / "missing.db") == {}
    for first in (0, 3):
        log = make_log()
        for number in range(3):
            log.buffer.add_frame(make_event(first + number, "247"))
        log.close()
    said: list[tuple[int, Verdict, str]] = [
        (1, "number", "247"),
        (2, "number", "241"),
        (4, "not_a_number", ""),
        (5, "cannot_tell", ""),
    ]
    for reading, verdict, text in said:
        correct(Path(log.path), Correction(0, "", reading, verdict, text, "chosen"), 1_795_000_000_000)
    assert count_checked(Path(log.path)) == {"checked": 1, "wrong": 1, "checked_before": 2, "wrong_before": 1}
