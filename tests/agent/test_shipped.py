"""The artifacts that ship are whole, and give the right logits in every runtime that is installed."""

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
BOARDS_MB = 2.5
"""All of them together, four nets in six files each: what a board downloads and keeps."""


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda artifact: artifact.file)
def test_bytes_and_checksum_hold(artifact: Artifact) -> None:
    content = (FOLDER / artifact.file).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact.bytes, artifact.sha256)


def test_the_folder_holds_what_its_manifest_lists_and_nothing_else() -> None:
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {FILE_NAME, *(artifact.file for artifact in ARTIFACTS)}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < BOARDS_MB * 1e6


TIERS = ("nano", "small", "base", "verifier")
LEAST = {"nano": 0.993, "small": 0.995, "base": 0.995, "verifier": 0.9}


def of_tier(tier: str) -> list[Artifact]:
    return [artifact for artifact in ARTIFACTS if artifact.tier == tier]


def test_every_tier_ships() -> None:
    assert {artifact.tier for artifact in ARTIFACTS} == set(TIERS)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("board", ["generic-x86", "generic-arm64"])
def test_each_is_all_that_a_board_of_any_kind_may_carry(board: str, tier: str) -> None:
    kinds = [ArtifactKind(format=artifact.format, precision=artifact.precision) for artifact in of_tier(tier)]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == set(load_profile(board).artifacts)


@pytest.mark.parametrize("tier", TIERS)
def test_what_they_promise_was_measured(tier: str) -> None:
    assert all(artifact.accuracy and artifact.accuracy.value >= LEAST[tier] for artifact in of_tier(tier))


def test_a_board_finds_one_that_is_accurate_enough_in_each_format() -> None:
    least = load_profile("generic-arm64").budget.min_accuracy
    good = {(a.format, a.precision) for a in ARTIFACTS if a.accuracy and a.accuracy.value >= least}
    assert len(good) == 6


# Bytes of a whole file.
@pytest.mark.parametrize(
    ("tier", "tflite", "onnx"), [("nano", 8_192, 10_240), ("small", 16_384, 20_480), ("base", 65_536, 73_728)]
)
def test_int8_files_stay_as_small_as_they_are(tier: str, tflite: int, onnx: int) -> None:
    bytes_of = {artifact.format: artifact.bytes for artifact in of_tier(tier) if artifact.precision == "int8"}
    assert bytes_of["tflite"] <= tflite
    assert bytes_of["onnx"] <= onnx


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_golden_vectors_hold_in_a_child_process(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    fit = [artifact for artifact in ARTIFACTS if artifact.format == RUNTIMES[runtime].format]
    assert fit
    assert [(p.artifact.file, p.reason) for p in probe(FOLDER, fit, runtime)] == [(a.file, "") for a in fit]
