"""The artifacts that ship are whole, and give the right logits in every runtime that is installed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

import pytest

from agent.folders import default_artifacts
from agent.runtimes.net import RUNTIMES, runtime_version
from agent.runtimes.probe import probe
from profiles.manifest import FILE_NAME, Artifact, Role, load_manifest
from profiles.profile import ArtifactKind, RuntimeName, load_profile

FOLDER = default_artifacts()
ARTIFACTS = load_manifest(FOLDER).artifacts
BOARDS_MB = 2.5
"""All of them together, two nets in six files each: what a board downloads and keeps."""
CHECKPOINTS = Path(__file__).parents[2] / "converters" / "checkpoints"


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda artifact: artifact.file)
def test_bytes_and_checksum_hold(artifact: Artifact) -> None:
    content = (FOLDER / artifact.file).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact.bytes, artifact.sha256)


def test_the_folder_holds_what_its_manifest_lists_and_nothing_else() -> None:
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {FILE_NAME, *(artifact.file for artifact in ARTIFACTS)}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < BOARDS_MB * 1e6


def of_role(role: Role) -> list[Artifact]:
    if role == "verifier" and not (CHECKPOINTS / "verifier.pt").exists():
        pytest.skip("no verifier has been trained yet")
    return [artifact for artifact in ARTIFACTS if artifact.role == role]


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("board", ["generic-x86", "generic-arm64"])
def test_they_are_all_that_a_board_of_any_kind_may_carry(board: str, role: Role) -> None:
    kinds = [ArtifactKind(format=artifact.format, precision=artifact.precision) for artifact in of_role(role)]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == set(load_profile(board).artifacts)


@pytest.mark.parametrize(
    ("role", "least"), [("classifier", load_profile("generic-arm64").budget.min_accuracy), ("verifier", 0.9)]
)
def test_what_they_promise_was_measured(role: Role, least: float) -> None:
    assert all(artifact.accuracy and artifact.accuracy.value >= least for artifact in of_role(role))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_golden_vectors_hold_in_a_child_process(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    fit = [artifact for artifact in ARTIFACTS if artifact.format == RUNTIMES[runtime].format]
    assert fit
    assert [(p.artifact.file, p.reason) for p in probe(FOLDER, fit, runtime)] == [(a.file, "") for a in fit]
