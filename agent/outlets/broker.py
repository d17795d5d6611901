"""Where and how an MQTT broker is reached, from the options of a run."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agent.capture.password import read_password
from profiles.errors import UsageError
from profiles.foreign_text import show
from profiles.redact import redact

CREDENTIAL = "mqtt-password"
"""Name of the broker's password among the credentials of a systemd service (`LoadCredential=`, systemd.exec(5))."""
DEFAULT_PREFIX = "digit-agent"
PORTS = {"mqtt": 1883, "mqtts": 8883}
MAX_NAME_CHARACTERS = 64
FORBIDDEN = re.compile(r"[+#\x00-\x1f\x7f-\x9f\ufffe\uffff]")
"""Wildcards of MQTT, and characters that a topic should not have. Source: MQTT 5.0, sections 1.5.4 and 4.7.1."""


@dataclass(frozen=True)
class Broker:
    """A broker, and the board's place on it."""

    uri: str
    """The address for people, without secrets."""
    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None
    """None does not encrypt."""
    prefix: str
    """First levels of every topic."""
    board: str
    """Name of the board, one level of a topic."""

    @property
    def root(self) -> str:
        """The beginning of all topics of this board."""
        return f"{self.prefix}/{self.board}"

    @property
    def client_id(self) -> str:
        """The same for each run of this board, so that the broker notices two boards with one name."""
        return f"digit-agent-{hashlib.sha256(self.root.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class BrokerFiles:
    """Files that prove who is who; None for those that are not needed."""

    password: Path | None = None
    """A file whose first line is the password."""
    authority: Path | None = None
    """The certificate of the authority that signed the broker's certificate; None trusts the system's authorities."""
    certificate: Path | None = None
    """The client's certificate."""
    key: Path | None = None
    """The key of the client's certificate."""


def parse_broker(text: str, board: str, files: BrokerFiles, environ: Mapping[str, str]) -> Broker:
    """Parse `mqtt://user@host:port/prefix`, or the same with `mqtts`.

    Args:
        text: the address.
        board: name of the board.
        files: passwords and certificates.
        environ: environment in which systemd names the credentials.

    Raises:
        UsageError: the address is wrong, or a file cannot be used.
    """
    uri = redact(text)
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host = None
    if host is None or url.scheme not in PORTS or url.query or url.fragment or port == 0:
        raise UsageError(
            f"{uri} is not the address of a broker", advice="write mqtt://host or mqtts://user@host:8883/prefix"
        )
    prefix = unquote(url.path).strip("/") or DEFAULT_PREFIX
    if FORBIDDEN.search(prefix) or prefix.startswith("$"):
        raise UsageError(
            f"{show(prefix)!r} cannot begin a topic: it has a wildcard or another sign that MQTT keeps for itself",
            advice="choose a prefix without +, # and control characters that does not begin with $",
        )
    password = read_password(files.password, environ, CREDENTIAL)
    if password is None and url.password is not None:
        password = unquote(url.password)
    user = unquote(url.username) if url.username else None
    if password is not None and user is None:
        raise UsageError(f"{uri} has a password and no user", advice="write the user: mqtt://user@host")
    tls = _tls(files) if url.scheme == "mqtts" else None
    if tls is None and (files.authority or files.certificate or files.key):
        raise UsageError(f"{uri} does not encrypt, but a certificate is given", advice="write mqtts://")
    return Broker(uri, host, port or PORTS[url.scheme], user, password, tls, prefix, board)


def has_password(text: str) -> bool:
    """Whether an address contains a password."""
    return ":" in text.partition("://")[2].rpartition("@")[0]


def board_name(given: str | None) -> str:
    """Return the name of this board: the given one, else that of the machine.

    Raises:
        UsageError: the name cannot be a level of a topic.
    """
    name = given if given is not None else socket.gethostname()
    if not name or len(name) > MAX_NAME_CHARACTERS or "/" in name or FORBIDDEN.search(name):
        raise UsageError(
            f"{show(name)!r} cannot be the name of a board",
            advice=f"give --board-name up to {MAX_NAME_CHARACTERS} characters, without /, + and #",
        )
    return name


def topic_level(text: str) -> str:
    """Return a text as one level of a topic, such as the name of a field."""
    return FORBIDDEN.sub("_", text.replace("/", "_"))[:MAX_NAME_CHARACTERS] or "_"


def _tls(files: BrokerFiles) -> ssl.SSLContext:
    if files.key is not None and files.certificate is None:
        raise UsageError("a key is given without its certificate", advice="give --mqtt-cert, too")
    try:
        context = ssl.create_default_context(cafile=files.authority)
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key, password=_no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        named = " or ".join(show(file) for file in (files.authority, files.certificate, files.key) if file is not None)
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{named} cannot be used as a certificate or a key ({reason})",
            advice="check the names, the permissions, and that they are PEM files without a passphrase",
        ) from None
    return context


def _no_passphrase() -> str:
    """Answer instead of a question on the terminal, which nobody would answer at the start of a service."""
    raise ValueError("it has a passphrase")
