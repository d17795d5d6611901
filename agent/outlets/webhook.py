"""The outlet to a web service: each reading and record is a POST of JSON, signed as standard-webhooks says.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import select
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from agent.capture.http_errors import shorten
from agent.capture.password import read_password
from agent.outlets.message import StoredMessage
from agent.outlets.outbox import Outbox
from agent.outlets.outlet import Outlet
from profiles.errors import OutputError, UsageError
from profiles.redact import redact

CREDENTIAL = "webhook-secret"
"""Name of the secret among the credentials of a systemd service (`LoadCredential=`, systemd.exec(5))."""
PREFIX = "whsec_"
"""Begins a secret in the specification."""
TIMEOUT_S = 30.0
"""Longest wait for an answer, in seconds; the upper end of what the specification recommends. Raising it lets a slower
service succeed, and delays the next try at one that hangs."""
GONE_PAUSE_S = 3600.0
"""Pause after the service has said that it is gone for good, and longest pause that it may ask for, in seconds."""
IDLE_S = 5.0
"""Longest sleep while nothing happens, in seconds."""
BATCH = 50
"""Messages that are read from the outbox at a time."""
MAX_ANSWER_BYTES = 65_536
"""Longest answer that is read, so that the connection can be used again, in bytes."""
TOO_MANY_REQUESTS, UNAVAILABLE, GONE, TOO_LARGE = 429, 503, 410, 413
ASIDE_PAUSE_S = 3600.0
"""Pause until messages that were too large for the service are sent again, in seconds; each start sends them, too."""
MAX_SECRET_BYTES, MIN_SECRET_BYTES = 64, 24
"""Lengths of a secret in the specification."""


@dataclass(frozen=True)
class Hook:
    """A web service."""

    uri: str
    """The address for people, without secrets."""
    url: str = field(repr=False)
    secret: bytes | None = field(repr=False)
    """Signs each message; None signs none."""


def parse_hook(text: str, secret_file: Path | None, environ: Mapping[str, str]) -> Hook:
    """Parse the address of a web service.

    Args:
        text: `https://host/path`, or the same with `http`.
        secret_file: file with the secret; None takes the service's credential, if there is one.
        environ: environment in which systemd names the credentials.

    Raises:
        UsageError: the address or the secret is wrong.
    """
    uri = redact(text)
    try:
        url = urlsplit(text)
        is_valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0 and text.isascii()
    except ValueError:
        is_valid = False
    if not is_valid or url.username is not None or not text.isprintable() or " " in text:
        raise UsageError(f"{uri} is not the address of a web service", advice="write https://host/path, without a user")
    return Hook(uri, text, _parse_secret(read_password(secret_file, environ, CREDENTIAL)))


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message.

    Args:
        secret: the secret that sender and receiver share.
        message_id: the header webhook-id.
        timestamp: the header webhook-timestamp, in seconds since 1970.
        body: what is sent.
    """
    digest = hmac.new(secret, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class WebhookOutlet(Outlet):
    """Delivers readings and records to a web service, one after another.

    Args:
        hook: the web service.
        outbox: holds the messages.
        warn: called when the delivery fails, and when it works again.
        first_pause_s: pause after the first failure, in seconds.
        timeout_s: longest wait for an answer, in seconds.
    """

    def __init__(
        self,
        hook: Hook,
        outbox: Outbox,
        warn: Callable[[str], None],
        *,
        first_pause_s: float = 1.0,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__("webhook", outbox, warn, first_pause_s=first_pause_s)
        self._hook, self._timeout_s, self._asked_pause_s = hook, timeout_s, 0.0
        self._aside_due_s = time.monotonic()

    def _deliver(self) -> None:
        url = urlsplit(self._hook.url)
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = kind(str(url.hostname), url.port, timeout=self._timeout_s)
        try:
            self._deliver_over(connection, (url.path or "/") + (f"?{url.query}" if url.query else ""))
        except OutputError:
            raise
        except (OSError, HTTPException) as error:
            raise OutputError(
                f"the web service {self._hook.uri} cannot be reached ({_reason(error)})",
                advice="check the address, and that the service runs",
            ) from error
        finally:
            connection.close()

    def _deliver_over(self, connection: HTTPConnection, path: str) -> None:
        while not self._is_drained and not self._is_over():
            batch = self._take_aside() + self._outbox.after(self._outbox.confirmed(self.name), BATCH)
            for message in batch:
                if self._is_over():
                    return
                if message.kind in ("reading", "record"):
                    if not self._send(connection, path, message):
                        self._set_aside(message.number, self._too_large())
                        continue
                    self._delivered += 1
                    self._works()
                self._outbox.confirm(self.name, message.number)
            if not batch:
                connection.close()  # a service closes idle connections, and would lose the next message's first try
                select.select([self._wake], [], [], IDLE_S)
                self._drain_wake()

    def _take_aside(self) -> list[StoredMessage]:
        """Return the messages that were set aside, if it is time to try them again."""
        if time.monotonic() < self._aside_due_s:
            return []
        self._aside_due_s = time.monotonic() + ASIDE_PAUSE_S
        found = map(self._outbox.message, self._outbox.aside(self.name))
        return [message for message in found if message is not None]

    def _too_large(self) -> OutputError:
        return OutputError(
            f"the web service {self._hook.uri} does not take messages of this size (status {TOO_LARGE})",
            advice="raise its limit for the size of a request",
        )

    def _send(self, connection: HTTPConnection, path: str, message: StoredMessage) -> bool:
        """Send a message, and return whether the service took it; False if it is too large for it.

        Raises:
            OutputError: the service does not take messages now.
        """
        message_id, now_s = str(message.decode()["id"]), int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "digit-agent",
            "webhook-id": message_id,
            "webhook-timestamp": str(now_s),
        }
        if self._hook.secret is not None:
            headers["webhook-signature"] = sign(self._hook.secret, message_id, now_s, message.body)
        connection.request("POST", path, message.body, headers)
        response = connection.getresponse()
        response.read(MAX_ANSWER_BYTES)
        if not response.isclosed():
            connection.close()
        if not 200 <= response.status < 300 and response.status != TOO_LARGE:
            raise self._refusal(response)
        return response.status != TOO_LARGE

    def _refusal(self, response: HTTPResponse) -> OutputError:
        """Return the error for an answer that is not a success, and note how long to wait."""
        uri, status = self._hook.uri, response.status
        if status == GONE:
            self._asked_pause_s = GONE_PAUSE_S
            return OutputError(
                f"the web service {uri} wants no messages any more (status 410)",
                advice="remove it from the configuration, or correct the address; it is tried again every hour",
            )
        if status in (TOO_MANY_REQUESTS, UNAVAILABLE):
            asked = response.headers.get("Retry-After", "")
            self._asked_pause_s = min(float(asked), GONE_PAUSE_S) if asked.isdecimal() else 0.0
        if 300 <= status < 400:
            return OutputError(
                f"the web service {uri} redirects (status {status}), which is not followed",
                advice="give the address to which it redirects, if you trust it",
            )
        return OutputError(
            f"the web service {uri} answers with status {status}", advice="read its log; the message is sent again"
        )

    def _next_pause_s(self) -> float:
        """Return the next pause; not a shorter one than the service has asked for."""
        asked_s, self._asked_pause_s = self._asked_pause_s, 0.0
        return max(asked_s, super()._next_pause_s())


def _parse_secret(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        secret = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise UsageError(
            "the secret of the webhook is not one",
            advice='make one, for both sides: echo "whsec_$(openssl rand -base64 32)"',
        )
    return secret


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {shorten(error.verify_message)}"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return shorten(getattr(error, "strerror", None) or str(error) or type(error).__name__)
