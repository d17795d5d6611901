"""Keys and signatures: Ed25519 (RFC 8032), in PEM files.

The private key stays on the desktop, readable only by its owner. Boards have the public key.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from profiles.errors import BundleError, OutputError, UsageError

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ImportError as error:
    raise UsageError("signatures need the package cryptography", advice="pip install 'digit-agent[deploy]'") from error

PUBLIC_KEY = Path("/etc/digit-agent/deploy.pub")
"""Default path of the public key on a board."""
SIGNATURE_BYTES = 64


def make_keys(private: Path) -> Path:
    """Make a pair of keys.

    Args:
        private: path of the private key. The public key is written beside it, with the suffix `.pub`.

    Returns:
        Path of the public key.

    Raises:
        UsageError: the name of the private key ends in `.pub`.
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
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    _write_new(private, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
    _write_new(public, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo), 0o644)
    return public


def load_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        UsageError: the file is missing, is not a private Ed25519 key, or is readable by others.
    """
    content = _read(path, "'digit-deploy keygen' makes one")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"the private key {path} is readable by others", advice=f"chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            f"{path} is not a private key of 'digit-deploy keygen'", advice="name the file that ends in .key"
        )
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        UsageError: the file is missing, or is not a public Ed25519 key.
    """
    content = _read(path, "copy it from the desktop, or name it with --public-key")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(
            f"{path} is not a public key of 'digit-deploy keygen'", advice="name the file that ends in .pub"
        )
    return key


def check_signature(key: Ed25519PublicKey, signature: bytes, content: bytes, source: Path) -> None:
    """Verify a signature.

    Args:
        key: public key.
        signature: 64 bytes.
        content: the signed bytes.
        source: path of the bundle, for messages.

    Raises:
        BundleError: the signature was made by another key, or over other content.
    """
    try:
        key.verify(signature, content)
    except InvalidSignature:
        raise BundleError(
            f"the signature of {source} is not valid: another key made it, or its manifest was changed",
            advice="sign it with the key that this board trusts, or copy it again",
        ) from None


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise OutputError(f"{path} exists, and boards may trust it", advice="choose another name") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another folder") from error


def _read(path: Path, advice: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read ({error.strerror})", advice=advice) from error
