"""Sign in to an HTTP server: Basic (RFC 7617) and Digest (RFC 7616), after the server has asked for it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex

_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?![\w-])(?!\s*=)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
ALGORITHMS = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""Hash functions of Digest, the best one first."""


@dataclass(frozen=True)
class Challenge:
    """One way to sign in that a server offers."""

    scheme: str
    """Name of the way, in lower case: `basic`, `digest`, or one that is not known here."""
    parameters: dict[str, str]
    """What the server sent with it, such as its realm; by names in lower case."""

    @property
    def algorithm(self) -> str:
        """Name of the hash function of Digest, in upper case, without `-SESS`."""
        return self.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")

    @property
    def can_digest(self) -> bool:
        """Whether this is a Digest challenge of a known kind."""
        qop = self.parameters.get("qop", "auth")
        known = self.algorithm in ALGORITHMS and "auth" in re.split(r"[\s,]+", qop)
        return self.scheme == "digest" and known and bool(self.parameters.get("nonce"))


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Parse the values of `WWW-Authenticate`; each may hold several challenges."""
    found = []
    for header in headers:
        starts = [*_SCHEME.finditer(_QUOTED.sub(lambda quoted: "_" * len(quoted[0]), header))]
        ends = [*(start.start() for start in starts), len(header)][1:]
        for start, end in zip(starts, ends, strict=True):
            parameters = {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
                for name, quoted, plain in _PARAMETER.findall(header[start.end() : end])
            }
            found.append(Challenge(start[1].lower(), parameters))
    return found


class Authorizer:
    """Answers the challenges of one server. Without a challenge, nothing is sent."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._challenge: Challenge | None = None
        self._requests = 0

    @property
    def has_credentials(self) -> bool:
        """Whether there is a user or a password."""
        return bool(self._user or self._password)

    def accept(self, challenges: Iterable[Challenge]) -> bool:
        """Choose the best challenge for the next requests. Return False if none can be answered."""
        known = list(challenges)
        digests = sorted((c for c in known if c.can_digest), key=lambda c: list(ALGORITHMS).index(c.algorithm))
        chosen = [*digests, *(c for c in known if c.scheme == "basic")][:1] if self.has_credentials else []
        self._challenge, self._requests = (chosen[0] if chosen else None), 0
        return bool(chosen)

    def header(self, method: str, target: str) -> bytes | None:
        """Return the value of `Authorization` for a request.

        Args:
            method: such as GET.
            target: path and query of the request.
        """
        if self._challenge is None:
            return None
        if self._challenge.scheme == "basic":
            return b"Basic " + base64.b64encode(f"{self._user}:{self._password}".encode())
        return self._digest(self._challenge, method, target).encode()

    def _digest(self, challenge: Challenge, method: str, target: str) -> str:
        given, algorithm = challenge.parameters, challenge.parameters.get("algorithm", "")
        hash_function = ALGORITHMS[challenge.algorithm]

        def digest(*parts: str) -> str:
            return hash_function(":".join(parts).encode()).hexdigest()

        self._requests += 1
        realm, nonce, count, own_nonce = given.get("realm", ""), given["nonce"], f"{self._requests:08x}", token_hex(8)
        key, request = digest(self._user, realm, self._password), digest(method, target)
        if algorithm.upper().endswith("-SESS"):
            key = digest(key, nonce, own_nonce)
        quoted = {"username": self._user, "realm": realm, "nonce": nonce, "uri": target, "cnonce": own_nonce}
        plain = {"algorithm": algorithm} if algorithm else {}
        if "qop" in given:
            plain |= {"qop": "auth", "nc": count}
            quoted["response"] = digest(key, nonce, count, own_nonce, "auth", request)
        else:
            quoted["response"] = digest(key, nonce, request)
        if "opaque" in given:
            quoted["opaque"] = given["opaque"]
        fields = [*(f'{name}="{_escape(value)}"' for name, value in quoted.items()), *map("=".join, plain.items())]
        return "Digest " + ", ".join(fields)


def _escape(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", value)
