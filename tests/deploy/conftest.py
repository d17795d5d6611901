"""Fixtures: keys, small real artifacts, bundles of them, and a board with quick commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from agent.paths import shipped_artifacts
from deploy.service_control import BoardControl
from deploy.sign import make_keys
from profiles.manifest import dump_manifest, load_manifest
from tests.deploy.made import BOARD, Keys, Maker


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    private = tmp_path_factory.mktemp("keys") / "deploy.key"
    return Keys(private, make_keys(private, "tests"))


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest and files of the smallest shipped classifier and verifier, with one golden input each."""
    shipped, folder = shipped_artifacts(), tmp_path_factory.mktemp("artifacts")
    manifest = load_manifest(shipped)
    files = ("base-int8.tflite", "verifier-int8.tflite")
    kept = tuple(one for one in manifest.artifacts if one.file in files)
    for one in kept:
        shutil.copy(shipped / one.file, folder)
    small = msgspec.structs.replace(manifest, target=BOARD, artifacts=kept)
    (folder / "manifest.json").write_bytes(dump_manifest(small))
    return folder


@pytest.fixture
def maker(tmp_path: Path, artifacts: Path, keys: Keys) -> Maker:
    folder = tmp_path / "bundles"
    folder.mkdir()
    return Maker(folder, artifacts, keys)


@pytest.fixture
def machine(tmp_path: Path) -> BoardControl:
    """Control of this board with a fake agent that prints its version and a service that is ready at once."""
    agent = tmp_path / "digit-agent"
    agent.write_text("#!/bin/sh\necho digit-agent 0.1.0\n")
    agent.chmod(0o755)
    return BoardControl(
        BOARD, agent, frames=0, timeout_s=120, check=("true",), restart=(("true",),), health=tmp_path / "health.json"
    )
