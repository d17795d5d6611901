from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.choice.cold_start import start_cold
from agent.choice.variants import Variant

if TYPE_CHECKING:
    from tests.agent.conftest import Linear


def test_a_start_takes_time_and_memory(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("linear.onnx"))
    start = start_cold(tmp_path, Variant(artifact, "onnxruntime", "", 1), batch=16)
    assert start is not None
    assert start.cold_ms > 1
    assert 1e6 < start.resident_bytes < 1e9


def test_one_that_fails_or_crashes_has_no_start(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("single.onnx"))
    candidate = Variant(artifact, "onnxruntime", "", 1)
    assert start_cold(tmp_path, candidate, batch=4) is None
    crash = (sys.executable, "-c", "import os; os.abort()")
    assert start_cold(tmp_path, candidate, batch=1, command=crash) is None
