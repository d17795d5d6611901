"""The shipped artifacts match their manifest and give the right logits in each installed runtime."""

from __future__ import annotations

import hashlib

import pytest

from agent.paths import default_artifacts
from agent.runtimes.net import RUNTIMES, runtime_version
from agent.runtimes.probe import probe
from profiles.manifest import FILE_NAME, Artifact, load_manifest
from profiles.profile import ArtifactKind, RuntimeName, load_profile

FOLDER = default_artifacts()
ARTIFACTS = load_manifest(FOLDER).artifacts
MAX_TOTAL_MB = 4.5
"""Largest size of all artifacts together, five nets in six files each; a board downloads and keeps them."""


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda artifact: artifact.file)
def test_size_and_checksum_match_the_manifest(artifact: Artifact) -> None:
    content = (FOLDER / artifact.file).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact.bytes, artifact.sha256)


def test_the_folder_has_the_files_of_its_manifest_and_no_others() -> None:
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {FILE_NAME, *(artifact.file for artifact in ARTIFACTS)}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MAX_TOTAL_MB * 1e6


TIERS = ("nano", "small", "base", "verifier", "recogniser")
MIN_ACCURACY = {"nano": 0.993, "small": 0.995, "base": 0.995, "verifier": 0.9, "recogniser": 0.85}


def of_tier(tier: str) -> list[Artifact]:
    return [artifact for artifact in ARTIFACTS if artifact.tier == tier]


def test_each_tier_is_shipped() -> None:
    assert {artifact.tier for artifact in ARTIFACTS} == set(TIERS)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("board", ["generic-x86", "generic-arm64"])
def test_each_tier_has_all_kinds_of_artifacts_of_a_generic_board(board: str, tier: str) -> None:
    kinds = [ArtifactKind(format=artifact.format, precision=artifact.precision) for artifact in of_tier(tier)]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == set(load_profile(board).artifacts)


@pytest.mark.parametrize("tier", TIERS)
def test_each_artifact_has_a_measured_accuracy(tier: str) -> None:
    assert all(artifact.accuracy and artifact.accuracy.value >= MIN_ACCURACY[tier] for artifact in of_tier(tier))


def test_each_format_and_precision_has_an_artifact_that_is_accurate_enough() -> None:
    min_accuracy = load_profile("generic-arm64").budget.min_accuracy
    accurate_enough = {(a.format, a.precision) for a in ARTIFACTS if a.accuracy and a.accuracy.value >= min_accuracy}
    assert len(accurate_enough) == 6


# Largest size of a file in bytes.
@pytest.mark.parametrize(
    ("tier", "tflite", "onnx"),
    [
        ("nano", 8_192, 10_240),
        ("small", 16_384, 20_480),
        ("base", 65_536, 73_728),
        ("recogniser", 150_000, 150_000),
    ],
)
def test_int8_files_do_not_grow(tier: str, tflite: int, onnx: int) -> None:
    bytes_of = {artifact.format: artifact.bytes for artifact in of_tier(tier) if artifact.precision == "int8"}
    assert bytes_of["tflite"] <= tflite
    assert bytes_of["onnx"] <= onnx


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_golden_vectors_hold_in_a_child_process(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    matching = [artifact for artifact in ARTIFACTS if artifact.format == RUNTIMES[runtime].format]
    assert matching
    assert [(p.artifact.file, p.reason) for p in probe(FOLDER, matching, runtime)] == [(a.file, "") for a in matching]
