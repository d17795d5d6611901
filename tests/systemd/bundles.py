"""Bundles made on a desktop from small real artifacts: valid ones, and ones that fail on the board."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.paths import shipped_artifacts
from profiles.board import detect_board
from profiles.manifest import Artifact, dump_manifest, load_manifest
from tests.systemd.image import sh

FILES = ("base-int8.tflite", "verifier-int8.tflite")
ENDS_AT_ONCE = "frames = 2\n"
"""Configuration with which the agent becomes ready, and exits before it counts as healthy."""


@dataclass(frozen=True)
class Desktop:
    """Folder and keys of a desktop that makes bundles.

    Attributes:
        folder: folder for bundles and keys.
        key: private key; the public key is `deploy.pub` in the same folder.
    """

    folder: Path
    key: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Desktop:
        """Return a desktop with a new pair of keys."""
        key = folder / "deploy.key"
        sh(sys.executable, "-m", "deploy", "keygen", key)
        return cls(folder, key)

    @property
    def public(self) -> Path:
        return self.key.with_name("deploy.pub")

    def bundle(
        self, version: str, *, config: str | None = None, wrong: bool = False, wheels: Path | None = None
    ) -> Path:
        """Make a bundle for the kind of board that this machine is.

        Args:
            version: version of the bundle.
            config: configuration in the bundle; None for no configuration.
            wrong: whether the golden vectors of all artifacts are wrong.
            wheels: folder with the wheels of an agent; None for no agent.
        """
        path = self.folder / f"{version}.bundle"
        artifacts = _artifacts(self.folder / f"artifacts-{version}", wrong=wrong)
        argv: list[str | Path] = ["bundle", artifacts, "--key", self.key, "--version", version, "--out", path]
        if config is not None:
            (self.folder / "config.toml").write_text(config)
            argv += ["--config", self.folder / "config.toml"]
        if wheels is not None:
            argv += ["--with-agent", wheels]
        sh(sys.executable, "-m", "deploy", *argv)
        return path


def _artifacts(folder: Path, *, wrong: bool) -> Path:
    shipped = load_manifest(shipped_artifacts())
    kept = tuple(one for one in shipped.artifacts if one.file in FILES)
    for one in kept:
        folder.mkdir(exist_ok=True)
        shutil.copy(shipped_artifacts() / one.file, folder)
    board = detect_board().profile.name
    small = msgspec.structs.replace(
        shipped, target=board, artifacts=tuple(map(_with_wrong_golden_vectors, kept)) if wrong else kept
    )
    (folder / "manifest.json").write_bytes(dump_manifest(small))
    return folder


def _with_wrong_golden_vectors(artifact: Artifact) -> Artifact:
    """Return an artifact with negated golden logits."""
    logits = tuple(tuple(-value for value in row) for row in artifact.golden.logits)
    return msgspec.structs.replace(artifact, golden=msgspec.structs.replace(artifact.golden, logits=logits))
