"""Who may see the web page: sessions of browsers, the token of programs, and slower answers after wrong passwords."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from agent.web.credentials import PasswordHash, load_credentials

SESSION_S = 30 * 86_400.0
"""Time for which a browser stays logged in, in seconds."""
MAX_SESSIONS = 256
"""Sessions that are kept; one more ends the oldest."""
FREE_TRIES = 5
"""Wrong passwords from one address that cost no wait. Raising it helps people who mistype, and those who guess."""
MAX_WAIT_S = 300.0
"""Longest wait after a wrong password, in seconds."""
FORGET_S = 3600.0
"""Time after which the wrong passwords of an address are forgotten, in seconds."""
MAX_ADDRESSES = 1024
"""Addresses whose wrong passwords are remembered."""
IPV6_NETWORK_BITS = 64
"""One customer has a whole network of this many bits, so its addresses count as one."""
MAX_PASSWORD_CHARACTERS = 1024

Clock = Callable[[], float]


class Sessions:
    """Random keys of the browsers that logged in, in memory: a restart logs everybody out.

    Args:
        clock: time in seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._ends: OrderedDict[str, float] = OrderedDict()

    def start(self) -> str:
        """Start a session and return its key."""
        key = secrets.token_urlsafe(32)
        self._ends[key] = self._clock() + SESSION_S
        while len(self._ends) > MAX_SESSIONS:
            self._ends.popitem(last=False)
        return key

    def is_open(self, key: str) -> bool:
        """Whether the key is that of a session that has not ended."""
        return self._ends.get(key, 0.0) > self._clock()

    def end(self, key: str) -> None:
        """End a session."""
        self._ends.pop(key, None)


class Attempts:
    """Counts wrong passwords by address. Each one after the first few doubles the wait until the next try.

    Args:
        clock: time in seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long this address has to wait before it may try again, in seconds."""
        count, last_s = self._failures.get(_network(address), (0, 0.0))
        passed_s = self._clock() - last_s
        if count < FREE_TRIES or passed_s > FORGET_S:
            return 0.0
        return max(0.0, min(2.0 ** (count - FREE_TRIES), MAX_WAIT_S) - passed_s)

    def begin(self, address: str) -> None:
        """Count a try as wrong before it is checked, so that many at once are not checked as one."""
        network = _network(address)
        count, last_s = self._failures.pop(network, (0, 0.0))
        now_s = self._clock()
        self._failures[network] = (1 if now_s - last_s > FORGET_S else min(count + 1, 64), now_s)
        while len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def succeed(self, address: str) -> None:
        """Forget the wrong passwords of an address, because it knew the right one."""
        self._failures.pop(_network(address), None)


class Login:
    """Decides who may see the page.

    Args:
        file: the file with the hashes. The token is read again for each request, so that a new one works at once.
        password: hash of the password; None asks for none.
        clock: time in seconds.
    """

    def __init__(self, file: Path, password: PasswordHash | None, clock: Clock = time.monotonic) -> None:
        self._file, self.password = file, password
        self.sessions, self.attempts = Sessions(clock), Attempts(clock)

    @property
    def is_needed(self) -> bool:
        """Whether somebody has to log in."""
        return self.password is not None

    def accepts(self, session: str | None, token: str | None) -> bool:
        """Whether a request with this session or token may see the page. It may read a small file."""
        if not self.is_needed:
            return True
        if token is not None:
            return load_credentials(self._file).accepts_token(token)
        return session is not None and self.sessions.is_open(session)


def _network(address: str) -> str:
    """Return the part of an address that counts: the address of version 4, the network of version 6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or int(parsed) >> (128 - IPV6_NETWORK_BITS))
