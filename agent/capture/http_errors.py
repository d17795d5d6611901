"""What went wrong between the agent and a camera in the network, in one sentence with advice for each cause."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl

from profiles.errors import SourceError
from profiles.foreign_text import show

NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL)
CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
MAX_NAME = 60
"""Number of characters of a server's text, such as a media type, that are shown."""
SIGN_IN = "write 'http://user:password@host/path', or only the user and --password-file FILE"


def connection_error(uri: str, place: str, error: Exception) -> SourceError:  # noqa: PLR0911 (one for each cause)
    """Return the error for an exception while the connection was made or used.

    Args:
        uri: the address without secrets.
        place: host and port that were connected to.
        error: an OSError or HTTPException.
    """
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return SourceError(
                f"{uri}: the name of the host cannot be looked up now",
                advice="check this machine's network, or write the camera's IP address instead of its name",
            )
        return SourceError(
            f"{uri}: there is no host of this name",
            advice="check the name, or write the camera's IP address instead of it",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceError(
            f"{uri}: the certificate is not valid ({shorten(error.verify_message)})",
            advice="install the certificate on this machine, or accept any certificate with --insecure",
        )
    if isinstance(error, ssl.SSLError):
        return SourceError(
            f"{uri}: no encrypted connection to {place} is possible",
            advice="check the port; the camera may want 'http://' or know only outdated encryption",
        )
    if isinstance(error, TimeoutError):
        return SourceError(
            f"{uri}: {place} does not answer",
            advice="check the address, that the camera has power, and that it is in this network",
        )
    if isinstance(error, ConnectionRefusedError):
        return SourceError(
            f"{uri}: {place} refuses the connection",
            advice="check the port, and that the camera's server is on",
        )
    if isinstance(error, OSError) and error.errno in NO_ROUTE:
        return SourceError(
            f"{uri}: there is no way to {place} in the network",
            advice="check that this machine is connected, and that the camera is in the same network",
        )
    if isinstance(error, CLOSED):
        return SourceError(
            f"{uri}: {place} closes the connection without an answer",
            advice="check the port; a camera that has too many viewers does this, too",
        )
    if isinstance(error, http.client.HTTPException):
        return SourceError(
            f"{uri}: {place} does not answer in HTTP",
            advice="check the port; it may be one for 'https://' or 'rtsp://'",
        )
    reason = getattr(error, "strerror", None) or type(error).__name__
    return SourceError(f"{uri} cannot be reached ({shorten(reason)})", advice="check the network and the camera")


def proxy_error(uri: str, proxy: str) -> SourceError:
    """Return the error for a proxy that cannot be used.

    Args:
        uri: the address without secrets.
        proxy: host and port of the proxy.
    """
    return SourceError(
        f"{uri}: the proxy {show(proxy)} gives no connection",
        advice="set no_proxy to the camera's host, or unset http_proxy and https_proxy",
    )


def status_error(uri: str, status: int, *, signed_in: bool) -> SourceError:  # noqa: PLR0911 (one for each cause)
    """Return the error for a status that is not a success.

    Args:
        uri: the address without secrets.
        status: HTTP status code.
        signed_in: whether a user name or a password was sent.
    """
    if status == http.client.UNAUTHORIZED:
        if signed_in:
            return SourceError(
                f"{uri} refuses the user name or the password (status 401)",
                advice="check both; in an address, write %40 for @ and %2F for /",
            )
        return SourceError(f"{uri} wants a user name and a password (status 401)", advice=SIGN_IN)
    if status == http.client.FORBIDDEN:
        return SourceError(
            f"{uri} is forbidden (status 403)",
            advice="check what this user may do in the camera's settings, and whether the camera wants a password",
        )
    if status in (http.client.NOT_FOUND, http.client.GONE):
        return SourceError(
            f"{uri} does not exist on this camera (status {status})",
            advice="look up the path in the camera's manual, and try it in a browser",
        )
    if status == http.client.PROXY_AUTHENTICATION_REQUIRED:
        return SourceError(
            f"{uri}: the proxy wants a user name and a password (status 407)",
            advice="set no_proxy to the camera's host, or put both into http_proxy",
        )
    if status in (http.client.SERVICE_UNAVAILABLE, http.client.TOO_MANY_REQUESTS):
        return SourceError(
            f"{uri} is busy (status {status})",
            advice="close other programs that show this camera: some serve only one; or raise --every",
        )
    if status >= http.client.INTERNAL_SERVER_ERROR:
        return SourceError(f"{uri} reports a fault of its own (status {status})", advice="restart the camera")
    return SourceError(
        f"{uri} answers with status {status} instead of pictures", advice="try the address in a browser, and check it"
    )


def content_error(uri: str, media_type: str, head: bytes) -> SourceError:
    """Return the error for an answer without a picture.

    Args:
        uri: the address without secrets.
        media_type: the server's name for the content; may be empty.
        head: the first bytes of the content.
    """
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or media_type == "text/html":
        return SourceError(
            f"{uri} is a web page, not a picture",
            advice="look up the address of the picture or of the MJPEG stream in the camera's manual",
        )
    if start.startswith((b"#extm3u", b"<mpd", b"<?xml", b"v=0")):
        return SourceError(
            f"{uri} is a playlist, which is not read", advice="use the camera's address for MJPEG, pictures or RTSP"
        )
    if not head:
        return SourceError(f"{uri} gives nothing", advice="try the address in a browser, and restart the camera")
    return SourceError(
        f"{uri} gives {shorten(media_type or 'something')} without a JPEG, PNG, WebP or BMP picture",
        advice="use the camera's address for MJPEG, pictures or RTSP",
    )


def shorten(text: str) -> str:
    """Return a server's or library's text, escaped and of limited length."""
    return show(text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}…")
