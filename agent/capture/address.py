"""Parsing of the address of a camera in the network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from profiles.errors import UsageError
from profiles.foreign_text import show
from profiles.redact import redact

SCHEMES = ("http", "https", "rtsp", "rtsps")
"""Schemes of the addresses, in lower case."""
PASSWORD_PLACE = "{password}"  # noqa: S105 (it is not a password)
"""Stands in an address for the password from a file, for cameras that take it in the path or the query."""
DEFAULT_PATIENCE_S = 10.0
"""Longest time without a picture that is normal, in seconds. Most cameras give several pictures a second; some give one
every few seconds. A larger value notices a failure later."""
DEFAULT_EVERY_S = 1.0
"""Time between two requests for a still, in seconds: an ESP32-CAM needs about half of it for a picture."""


@dataclass(frozen=True)
class StreamOptions:
    """How a camera in the network is read."""

    patience_s: float = DEFAULT_PATIENCE_S
    """Longest time without a picture that is normal, in seconds."""
    every_s: float = DEFAULT_EVERY_S
    """Shortest time between two requests, in seconds, for a camera that gives one picture for each request."""
    one_each: bool = False
    """Whether a stream is left after one picture, and asked for again after `every_s`."""
    verify: bool = True
    """Whether the certificate of an https camera must be valid."""
    password: str | None = field(default=None, repr=False)
    """Password from a file. It belongs to the user in the address, or takes the place of `{password}`."""


DEFAULT_OPTIONS = StreamOptions()


@dataclass(frozen=True)
class StreamSpec:
    """A camera in the network."""

    uri: str
    """Address for messages, without secrets."""
    url: str = field(repr=False)
    """Address with a lower-case scheme, without user, password and fragment; its query may hold secrets."""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    options: StreamOptions = DEFAULT_OPTIONS

    @property
    def title(self) -> str:
        """Name for people."""
        return f"stream {self.uri}"

    @property
    def silence_timeout_s(self) -> float:
        """Longest time from one frame or an error to the next, in seconds: two tries and a margin to connect."""
        return self.options.every_s + 2 * self.options.patience_s + 5

    @property
    def scheme(self) -> str:
        """Scheme of the address: one of `SCHEMES`."""
        return self.url.partition(":")[0]

    @property
    def full_url(self) -> str:
        """Address with user and password."""
        if not self.user and not self.password:
            return self.url
        scheme, rest = self.url.split("://", 1)
        return f"{scheme}://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{rest}"


def parse_address(text: str, options: StreamOptions = DEFAULT_OPTIONS) -> StreamSpec:
    """Parse the address of a camera in the network.

    Raises:
        UsageError: the address is not valid. The message contains no secret.
    """
    shown = show(redact(text))
    scheme, _, rest = text.partition(":")
    scheme = scheme.lower()
    form = f"write '{scheme}://host/path'"
    if not rest.startswith("//"):
        raise UsageError(f"{shown!r} lacks the two slashes of an address", advice=form)
    if re.search(r"[\s\x00-\x1f\x7f\ud800-\udfff]", rest):
        raise UsageError(f"{shown!r} contains a space or a control character", advice="write %20 for a space")
    authority, path = re.fullmatch(r"//([^/?#]*)(.*)", rest).groups()  # type: ignore[union-attr]  # it always matches
    if "@" in path:
        raise UsageError(
            f"{shown!r} has an @ after its host, or a user name or password with / ? or #",
            advice="write %40 for @, %2F for /, %3F for ? and %23 for #; or use --password-file",
        )
    userinfo, _, place = authority.rpartition("@")
    host = _check_host(place, shown, form)
    user, has_password, password = userinfo.partition(":")
    user, password = unquote(user), unquote(password)
    path = path.partition("#")[0]
    if options.password is not None:
        if PASSWORD_PLACE in path:
            path = path.replace(PASSWORD_PLACE, quote(options.password, safe=""))
        elif user and not has_password:
            password = options.password
        elif not user:
            raise UsageError(
                f"{shown!r} has no place for the password from the file",
                advice=f"write '{scheme}://user@{host}/path', or {PASSWORD_PLACE} where the password belongs",
            )
    return StreamSpec(show(redact(text)), f"{scheme}://{place}{path}", user, password, options)


def _check_host(place: str, shown: str, form: str) -> str:
    """Check `host` or `host:port`, and return the host."""
    try:
        url = urlsplit(f"//{place}")
        host, port = url.hostname, url.port
    except ValueError as error:
        if "port" in str(error).lower():
            raise UsageError(f"{shown!r} has a port that is not from 1 to 65535", advice="check the port") from None
        raise UsageError(f"{shown!r} is not an address ({redact(str(error))})", advice=form) from None
    if not host:
        raise UsageError(f"{shown!r} names no host", advice=form)
    if port == 0:
        raise UsageError(f"{shown!r} has a port that is not from 1 to 65535", advice="check the port")
    try:
        if ":" not in host:
            host.encode("idna")
    except UnicodeError:
        raise UsageError(f"{shown!r} has a host that is not a valid name", advice=form) from None
    return host
