"""The password of the page and the token for programs: only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from profiles.atomic_write import write_atomic
from profiles.errors import OutputError, SourceError
from profiles.regular_file import read_regular_file

MAX_FILE_BYTES = 4096
COST, BLOCK, PARALLEL = 2**14, 8, 5
"""Parameters of scrypt, from OWASP's list: 16 MiB of memory. Raising COST doubles the memory and the time of a try."""
SALT_BYTES = 16
CHARACTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters that are not mistaken for each other."""
GROUPS, GROUP_CHARACTERS = 4, 4
"""16 characters of 5 bits each: 80 bits."""
TOKEN_BYTES = 32


@dataclass(frozen=True)
class PasswordHash:
    """Salt and scrypt hash of a password."""

    salt: bytes
    hash: bytes

    def matches(self, password: str) -> bool:
        """Whether this is the password; it takes about as long as the hash did."""
        return hmac.compare_digest(_scrypt(password, self.salt), self.hash)


@dataclass(frozen=True)
class Credentials:
    """What proves that somebody may see the page; None if there is none."""

    password: PasswordHash | None = None
    token_sha256: bytes | None = None

    def accepts_token(self, token: str) -> bool:
        """Whether this is the token. It is random and long, so a fast hash is enough."""
        digest = hashlib.sha256(token.encode()).digest()
        return self.token_sha256 is not None and hmac.compare_digest(digest, self.token_sha256)


def hash_password(password: str) -> PasswordHash:
    """Hash a password with a new salt."""
    salt = secrets.token_bytes(SALT_BYTES)
    return PasswordHash(salt, _scrypt(password, salt))


def load_credentials(file: Path) -> Credentials:
    """Read the hashes; a missing file gives none.

    Raises:
        SourceError: the file cannot be read, or is damaged.
    """
    advice = "check its permissions; or remove it, and the next start makes a new password"
    try:
        return msgspec.json.decode(read_regular_file(file, MAX_FILE_BYTES), type=Credentials)
    except FileNotFoundError:
        return Credentials()
    except OSError as error:
        raise SourceError(
            f"the web page's password cannot be read from {file} ({error.strerror})", advice=advice
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} does not hold the web page's password", advice=advice) from error


def make_password(file: Path) -> str:
    """Make a password, keep its hash in the file, and return it."""
    groups = ("".join(secrets.choice(CHARACTERS) for _ in range(GROUP_CHARACTERS)) for _ in range(GROUPS))
    password = "-".join(groups)
    _save(file, replace(load_credentials(file), password=hash_password(password)))
    return password


def make_token(file: Path) -> str:
    """Make a token in place of the one before, keep its hash in the file, and return it."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    _save(file, replace(load_credentials(file), token_sha256=hashlib.sha256(token.encode()).digest()))
    return token


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=COST, r=BLOCK, p=PARALLEL, dklen=32)


def _save(file: Path, credentials: Credentials) -> None:
    """Replace the file in one step; only its owner can read it."""
    try:
        write_atomic(file, msgspec.json.encode(credentials), 0o600)
    except OSError as error:
        raise OutputError(
            f"the web page's password cannot be kept in {file} ({error.strerror})",
            advice="check the folder's permissions",
        ) from error
