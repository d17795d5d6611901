"""Find out why FFmpeg could not open an RTSP stream: it gives no reason itself."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

from agent.capture.address import StreamSpec
from agent.capture.deadline import Deadline
from agent.capture.http_errors import connection_error, status_error
from profiles.errors import SourceError

TIMEOUT_S = 5.0
"""Longest wait for the connection, and then for the answer, in seconds. Before this, FFmpeg has waited already."""
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
MAX_STATUS_BYTES = 256
"""Longest status line that is read, in bytes."""


def find_rtsp_error(spec: StreamSpec) -> SourceError | None:
    """Ask the server for a description of the stream, without signing in (RFC 2326, section 10.2).

    Returns:
        The error of the connection or of the server; None if the server describes the stream.
    """
    url = urlsplit(spec.url)
    port = url.port or DEFAULT_PORTS[url.scheme]
    place = f"{url.hostname}:{port}"
    try:
        answer = _describe(spec.url, url.hostname or "", port, tls=url.scheme == "rtsps")
    except OSError as error:
        return connection_error(spec.uri, place, error)
    status = re.match(rb"RTSP/\d\.\d (\d{3})", answer)
    if not answer:
        return connection_error(spec.uri, place, ConnectionResetError())
    if status is None:
        return SourceError(
            f"{spec.uri}: {place} does not answer in RTSP", advice="check the port; it may be one for 'http://'"
        )
    code = int(status[1])
    return None if code == 200 else status_error(spec.uri, code, signed_in=bool(spec.user or spec.password))


def _describe(url: str, host: str, port: int, *, tls: bool) -> bytes:
    """Return the beginning of the server's answer; nothing if it closes the connection."""
    request = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\nUser-Agent: digit-agent\r\n\r\n"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg, and no password is sent
    with closing(Deadline()) as deadline, socket.create_connection((host, port), TIMEOUT_S) as connection:
        deadline.watch(connection)
        deadline.set(TIMEOUT_S)
        stream = context.wrap_socket(connection, server_hostname=host) if tls else connection
        with stream:
            stream.sendall(request.encode())
            answer = b""
            while b"\n" not in answer and len(answer) < MAX_STATUS_BYTES and (data := stream.recv(MAX_STATUS_BYTES)):
                answer += data
        if not answer and deadline.passed:
            raise TimeoutError
        return answer
