"""What a bundle holds and for whom it is: `bundle.json`, schema 1, over whose bytes the signature is made."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from profiles.errors import BundleError

FILE_NAME = "bundle.json"
SIGNATURE_NAME = "bundle.sig"
MAX_BYTES = 2**20
"""Of `bundle.json`; it is read before its signature is known."""
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){0,3}")
_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}"

Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,3}\Z")]
"""One to four numbers with dots between them."""
MemberPath = Annotated[str, msgspec.Meta(pattern=rf"^(artifacts/{_FILE}|config/config\.toml|wheels/{_FILE}\.whl)\Z")]
"""A file in one of three folders: no path leads out of them."""
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    path: MemberPath
    bytes: Annotated[int, msgspec.Meta(ge=0, le=2**30)]
    sha256: Sha256


class BundleManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All files of a bundle, in the order of their paths."""

    schema: Literal[1] = 1
    version: Version
    compatible: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Names of the boards that it is for."""
    min_agent: Version
    """The oldest agent that can use it."""
    agent: Version | None
    """The agent whose wheels it brings; None where it brings none."""
    members: tuple[Member, ...]

    @property
    def bytes(self) -> int:
        """What the files take together, in bytes."""
        return sum(member.bytes for member in self.members)


def parse_manifest(content: bytes, source: str) -> BundleManifest:
    """Read `bundle.json`.

    Args:
        content: JSON in UTF-8.
        source: where it was found, for the message.

    Raises:
        BundleError: it is not JSON, not of this schema, or does not agree with itself.
    """
    try:
        manifest = msgspec.json.decode(content, type=BundleManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(
            f"the manifest of {source} says what this version does not understand ({error}); "
            "update digit-agent, or make the bundle again"
        ) from error
    if wrong := _contradiction(manifest):
        raise BundleError(f"the manifest of {source} contradicts itself ({wrong}); make the bundle again")
    return manifest


def _contradiction(manifest: BundleManifest) -> str:
    """What does not agree, in words; empty where all does."""
    paths = [member.path for member in manifest.members]
    if paths != sorted(set(paths)):
        return "its files are not in order, or listed twice"
    if "artifacts/manifest.json" not in paths:
        return "it lists no artifacts/manifest.json"
    if (manifest.agent is None) is any(path.startswith("wheels/") for path in paths):
        return "its agent and its wheels do not agree"
    return ""


def dump_manifest(manifest: BundleManifest) -> bytes:
    """The manifest as indented JSON, ending in a line feed; the same manifest gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another one, number by number: 1.2 is 1.2.0, and 1.3rc1 is taken for 1.3."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    return (*numbers, *[0] * (4 - len(numbers)))
