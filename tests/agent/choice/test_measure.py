from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.choice.measure import measure
from agent.choice.timing import BLOCKS
from agent.choice.variants import Variant

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

pytestmark = pytest.mark.slow


def test_variants_are_timed_at_every_batch_size(linear: Linear, tmp_path: Path) -> None:
    names = ("slow.onnx", "linear.onnx", "verifier-int8.onnx")
    artifacts = linear.write(tmp_path, *map(linear.artifact, names))
    variants = [Variant(artifact, "onnxruntime", "", 1) for artifact in artifacts]
    measured, failed = measure(tmp_path, variants, batches=(1, 4), seconds=0.2)
    assert failed == []
    assert [m.variant for m in measured] == variants
    assert all([t.batch for t in m.timings] == [1, 4] for m in measured)
    for timing in (timing for m in measured for timing in m.timings):
        assert timing.calls >= BLOCKS == len(timing.blocks_us)
        assert 0 < timing.p50_us <= timing.p95_us <= timing.p99_us
        assert min(timing.blocks_us) <= timing.p50_us <= max(timing.blocks_us)
        assert min(timing.first_us, timing.warm_us) > 0
    assert measured[0].us_per_digit > 3 * measured[1].us_per_digit
    assert measured[0].us_per_digit == sum(t.p50_us for t in measured[0].timings) / 5
    assert measured[0].energy is None


def test_variant_that_fails_in_a_larger_batch_does_not_affect_others(linear: Linear, tmp_path: Path) -> None:
    single, good = linear.write(tmp_path, linear.artifact("single.onnx"), linear.artifact("linear.tflite"))
    variants = [Variant(single, "onnxruntime", "", 1), Variant(good, "ai-edge-litert", "", 1)]
    measured, failed = measure(tmp_path, variants, batches=(1, 4), seconds=0.1)
    assert [m.variant for m in measured] == variants[1:]
    assert [variant for variant, _ in failed] == variants[:1]
    assert "onnxruntime failed on single.onnx with 4 images" in failed[0][1].what


def test_runtime_that_crashes_does_not_affect_others(linear: Linear, tmp_path: Path) -> None:
    onnx, tflite = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/onnxruntime.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'broken')!r}); from agent.choice.measure import main; main()"
    )
    variants = [Variant(tflite, "ai-edge-litert", "", 1), Variant(onnx, "onnxruntime", "", 1)]
    measured, failed = measure(tmp_path, variants, batches=(1,), seconds=0.1, command=(sys.executable, "-c", program))
    assert [m.variant for m in measured] == variants[:1]
    assert "illegal instruction" in failed[0][1].what


def test_variants_get_no_more_memory_than_they_may(linear: Linear, tmp_path: Path) -> None:
    (onnx,) = linear.write(tmp_path, linear.artifact("linear.onnx"))
    variants = [Variant(onnx, "onnxruntime", "", threads) for threads in (1, 2)]
    measured, failed = measure(tmp_path, variants, batches=(2_000_000,), seconds=0.1, memory_bytes=2**29)
    assert measured == []
    assert all(failure.what.endswith("at most 512 MB of memory were allowed") for _, failure in failed)
    assert sorted(variant.threads for variant, _ in failed) == [1, 2]


def test_without_variants_nothing_is_measured(tmp_path: Path) -> None:
    assert measure(tmp_path, []) == ([], [])
