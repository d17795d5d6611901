"""A password from a file, so that it stands neither on a command line nor in a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from profiles.errors import UsageError
from profiles.foreign_text import show
from profiles.regular_file import read_regular_file

CREDENTIAL = "camera-password"
"""Name of the camera's password among the credentials of a systemd service (`LoadCredential=`, systemd.exec(5))."""
MAX_PASSWORD_BYTES = 4096
"""Longest file, in bytes. A password is shorter; another file was named by mistake."""


def read_password(named: Path | None, environ: Mapping[str, str], credential_name: str = CREDENTIAL) -> str | None:
    """Return the password from the named file, else from the credential of the service; None if there is neither.

    Args:
        named: a file whose first line is the password.
        environ: environment in which systemd names the folder of the credentials.
        credential_name: name of the credential.

    Raises:
        UsageError: the file cannot be read, or does not hold a password.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(folder, credential_name) if folder else None
    file = named or (credential if credential is not None and credential.exists() else None)
    if file is None:
        return None
    try:
        content = read_regular_file(file, MAX_PASSWORD_BYTES).decode()
    except OSError as error:
        raise UsageError(
            f"the password cannot be read from {show(file)} ({error.strerror})",
            advice="check the name and its permissions",
        ) from error
    except UnicodeDecodeError:
        raise UsageError(f"{show(file)} is not UTF-8 text", advice="write the password into it, in one line") from None
    password = content.removesuffix("\n").removesuffix("\r")
    if not password or "\n" in password:
        raise UsageError(f"{show(file)} does not hold one line", advice="write the password into it, in one line")
    return password
