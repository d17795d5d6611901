"""The accuracy of the shipped artifacts on MNIST's test images, in every installed runtime."""

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

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="DIGIT_DATA_DIR names no folder with MNIST"),
]


MIN_ACCURACY: dict[Role, float] = {"classifier": 0.993, "verifier": 0.9, "recogniser": 0.85}
MAX_LOSS_TO_FP32: dict[Role, float] = {"classifier": 0.0015, "verifier": 0.0015, "recogniser": 0.01}
"""Accuracy that a smaller precision may lose against fp32 of the same tier."""
TOLERANCE: dict[Role, float] = {"classifier": 0.0005, "verifier": 0.005, "recogniser": 0.005}
"""Allowed difference to the manifest's accuracy: another CPU rounds a few images to another digit."""

MAX_OTHER_IMAGES = 0.005
"""Allowed difference of the number of images: another CPU rounds a few pixels, so a few other candidates are found."""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_shipped_artifacts_are_as_accurate_as_their_manifest_says(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    evaluations = evaluate(default_artifacts(), Path(os.environ["DIGIT_DATA_DIR"]), runtime)
    accuracy = {
        (evaluation.artifact.tier, evaluation.artifact.precision): evaluation.metrics.accuracy
        for evaluation in evaluations
    }
    tiers = {artifact.tier for artifact in load_manifest(default_artifacts()).artifacts}
    assert set(accuracy) == {(tier, precision) for tier in tiers for precision in get_args(Precision)}
    for evaluation in evaluations:
        artifact, measured = evaluation.artifact, evaluation.metrics.accuracy
        assert measured >= MIN_ACCURACY[artifact.role]
        assert measured >= accuracy[artifact.tier, "fp32"] - MAX_LOSS_TO_FP32[artifact.role]
        assert artifact.accuracy is not None
        # OpenCV 4 draws other scenes and strips than OpenCV 5, with which the accuracies were measured.
        if artifact.role == "classifier" or cv2.__version__.startswith("5."):
            assert artifact.accuracy.data == evaluation.data
            images = pytest.approx(artifact.accuracy.images, rel=MAX_OTHER_IMAGES)
            assert evaluation.metrics.images == images, "run `digit-convert evaluate agent/artifacts --renew`"
            assert measured == pytest.approx(artifact.accuracy.value, abs=TOLERANCE[artifact.role])
