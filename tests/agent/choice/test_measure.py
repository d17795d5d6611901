from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.choice.candidates import Candidate
from agent.choice.measure import energy_per_digit_mj, measure
from agent.sensors.sample import PowerSample

if TYPE_CHECKING:
    from tests.agent.conftest import Linear


def test_candidates_are_timed_at_every_batch_size(linear: Linear, tmp_path: Path) -> None:
    names = ("slow.onnx", "linear.onnx", "verifier-int8.onnx")
    artifacts = linear.write(tmp_path, *map(linear.artifact, names))
    candidates = [Candidate(artifact, "onnxruntime", "", 1) for artifact in artifacts]
    measured, failed = measure(tmp_path, candidates, batches=(1, 4), seconds=0.2)
    assert failed == []
    assert [m.candidate for m in measured] == candidates
    assert all([t.batch for t in m.timings] == [1, 4] for m in measured)
    assert all(0 < t.p50_us <= t.p95_us and t.calls >= 9 for m in measured for t in m.timings)
    assert measured[0].us_per_digit > 3 * measured[1].us_per_digit
    assert measured[0].us_per_digit == sum(t.p50_us for t in measured[0].timings) / 5
    assert measured[0].mj_per_digit is None


def test_a_candidate_that_fails_in_a_larger_batch_costs_only_itself(linear: Linear, tmp_path: Path) -> None:
    single, good = linear.write(tmp_path, linear.artifact("single.onnx"), linear.artifact("linear.tflite"))
    candidates = [Candidate(single, "onnxruntime", "", 1), Candidate(good, "ai-edge-litert", "", 1)]
    measured, failed = measure(tmp_path, candidates, batches=(1, 4), seconds=0.1)
    assert [m.candidate for m in measured] == candidates[1:]
    assert [candidate for candidate, _ in failed] == candidates[:1]
    assert "onnxruntime failed on single.onnx with 4 images" in failed[0][1]


def test_a_runtime_that_crashes_costs_only_its_candidates(linear: Linear, tmp_path: Path) -> None:
    onnx, tflite = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/onnxruntime.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'broken')!r}); from agent.choice.measure import main; main()"
    )
    candidates = [Candidate(tflite, "ai-edge-litert", "", 1), Candidate(onnx, "onnxruntime", "", 1)]
    measured, failed = measure(tmp_path, candidates, batches=(1,), seconds=0.1, command=(sys.executable, "-c", program))
    assert [m.candidate for m in measured] == candidates[:1]
    assert "illegal instruction" in failed[0][1]


def test_nothing_to_time(tmp_path: Path) -> None:
    assert measure(tmp_path, []) == ([], [])


TEN = np.zeros((10, 28, 28), np.uint8)


class Sleepy:
    """A net that takes 5 ms a call."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        time.sleep(0.005)
        return np.zeros((len(glyphs), 11), np.float32)


@dataclass
class Steady:
    """A sensor that always reads the same."""

    power_mw: float | None
    describe: str = "steady"

    def read(self) -> PowerSample | None:
        return None if self.power_mw is None else PowerSample(self.power_mw, time.monotonic_ns(), {})


@pytest.mark.parametrize(("power_mw", "least_mj"), [(2000.0, 1.0), (4000.0, 2.0)])
def test_energy_is_power_times_time_for_each_digit(power_mw: float, least_mj: float) -> None:
    energy = energy_per_digit_mj(Sleepy(), TEN, Steady(power_mw), seconds=0.2)
    assert energy is not None
    assert least_mj <= energy < 1.9 * least_mj  # a sleep is never shorter than asked


def test_a_sensor_that_gives_nothing_gives_no_energy() -> None:
    assert energy_per_digit_mj(Sleepy(), TEN, Steady(None), seconds=0.1) is None
