"""What ships keeps its promise with MNIST's test images, in every runtime that is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import cv2
import pytest

from agent.paths import default_artifacts
from agent.runtimes.net import RUNTIMES, runtime_version
from converters.evaluate import evaluate
from profiles.manifest import Precision, Role, load_manifest
from profiles.profile import RuntimeName

pytestmark = pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="DIGIT_DATA_DIR names no folder with MNIST")


LEAST: dict[Role, float] = {"classifier": 0.993, "verifier": 0.9}
LEEWAY: dict[Role, float] = {"classifier": 0.0005, "verifier": 0.005}
"""Another CPU rounds a few images to the other side; OpenCV 4 draws other scenes, about which nothing is promised."""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_ships_keeps_its_promise(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    evaluations = evaluate(default_artifacts(), Path(os.environ["DIGIT_DATA_DIR"]), runtime)
    accuracy = {(one.artifact.tier, one.artifact.precision): one.verdict.accuracy for one in evaluations}
    tiers = {artifact.tier for artifact in load_manifest(default_artifacts()).artifacts}
    assert set(accuracy) == {(tier, precision) for tier in tiers for precision in get_args(Precision)}
    for one in evaluations:
        role = one.artifact.role
        assert one.verdict.accuracy >= LEAST[role]
        assert one.verdict.accuracy >= accuracy[one.artifact.tier, "fp32"] - 0.0015
        assert one.artifact.accuracy is not None
        if role == "classifier" or cv2.__version__.startswith("5."):
            assert one.artifact.accuracy.data == one.data
            assert one.verdict.accuracy == pytest.approx(one.artifact.accuracy.value, abs=LEEWAY[role])
