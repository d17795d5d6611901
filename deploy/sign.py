"""Keys and signatures: Ed25519 (RFC 8032), keys as PEM files.

The private key stays on the desktop, readable by its owner alone; boards get the public one.
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
    raise UsageError("signatures need the package cryptography; pip install 'digit-agent[deploy]'") from error

PUBLIC_KEY = Path("/etc/digit-agent/deploy.pub")
"""Where a board has it, unless an option says otherwise."""
SIGNATURE_BYTES = 64


def make_keys(private: Path) -> Path:
    """Make a pair of keys; the public one goes beside the private one, its name ending in `.pub`, and is returned.

    Raises:
        UsageError: the private key's name ends in `.pub`.
        OutputError: one of the files is there already, or cannot be written.
    """
    public = private.with_suffix(".pub")
    if public == private:
        raise UsageError(f"{private} is a public key's name; name the private one, such as {private.stem}.key")
    if public.exists():
        raise OutputError(f"{public} is there already, and boards may trust it; choose another name")
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    _write_new(private, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
    _write_new(public, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo), 0o644)
    return public


def load_private(path: Path) -> Ed25519PrivateKey:
    """The key to sign with.

    Raises:
        UsageError: there is none, it is no private Ed25519 key, or others may read it.
    """
    content = _read(path, "'digit-deploy keygen' makes one")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"others than its owner may read the private key {path}; chmod 600 it")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is no private key of 'digit-deploy keygen'; name the one that ends in .key")
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """The key to check signatures with.

    Raises:
        UsageError: there is none, or it is no public Ed25519 key.
    """
    content = _read(path, "copy it from the desktop, or name it with --public-key")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} is no public key of 'digit-deploy keygen'; name the one that ends in .pub")
    return key


def check_signature(key: Ed25519PublicKey, signature: bytes, content: bytes, source: Path) -> None:
    """Pass where the signature was made over this content with the private half of the key.

    Raises:
        BundleError: it was not.
    """
    try:
        key.verify(signature, content)
    except InvalidSignature:
        raise BundleError(
            f"the signature of {source} does not hold: another key made it, or its manifest was changed; "
            "sign it with the key that this board trusts, or copy it again"
        ) from None


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise OutputError(f"{path} is there already, and boards may trust it; choose another name") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def _read(path: Path, advice: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read ({error.strerror}); {advice}") from error
