"""Helpers that make bundles of small real artifacts and look at what was installed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from deploy.bundle import Bundle, open_bundle, seal
from deploy.pack import UnsignedBundle, pack
from deploy.sign import load_private
from deploy.trust import load_keys
from profiles.board import detect_board

BOARD = detect_board().profile.name


@dataclass(frozen=True)
class Keys:
    """A pair of keys in files."""

    private: Path
    public: Path


@dataclass(frozen=True)
class Maker:
    """Makes bundles from the small artifacts."""

    folder: Path
    artifacts: Path
    keys: Keys

    def load(
        self,
        version: str = "1.0",
        config: str | None = None,
        wheels: Path | None = None,
        expires: date | None = None,
    ) -> UnsignedBundle:
        path = None
        if config is not None:
            path = self.folder / "config.toml"
            path.write_text(config)
        return pack(self.artifacts, path, wheels, version=version, min_agent="0.1", expires=expires)

    def write(
        self,
        version: str = "1.0",
        config: str | None = None,
        wheels: Path | None = None,
        expires: date | None = None,
    ) -> Path:
        load = self.load(version, config, wheels, expires)
        path = self.folder / f"{version}.bundle"
        path.write_bytes(seal(load.manifest, load.contents, load_private(self.keys.private)))
        return path

    def open(
        self,
        version: str = "1.0",
        config: str | None = None,
        wheels: Path | None = None,
        expires: date | None = None,
    ) -> Bundle:
        return open_bundle(self.write(version, config, wheels, expires), load_keys(self.keys.public))


def tree(folder: Path) -> dict[str, bytes | str | None]:
    """Return everything below a folder: content of files, target of links, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found
