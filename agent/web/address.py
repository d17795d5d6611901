"""The address of the web page: where the server listens, and by which names it may be called."""

from __future__ import annotations

import errno
import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address

from agent.web.listener import BoundedListener
from profiles.errors import OutputError, UsageError

DEFAULT_HOST = "127.0.0.1"
"""Only programs of this machine reach it."""
DEFAULT_PORT = 8080
BACKLOG = 64
"""Connections that the kernel holds until the server accepts them."""
REASONS = {
    errno.EADDRINUSE: ("another program listens there", "choose another port"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "'ip address' lists its addresses; 0.0.0.0 is all"),
    errno.EACCES: ("only root may use ports below 1024", "choose another port, such as 8080"),
}
"""Why a server cannot listen, and what to do, by error of the operating system."""
ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:/@\s]+):)?(?P<port>\d{1,5})")


@dataclass(frozen=True)
class WebAddress:
    """Where the server listens."""

    host: str
    """A name, or an IP address without brackets."""
    port: int
    scheme: str = "http"

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine can reach it."""
        return self.host == "localhost" or _is_loopback(self.host)

    @property
    def url(self) -> str:
        """The address for a browser; if the server listens at all addresses, with the name of this machine."""
        host = f"{socket.gethostname()}.local" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"


def parse_address(text: str) -> WebAddress:
    """Parse `[HOST:]PORT`.

    Raises:
        UsageError: it is not an address.
    """
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 <= int(found["port"]) <= 65535:
        raise UsageError(
            f"{text!r} is not an address for the web page", advice="write a port such as 8080, or 0.0.0.0:8080"
        )
    return WebAddress((found["host"] or DEFAULT_HOST).strip("[]"), int(found["port"]))


def listen(address: WebAddress) -> socket.socket:
    """Listen at an address; port 0 takes a free one.

    Raises:
        OutputError: the machine has no such address, the port is in use, or it may not be used.
    """
    where = f"{address.host}:{address.port}"
    try:
        family, *_, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise OutputError(
            f"the web page cannot be served at {where}: there is no host of this name", advice="write an address"
        ) from None
    server = BoundedListener(family, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(place)
        server.listen(BACKLOG)
    except OSError as error:
        server.close()
        reason, advice = REASONS.get(error.errno or 0, (error.strerror or "unknown reason", "choose another address"))
        raise OutputError(f"the web page cannot be served at {where}: {reason}", advice=advice) from error
    server.setblocking(False)
    return server


def is_allowed_host(header: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this server.

    A page of an attacker can lead its own name to this machine ("DNS rebinding"), so other names are refused. An IP
    address cannot be led anywhere.

    Args:
        header: the Host header.
        names: names of this machine, in lower case.
    """
    host = header.rpartition(":")[0] if re.search(r":\d+$", header) else header
    return host.lower().rstrip(".") in names or _is_ip(host.strip("[]"))


def machine_names(more: str | None) -> frozenset[str]:
    """Return the names by which this machine is called.

    Args:
        more: further names with commas between them, such as that of a reverse proxy.
    """
    own = socket.gethostname().lower()
    given = (name.strip().lower() for name in (more or "").split(","))
    return frozenset({"localhost", own, f"{own}.local", *given} - {""})


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_ip(host) and ip_address(host).is_loopback
