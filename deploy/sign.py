"""The private key that signs bundles: Ed25519 (RFC 8032), in a PEM file.

It stays on the desktop, readable only by its owner. Boards have the public key, see `deploy.trust`.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from deploy.trust import NAME, Key
from profiles.errors import OutputError, UsageError
from profiles.regular_file import read_regular_file

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError as error:
    raise UsageError("signatures need the package cryptography", advice="pip install 'digit-agent[deploy]'") from error

_MAX_BYTES = 2**16
"""Largest file that is read, in bytes."""
SIGNATURE_BYTES = 64


def make_keys(private: Path, name: str) -> Path:
    """Make a pair of keys.

    Args:
        private: path of the private key. The public key is written beside it, with the suffix `.pub`.
        name: name of the key, which boards show.

    Returns:
        Path of the public key.

    Raises:
        UsageError: the file of the private key ends in `.pub`, or the name of the key is not valid.
        OutputError: one of the files exists or cannot be written.
    """
    public = private.with_suffix(".pub")
    if public == private:
        raise UsageError(
            f"the private key cannot be {private}: public keys end in .pub",
            advice=f"name it {private.stem}.key, for example",
        )
    if public.exists():
        raise OutputError(f"{public} exists, and boards may trust it", advice="choose another name")
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is not the name of a key", advice="use letters, digits and . _ @ -, at most 64")
    key = Ed25519PrivateKey.generate()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    _write_new(private, key.private_bytes(pem, pkcs8, serialization.NoEncryption()), 0o600)
    _write_new(public, Key(name, key.public_key().public_bytes_raw()).line().encode(), 0o644)
    return public


def load_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        UsageError: the file is missing, is not a private Ed25519 key, or is readable by others.
    """
    try:
        content, mode = read_regular_file(path, _MAX_BYTES), path.stat().st_mode
    except OSError as error:
        advice = "'digit-deploy keygen' makes one"
        raise UsageError(f"the key {path} cannot be read ({error.strerror})", advice=advice) from error
    if content.startswith((b"ed25519 ", b"-----BEGIN PUBLIC KEY")):
        raise UsageError(
            f"{path} is the public half of a key; the private half signs",
            advice=f"name {path.with_suffix('.key')}, or the file that 'digit-deploy keygen' wrote with it",
        )
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"other users can read the private key {path}", advice=f"chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            f"{path} is not a private key of 'digit-deploy keygen'", advice="name the file that ends in .key"
        )
    return key


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask is
            file.write(content)
    except FileExistsError:
        raise OutputError(f"{path} exists, and boards may trust it", advice="choose another name") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another folder") from error
