"""The keys that a board trusts: Ed25519 (RFC 8032), in one file with one line for each key.

    # comment
    ed25519 xhCsWPfLUJPpZ1GuNh5tQD8RYdYa0hVBKfwmaFm1Yo4= office-2026
    ed25519 0DvI5VqTqGdLq2Cbh8gN7bQe5OLEhcS0bYdwT1m4RkQ= office-2027
    withdrawn ed25519 9v2hYvJpV5dVt3x2a0g3m5Ff1u7mZqvJc6n3s8k1r0E= lost-laptop

A bundle is accepted if one of the keys signed it. While a key is changed, the file has the old and the new one. A line
that starts with `withdrawn` refuses a key for ever, even if another line accepts it.
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path

from profiles.errors import BundleError, UsageError
from profiles.ownership import ROOT_UID, changeable_by_others
from profiles.regular_file import read_regular_file

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError as error:
    raise UsageError("signatures need the package cryptography", advice="pip install 'digit-agent[deploy]'") from error

TRUSTED_KEYS = Path("/etc/digit-agent/deploy.pub")
"""Default path of the file on a board."""
NAME = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
"""Regular expression that the name of a key matches."""
_LINE = re.compile(rf"(?P<withdrawn>withdrawn )?ed25519 (?P<key>[A-Za-z0-9+/]{{43}}=) (?P<name>{NAME})")
_SMALL_ORDER = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
"""Points of small order, without their sign bit: everybody can sign for such a key. Zeros, such as those of a line that
was to be filled in later, are one of them. Source: the list of libsodium (ge25519_has_small_order)."""
_PEM = b"-----BEGIN"
_MAX_BYTES = 2**16
"""Largest file that is read, in bytes: several hundred keys."""


@dataclass(frozen=True)
class Key:
    """A public key with a name."""

    name: str
    public: bytes
    """The public half of the key, 32 bytes."""

    def signed(self, signature: bytes, content: bytes) -> bool:
        """Return whether this key made a signature of some content."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, content)
        except InvalidSignature:
            return False
        return True

    def line(self) -> str:
        """Return the line of this key in a file."""
        return f"ed25519 {base64.b64encode(self.public).decode()} {self.name}\n"


@dataclass(frozen=True)
class TrustedKeys:
    """The keys of a board."""

    accepted: tuple[Key, ...] = ()
    withdrawn: tuple[Key, ...] = ()

    def find_signer(self, signature: bytes, content: bytes, source: Path | str) -> str:
        """Verify a signature, and return the name of the key that made it.

        Args:
            signature: 64 bytes.
            content: the signed bytes.
            source: name of the bundle, for messages.

        Raises:
            BundleError: no accepted key made the signature, or it was made over other content.
        """
        if name := self.find_withdrawn(signature, content):
            raise BundleError(
                f"{source} was signed with the key {name}, which was withdrawn", advice="sign it with another key"
            )
        for key in self.accepted:
            if key.signed(signature, content):
                return key.name
        raise BundleError(
            f"the signature of {source} is not valid: none of the keys that this board accepts made it "
            f"({', '.join(key.name for key in self.accepted)}), or its manifest was changed",
            advice="sign it with one of these keys, or copy it again",
        )

    def find_withdrawn(self, signature: bytes, content: bytes) -> str | None:
        """Return the name of the withdrawn key that made a signature; None if it was made by another one."""
        return next((key.name for key in self.withdrawn if key.signed(signature, content)), None)


def load_keys(path: Path = TRUSTED_KEYS) -> TrustedKeys:
    """Read the keys of a board.

    Raises:
        UsageError: the file is missing, other users can change it, a line is wrong, or no key is accepted.
    """
    try:
        content = read_regular_file(path, _MAX_BYTES)
        changeable = changeable_by_others(path, frozenset({ROOT_UID, os.geteuid()}))
    except OSError as error:
        raise UsageError(
            f"the keys {path} cannot be read ({error.strerror})",
            advice="copy deploy.pub from the desktop, or name it with --public-key",
        ) from error
    if changeable is not None:
        raise UsageError(
            f"other users can change {changeable}, and so the keys {path}",
            advice=f"sudo chown root:root {changeable} && sudo chmod go-w {changeable}",
        )
    return _load_pem(content, path) if content.startswith(_PEM) else parse_keys(content, path)


def parse_keys(content: bytes, path: Path) -> TrustedKeys:
    """Read the lines of a file of keys.

    Args:
        content: lines in UTF-8.
        path: where they are from, for messages.

    Raises:
        UsageError: a line is wrong, a name or a key is there twice, or no key is accepted.
    """
    accepted, withdrawn = list[Key](), list[Key]()
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise UsageError(
                f"{path}:{number}: this is not the line of a key", advice="write: ed25519, the key, its name"
            )
        key, kind = Key(found["name"], base64.b64decode(found["key"])), withdrawn if found["withdrawn"] else accepted
        if any(key.name == one.name or key.public == one.public for one in kind):
            raise UsageError(f"{path}:{number}: this name or this key is there twice", advice="remove one of the lines")
        if _is_weak(key.public):
            raise UsageError(f"{path}:{number}: everybody can sign for this key", advice="write that of 'keygen'")
        kind.append(key)
    usable = tuple(key for key in accepted if key.public not in {one.public for one in withdrawn})
    if not usable:
        raise UsageError(f"{path} accepts no key", advice="add the line from deploy.pub on the desktop")
    return TrustedKeys(usable, tuple(withdrawn))


def _load_pem(content: bytes, path: Path) -> TrustedKeys:
    """Read the only key of a file from version 0.1, which has the format PEM. Its name is that of the file."""
    try:
        key = None if content.count(_PEM) > 1 else serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey) or _is_weak(key.public_bytes_raw()):
        raise UsageError(
            f"{path} is not one public key of 'digit-deploy keygen'",
            advice="name the file that ends in .pub; a file of several keys has one line for each",
        )
    return TrustedKeys((Key(path.stem, key.public_bytes_raw()),))


def _is_weak(public: bytes) -> bool:
    return public[:31] + bytes([public[31] & 0x7F]) in _SMALL_ORDER
