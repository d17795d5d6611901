"""GET requests to one camera: sign-in, redirects within the host, TLS, proxies, and a cause for each failure.

The client uses `http.client` of Python's standard library. This needs no further package, raises the errors of the
operating system unchanged, and gives the caller the socket, so the caller can limit the time of the whole exchange.
httpx and its six dependencies are wheels of 540 kB. urllib3 is a wheel of 136 kB, but does not support Digest, and its
time limits begin again with each byte.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from agent.capture.address import StreamSpec
from agent.capture.deadline import Deadline
from agent.capture.http_auth import Authorizer, parse_challenges
from agent.capture.http_errors import CLOSED, connection_error, proxy_error, shorten, status_error
from profiles.errors import SourceError
from profiles.redact import redact

CONNECT_TIMEOUT_S = 5.0
"""Longest wait for a connection, in seconds; shorter with less patience. A camera in the same network needs
milliseconds, one in power saving a second or two."""
MAX_REDIRECTS = 5
"""Number of redirects that are followed. Cameras use one, or two with a sign-in."""
MAX_REST_BYTES = 65_536
"""Longest rest of an answer that is read, so that the connection can be used again, in bytes."""
REDIRECTS = (301, 302, 303, 307, 308)
NOT_MODIFIED = 304
HEADERS = {"User-Agent": "digit-agent", "Accept": "*/*", "Accept-Encoding": "identity"}
DEFAULT_PORTS = {"http": 80, "https": 443}
DEFAULT_PROXY_PORT = 8080


class HttpClient:
    """Sends requests to one camera, over one connection as long as the camera keeps it.

    Args:
        spec: the camera.
        deadline: limits the time of each exchange; the caller sets it.
    """

    def __init__(self, spec: StreamSpec, deadline: Deadline) -> None:
        self._spec, self._deadline = spec, deadline
        self._authorizer = Authorizer(spec.user, spec.password)
        self._connection: HTTPConnection | None = None
        self._place = ""
        self._proxy: str | None = None
        self._response: HTTPResponse | None = None

    def get(self, headers: Mapping[str, str]) -> HTTPResponse:
        """Request the camera's address. The response before this one must not be read any more.

        Args:
            headers: additional headers.

        Returns:
            An open response with status 200 to 299 or 304.

        Raises:
            SourceError: there is no such response.
        """
        url, seen = self._spec.url, {self._spec.url}
        challenged = False
        while True:
            response = self._request(urlsplit(url), headers)
            if response.status in REDIRECTS and (target := response.headers.get("Location")):
                url = self._redirect(url, target)
                if url in seen or len(seen) > MAX_REDIRECTS:
                    raise SourceError(
                        f"{self._spec.uri} redirects without an end",
                        advice="try the address in a browser, and restart the camera",
                    )
                seen.add(url)
            elif response.status == 401 and not challenged and self._accept_challenge(response):
                challenged = True
            elif 200 <= response.status < 300 or response.status == NOT_MODIFIED:
                return response
            else:
                raise status_error(self._spec.uri, response.status, signed_in=self._authorizer.has_credentials)

    def close(self) -> None:
        """Close the connection."""
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
        self._connection = self._response = None

    def error(self, error: Exception) -> SourceError:
        """Return the error for an OSError or HTTPException while a response is read."""
        if self._deadline.passed:
            return SourceError(
                f"{self._spec.uri} gave no picture for {self._spec.options.patience_s:g} s",
                advice="check the network and the camera; if it is only slow, raise --patience",
            )
        is_cameras = isinstance(error, ssl.SSLError | HTTPException) and not isinstance(error, CLOSED)
        if self._proxy is not None and not is_cameras:
            return proxy_error(self._spec.uri, redact(self._proxy))
        return connection_error(self._spec.uri, self._place, error)

    def _accept_challenge(self, response: HTTPResponse) -> bool:
        challenges = parse_challenges(response.headers.get_all("WWW-Authenticate", []))
        if self._authorizer.accept(challenges):
            return True
        if self._authorizer.has_credentials and challenges:
            raise SourceError(
                f"{self._spec.uri} asks for a sign-in by {shorten(challenges[0].scheme)}, which is not supported",
                advice="switch the camera to Digest or Basic",
            )
        return False

    def _redirect(self, url: str, target: str) -> str:
        """Return the next address, if it is on the same host and at least as well protected."""
        try:
            following, before = urlsplit(urljoin(url, target)), urlsplit(url)
            weaker = (before.scheme, following.scheme) == ("https", "http")
            known = following.scheme in DEFAULT_PORTS and following.port != 0
            if known and following.hostname == before.hostname and not weaker:
                return following._replace(netloc=following.netloc.rpartition("@")[2], fragment="").geturl()
        except ValueError:  # it is not an address
            pass
        raise SourceError(
            f"{self._spec.uri} redirects to {shorten(redact(target))}, which is not followed",
            advice="give that address itself, if you trust it: a redirect must stay on its host, and on https",
        )

    def _request(self, url: SplitResult, headers: Mapping[str, str]) -> HTTPResponse:
        """Send one request. If the camera has closed the connection in the meantime, connect again."""
        self._finish_response()
        reused = self._connection is not None
        try:
            try:
                return self._send(url, headers)
            except CLOSED:
                self.close()
                if not reused or self._deadline.passed:
                    raise
                return self._send(url, headers)
        except (OSError, HTTPException) as error:
            self.close()
            raise self.error(error) from error

    def _finish_response(self) -> None:
        """Read the rest of a short response; otherwise the connection cannot be used again."""
        response = self._response
        if response is None or response.isclosed():
            return
        if response.length is not None and response.length <= MAX_REST_BYTES:
            with contextlib.suppress(OSError, HTTPException):
                response.read()
        if not response.isclosed():
            self.close()

    def _send(self, url: SplitResult, headers: Mapping[str, str]) -> HTTPResponse:
        port = url.port or DEFAULT_PORTS[url.scheme]
        place = f"{url.hostname}:{port}"
        if self._connection is None or self._place != place:
            self.close()
            self._connection, self._place = self._connect(url, port), place
        path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        target = re.sub("[^!-~]+", lambda found: quote(found[0]), path)
        sent: dict[str, str | bytes] = {**HEADERS, **headers}
        if (authorization := self._authorizer.header("GET", target)) is not None:
            sent["Authorization"] = authorization
        through_proxy = self._proxy is not None and url.scheme == "http"
        self._connection.request("GET", f"http://{url.netloc}{target}" if through_proxy else target, headers=sent)
        self._response = self._connection.getresponse()
        return self._response

    def _connect(self, url: SplitResult, port: int) -> HTTPConnection:
        """Return a connection that connects with its first request, through a proxy if the environment names one."""
        host = url.hostname or ""
        self._proxy = None if proxy_bypass(host) else getproxies().get(url.scheme)
        proxy = urlsplit(self._proxy if "//" in self._proxy else f"//{self._proxy}") if self._proxy else None
        to_host, to_port = (proxy.hostname or "", proxy.port or DEFAULT_PROXY_PORT) if proxy else (host, port)
        timeout_s = min(CONNECT_TIMEOUT_S, self._spec.options.patience_s)
        connection: HTTPConnection
        if url.scheme == "https":
            context = ssl.create_default_context()
            if not self._spec.options.verify:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = HTTPSConnection(to_host, to_port, timeout=timeout_s, context=context)
            if proxy is not None:
                connection.set_tunnel(host, port)
        else:
            connection = HTTPConnection(to_host, to_port, timeout=timeout_s)
        connection._create_connection = self._open_socket  # type: ignore[attr-defined]
        return connection

    def _open_socket(self, *place_and_timeout: Any) -> socket.socket:
        """Connect a socket and let the deadline watch it before anything is read, also from a proxy or for TLS."""
        connected = socket.create_connection(*place_and_timeout)
        self._deadline.watch(connected)
        connected.settimeout(self._spec.options.patience_s + CONNECT_TIMEOUT_S)  # the deadline comes first
        return connected
