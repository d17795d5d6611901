"""Bundles as a desktop makes them: of small real artifacts, good ones and such as fail on the board."""

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
"""A configuration with which the agent becomes ready, and ends before it can be called healthy."""


@dataclass(frozen=True)
class Desktop:
    """Where bundles are made.

    Attributes:
        folder: everything of it.
        key: the private key; its public half is `deploy.pub` beside it.
    """

    folder: Path
    key: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Desktop:
        """A desktop with a new pair of keys."""
        key = folder / "deploy.key"
        sh(sys.executable, "-m", "deploy", "keygen", key)
        return cls(folder, key)

    @property
    def public(self) -> Path:
        return self.key.with_name("deploy.pub")

    def bundle(
        self, version: str, *, config: str | None = None, wrong: bool = False, wheels: Path | None = None
    ) -> Path:
        """A bundle for this machine's kind of board.

        Args:
            version: its version.
            config: its configuration; None brings none.
            wrong: whether no artifact computes what its golden vectors say.
            wheels: a folder with an agent's; None brings none.
        """
        made = self.folder / f"{version}.bundle"
        artifacts = _artifacts(self.folder / f"artifacts-{version}", wrong=wrong)
        argv: list[str | Path] = ["bundle", artifacts, "--key", self.key, "--version", version, "--out", made]
        if config is not None:
            (self.folder / "config.toml").write_text(config)
            argv += ["--config", self.folder / "config.toml"]
        if wheels is not None:
            argv += ["--with-agent", wheels]
        sh(sys.executable, "-m", "deploy", *argv)
        return made


def _artifacts(folder: Path, *, wrong: bool) -> Path:
    shipped = load_manifest(shipped_artifacts())
    kept = tuple(one for one in shipped.artifacts if one.file in FILES)
    for one in kept:
        folder.mkdir(exist_ok=True)
        shutil.copy(shipped_artifacts() / one.file, folder)
    board = detect_board().profile.name
    small = msgspec.structs.replace(shipped, target=board, artifacts=tuple(map(_spoiled, kept)) if wrong else kept)
    (folder / "manifest.json").write_bytes(dump_manifest(small))
    return folder


def _spoiled(artifact: Artifact) -> Artifact:
    """An artifact with golden logits that are not its own."""
    logits = tuple(tuple(-value for value in row) for row in artifact.golden.logits)
    return msgspec.structs.replace(artifact, golden=msgspec.structs.replace(artifact.golden, logits=logits))
