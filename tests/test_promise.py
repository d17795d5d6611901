"""What ships keeps its promise on MNIST's test images, in every runtime that is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.folders import default_artifacts
from agent.runtimes.net import RUNTIMES, runtime_version
from converters.judge import evaluate
from profiles.profile import RuntimeName

pytestmark = pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="DIGIT_DATA_DIR names no folder with MNIST")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_ships_keeps_its_promise(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    evaluations = evaluate(default_artifacts(), Path(os.environ["DIGIT_DATA_DIR"]), runtime)
    accuracy = {one.artifact.precision: one.verdict.accuracy for one in evaluations}
    assert set(accuracy) == {"fp32", "fp16", "int8"}
    for one in evaluations:
        assert one.verdict.accuracy >= 0.993
        assert one.verdict.accuracy >= accuracy["fp32"] - 0.0015
        assert one.artifact.accuracy is not None
        # Another CPU may round a few of 10,000 images to the other side.
        assert one.verdict.accuracy == pytest.approx(one.artifact.accuracy.value, abs=0.0005)
