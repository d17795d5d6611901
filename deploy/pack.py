"""Collect the files of a bundle on the desktop: artifacts (checked against their manifest), configuration, wheels."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from deploy.manifest import MAX_MEMBER_BYTES, BundleManifest, Member, check_version, dump_manifest, parse_manifest
from profiles.errors import BundleError, UsageError
from profiles.manifest import FILE_NAME, load_manifest, read_artifact
from profiles.profile import resolve_target
from profiles.regular_file import read_regular_file

_AGENT_WHEEL = re.compile(r"digit_agent-(?P<version>[^-]+)-")


@dataclass(frozen=True)
class UnsignedBundle:
    """The files and the manifest of a bundle before it is signed."""

    target: str
    """Target of the artifacts: a board, a family, or all."""
    manifest: BundleManifest
    contents: dict[str, bytes]
    """Content of each file, by its path in the bundle."""


def pack(
    artifacts: Path,
    config: Path | None,
    wheels: Path | None,
    *,
    version: str,
    min_agent: str,
    expires: date | None = None,
    made: date | None = None,
) -> UnsignedBundle:
    """Collect the files of a bundle.

    Args:
        artifacts: a folder that `digit-convert` made. Its target decides which boards may install the bundle.
        config: configuration for the board; None leaves the board's configuration unchanged.
        wheels: folder with the wheel of the agent and of all its dependencies; None leaves the agent unchanged.
        version: version of the bundle.
        min_agent: oldest version of the agent that can use it.
        expires: last day on which a board accepts it; None is for ever.
        made: day on which it is made; None leaves it out, for boards with version 0.1.

    Raises:
        ManifestError: the manifest of the artifacts cannot be used.
        ArtifactError: an artifact differs from its manifest.
        UsageError: configuration or wheels cannot be read, or a version or a file name is not valid.
    """
    manifest = load_manifest(artifacts)
    contents = {f"artifacts/{one.file}": read_artifact(artifacts, one) for one in manifest.artifacts}
    contents[f"artifacts/{FILE_NAME}"] = _read(artifacts / FILE_NAME)
    if config is not None:
        contents["config/config.toml"] = _toml(config)
    if wheels is not None:
        contents |= {f"wheels/{path.name}": _read(path) for path in wheels.glob("*.whl")}
    bundle = BundleManifest(
        version=check_version(version, "--version"),
        compatible=tuple(profile.name for profile in resolve_target(manifest.target)),
        min_agent=check_version(min_agent, "--min-agent"),
        agent=None if wheels is None else _agent_of(wheels),
        expires=expires or msgspec.UNSET,
        made=made or msgspec.UNSET,
        members=tuple(
            Member(path=path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
            for path, content in sorted(contents.items())
        ),
    )
    try:
        return UnsignedBundle(manifest.target, parse_manifest(dump_manifest(bundle), "the bundle"), contents)
    except BundleError as error:
        raise UsageError(f"these files do not make a bundle: {error}") from error


def _agent_of(wheels: Path) -> str:
    """Return the version of the only digit-agent wheel in a folder."""
    found = [match["version"] for path in wheels.glob("*.whl") if (match := _AGENT_WHEEL.match(path.name))]
    if len(found) != 1:
        raise UsageError(
            f"{wheels} contains {len(found)} wheels of digit-agent instead of one",
            advice=f"make them with: pip wheel digit-agent -w {wheels}",
        )
    return found[0]


def _toml(path: Path) -> bytes:
    content = _read(path)
    try:
        msgspec.toml.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML ({error})", advice="correct it") from error
    return content


def _read(path: Path) -> bytes:
    try:
        return read_regular_file(path, MAX_MEMBER_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})", advice="name another file") from error
