"""The manifest of a bundle, `bundle.json` (schema 1): its files and its boards. The signature covers its bytes."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

import msgspec

from profiles.errors import BundleError, UsageError

FILE_NAME = "bundle.json"
SIGNATURE_NAME = "bundle.sig"
MAX_BYTES = 2**20
"""Largest `bundle.json` that is read, in bytes: it is read before its signature is verified."""
MAX_MEMBER_BYTES = 2**30
"""Largest file of a bundle, in bytes. One file is in memory at a time."""
_NUMBER = "(0|[1-9][0-9]{0,8})"
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){0,3}")
_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}"

Version = Annotated[str, msgspec.Meta(pattern=rf"^{_NUMBER}(\.{_NUMBER}){{0,3}}\Z")]
"""One to four numbers separated by dots, without leading zeros."""
MemberPath = Annotated[str, msgspec.Meta(pattern=rf"^(artifacts/{_FILE}|config/config\.toml|wheels/{_FILE}\.whl)\Z")]
"""A file in one of three folders. No path can leave them."""
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of a bundle."""

    path: MemberPath
    bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_MEMBER_BYTES)]
    sha256: Sha256


class BundleManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `bundle.json`."""

    schema: Literal[1] = 1
    version: Version
    compatible: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Boards that may install the bundle, by the names of their profiles."""
    min_agent: Version
    """Oldest version of the agent that can use the bundle."""
    agent: Version | None
    """Version of the agent in the bundle; None if the bundle contains no agent."""
    expires: date | msgspec.UnsetType = msgspec.UNSET
    """Last day, in UTC, on which a board accepts the bundle. If it is not given, boards accept it for ever."""
    made: date | msgspec.UnsetType = msgspec.UNSET
    """Day, in UTC, on which the bundle was made, by the clock of the desktop; older versions do not understand it."""
    members: tuple[Member, ...]
    """The files of the bundle, sorted by path."""

    @property
    def bytes(self) -> int:
        """Size of all files, in bytes."""
        return sum(member.bytes for member in self.members)


def parse_manifest(content: bytes, source: str) -> BundleManifest:
    """Read `bundle.json`.

    Args:
        content: JSON in UTF-8.
        source: name of its origin, for messages.

    Raises:
        BundleError: the content is not JSON, has another schema, or its fields contradict each other.
    """
    try:
        manifest = msgspec.json.decode(content, type=BundleManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(
            f"this version does not understand the manifest of {source} ({error})",
            advice="update digit-agent, or make the bundle again",
        ) from error
    if wrong := _contradiction(manifest):
        raise BundleError(f"the manifest of {source} contradicts itself ({wrong})", advice="make the bundle again")
    return manifest


def _contradiction(manifest: BundleManifest) -> str:
    """Describe a contradiction in words; empty if there is none."""
    paths = [member.path for member in manifest.members]
    if paths != sorted(set(paths)):
        return "its files are not sorted, or are listed twice"
    if "artifacts/manifest.json" not in paths:
        return "artifacts/manifest.json is missing"
    if (manifest.agent is None) is any(path.startswith("wheels/") for path in paths):
        return "it names an agent without wheels, or contains wheels without naming an agent"
    return ""


def dump_manifest(manifest: BundleManifest) -> bytes:
    """Return the manifest as indented JSON with a final line feed. The same manifest gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def describe_age(manifest: BundleManifest, today: date) -> str:
    """Return when a bundle was made, and how long ago; empty if it does not say.

    Args:
        manifest: its manifest.
        today: the current day, in UTC.
    """
    made = manifest.made
    if not isinstance(made, date):
        return ""
    days = (today - made).days
    if days < 0:
        return f"{made}, after today; see the clock"
    return f"{made}, {'today' if days == 0 else '1 day ago' if days == 1 else f'{days} days ago'}"


def check_version(version: str, option: str) -> str:
    """Return a version of a bundle that a person has named.

    Raises:
        UsageError: it is not a version.
    """
    try:
        return msgspec.convert(version, Version)
    except msgspec.ValidationError:
        raise UsageError(
            f"{option} {version!r} is not a version", advice="write one to four numbers, such as 1.4 or 1.10.2"
        ) from None


def is_same(version: str, other: str) -> bool:
    """Compare versions number by number, as `is_older` does."""
    return _numbers(version) == _numbers(other)


def is_older(version: str, than: str) -> bool:
    """Compare versions number by number: 1.2 equals 1.2.0; suffixes are ignored, so 1.3rc1 equals 1.3."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    return (*numbers, *[0] * (4 - len(numbers)))
