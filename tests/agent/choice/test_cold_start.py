from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.choice.cold_start import measure_cold_start
from agent.choice.variants import Variant

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

pytestmark = pytest.mark.slow


def test_cold_start_takes_time_and_memory(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("linear.onnx"))
    start = measure_cold_start(tmp_path, Variant(artifact, "onnxruntime", "", 1), batch=16)
    assert start is not None
    assert start.cold_ms > 1
    assert 1e6 < start.resident_bytes < 1e9


def test_failed_or_crashed_cold_start_is_none(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("single.onnx"))
    variant = Variant(artifact, "onnxruntime", "", 1)
    assert measure_cold_start(tmp_path, variant, batch=4) is None
    crash = (sys.executable, "-c", "import os; os.abort()")
    assert measure_cold_start(tmp_path, variant, batch=1, command=crash) is None
