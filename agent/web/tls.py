"""Encryption of the page by a certificate that somebody else made."""

from __future__ import annotations

import ssl
from pathlib import Path

from profiles.errors import UsageError

MISMATCH = "KEY_VALUES_MISMATCH"
"""OpenSSL's reason for a key that does not fit its certificate."""


def load_tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return what encrypts connections; None without a certificate.

    Args:
        certificate: file with the certificate, and those of its authorities, in PEM.
        key: file with its key in PEM; None means that it is in the same file.

    Raises:
        UsageError: a file cannot be read, is not of this kind, or the key does not fit the certificate.
    """
    if certificate is None:
        if key is None:
            return None
        raise UsageError(f"{key} is the key of no certificate", advice="name the certificate, too: --web-cert FILE")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        for file in {certificate, key or certificate}:
            file.open("rb").close()  # OpenSSL does not say which one it cannot read
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except ssl.SSLError as error:
        if error.reason == MISMATCH:
            raise UsageError(
                f"the key in {key or certificate} does not fit the certificate in {certificate}",
                advice="name the files that were made together: --web-cert and --web-key",
            ) from error
        raise UsageError(
            f"{certificate}{f' and {key}' if key else ''} are not a certificate and its key",
            advice="give files in PEM, which begin with -----BEGIN",
        ) from error
    except OSError as error:
        raise UsageError(
            f"{error.filename} cannot be read ({error.strerror})", advice="check its path and permissions"
        ) from error
    return context


def _refuse_password() -> str:
    """Answer OpenSSL, which would ask at the terminal."""
    raise UsageError(
        "the key of the web page is protected by a password, which nobody could type at a start",
        advice="take it off: openssl pkey -in KEY -out NEW",
    )
