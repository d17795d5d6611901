"""What goes into a bundle, gathered on the desktop: artifacts that their manifest vouches for, settings, wheels."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.manifest import BundleManifest, Member, dump_manifest, parse_manifest
from profiles.errors import BundleError, UsageError
from profiles.manifest import FILE_NAME, load_manifest, read_artifact
from profiles.profile import resolve_target

_AGENT_WHEEL = re.compile(r"digit_agent-(?P<version>[^-]+)-")


@dataclass(frozen=True)
class Load:
    """A bundle before it is sealed."""

    target: str
    """What the artifacts were made for: a board, a family, or all."""
    manifest: BundleManifest
    contents: dict[str, bytes]
    """Each file's content, by its path in the bundle."""


def pack(artifacts: Path, config: Path | None, wheels: Path | None, *, version: str, min_agent: str) -> Load:
    """Gather what a board is to get.

    Args:
        artifacts: a folder that `digit-convert` made; its target says for which boards the bundle is.
        config: becomes the board's configuration; None brings none.
        wheels: a folder with the agent's wheel and all that it needs; None leaves the agent as it is.
        version: the bundle's.
        min_agent: the oldest agent that can use it.

    Raises:
        ManifestError: the artifacts' manifest cannot be used.
        ArtifactError: an artifact is not what it describes.
        UsageError: configuration or wheels cannot be read, a version is no version, or a file's name is unusual.
    """
    manifest = load_manifest(artifacts)
    contents = {f"artifacts/{one.file}": read_artifact(artifacts, one) for one in manifest.artifacts}
    contents[f"artifacts/{FILE_NAME}"] = _read(artifacts / FILE_NAME)
    if config is not None:
        contents["config/config.toml"] = _toml(config)
    if wheels is not None:
        contents |= {f"wheels/{path.name}": _read(path) for path in wheels.glob("*.whl")}
    bundle = BundleManifest(
        version=version,
        compatible=tuple(profile.name for profile in resolve_target(manifest.target)),
        min_agent=min_agent,
        agent=None if wheels is None else _agent_of(wheels),
        members=tuple(
            Member(path=path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
            for path, content in sorted(contents.items())
        ),
    )
    try:
        return Load(manifest.target, parse_manifest(dump_manifest(bundle), "the bundle"), contents)
    except BundleError as error:
        raise UsageError(f"no bundle can be made of that: {error}") from error


def _agent_of(wheels: Path) -> str:
    """The version of the one wheel of ours in a folder."""
    found = [match["version"] for path in wheels.glob("*.whl") if (match := _AGENT_WHEEL.match(path.name))]
    if len(found) != 1:
        raise UsageError(
            f"{wheels} holds {len(found)} wheels of digit-agent instead of one; pip wheel digit-agent -w {wheels}"
        )
    return found[0]


def _toml(path: Path) -> bytes:
    content = _read(path)
    try:
        msgspec.toml.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML ({error}); correct it") from error
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name another file") from error
