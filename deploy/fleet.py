"""The state of all boards of a fleet, from what they keep at their MQTT broker."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from math import exp, inf, lgamma
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from profiles.errors import SourceError, UsageError
from profiles.foreign_text import show
from profiles.redact import redact
from profiles.regular_file import read_regular_file

PORTS = {"mqtt": 1883, "mqtts": 8883}
DEFAULT_PREFIX = "digit-agent"
ANSWER_S = 15.0
"""Longest wait for the broker, in seconds."""
QUIET_S = 1.0
"""The broker has sent everything that it keeps when nothing has come for this long, in seconds."""
MAX_PASSWORD_BYTES = 4096
FELL = 0.03
"""Fall of the confidence from which a board is marked; the alert of Prometheus has the same."""

MAX_CHANCE = 0.05
"""A board is marked if so many wrong readings have at most this probability by chance, 0..1. Raising it marks boards on
fewer corrections, and more of them by chance."""
MAX_CHECKED = 100_000
"""Largest number of checked readings that is believed. Raising it lets a broken board keep the test busy for longer."""


class BoardHealth(msgspec.Struct, forbid_unknown_fields=False):
    """What a board says of itself; every key may be missing, because boards run different versions."""

    version: str = ""
    since: str = ""
    board_profile: str = ""
    artifact: str = ""
    paused: bool = False
    outage: str = ""
    throttling: tuple[str, ...] = ()
    faults: int = 0
    fault: str = ""
    last_reading: str = ""
    confidence: float | None = None
    confidence_before: float | None = None
    checked: int = 0
    wrong: int = 0
    checked_before: int = 0
    wrong_before: int = 0

    @property
    def is_wrong_more_often(self) -> bool:
        """Whether more of the checked readings are wrong in this run than before, beyond chance.

        One-sided exact test of the two shares (R. A. Fisher, Statistical methods for research workers, 1925).
        """
        checked, wrong = self.checked + self.checked_before, self.wrong + self.wrong_before
        if not (
            0 <= self.wrong <= self.checked <= MAX_CHECKED
            and 0 <= self.wrong_before <= self.checked_before <= MAX_CHECKED
        ):
            return False
        chances = (
            exp(_log_comb(self.checked, n) + _log_comb(self.checked_before, wrong - n) - _log_comb(checked, wrong))
            for n in range(self.wrong, min(self.checked, wrong) + 1)
        )
        return sum(chances) <= MAX_CHANCE


@dataclass(frozen=True)
class BoardState:
    """The state of a board."""

    name: str
    online: bool
    version: str
    artifact: str
    since: str
    """When its run began, ISO 8601 in UTC; empty if it never said."""
    last_reading: str
    """The same for its last reading in this run."""
    confidence: float | None
    """Mean of the last readings."""
    drift: float | None
    """How far it is above the mean of the readings before; below 0 it has fallen."""
    temperature_c: float | None
    faults: int
    """Warnings in this run."""
    fault: str
    """The last one of them; empty if there was none."""
    troubles: tuple[str, ...]
    """What is wrong, in words."""


@dataclass
class Fleet:
    """What a broker has sent, by board."""

    statuses: dict[str, str] = field(default_factory=dict)
    healths: dict[str, BoardHealth] = field(default_factory=dict)
    temperatures_c: dict[str, float | None] = field(default_factory=dict)

    def add(self, name: str, topic: str, body: bytes) -> None:
        """Add a message of a board; one that cannot be read is ignored."""
        try:
            if topic == "status":
                self.statuses[name] = body.decode("utf-8", "replace")
            elif topic == "health":
                self.healths[name] = msgspec.json.decode(body, type=BoardHealth)
            elif topic == "measures":
                value = msgspec.json.decode(body, type=dict[str, Any]).get("temperature_c")
                self.temperatures_c[name] = float(value) if isinstance(value, int | float) else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass

    def boards(self) -> list[BoardState]:
        """Return the state of each board, by name."""
        return [self.board(name) for name in sorted(self.statuses.keys() | self.healths.keys())]

    def board(self, name: str) -> BoardState:
        """Return the state of a board; one that never sent anything is offline."""
        health, online = self.healths.get(name, BoardHealth()), self.statuses.get(name) == "online"
        drift = None
        if health.confidence is not None and health.confidence_before is not None:
            drift = round(health.confidence - health.confidence_before, 4)
        troubles = (
            "" if online else "offline",
            f"blind: {health.outage}" if health.outage else "",
            ", ".join(health.throttling),
            "paused" if health.paused else "",
            f"{health.wrong} of {health.checked} checked readings wrong, before {health.wrong_before} of "
            f"{health.checked_before}"
            if health.is_wrong_more_often
            else "",
            "less sure than before" if drift is not None and drift <= -FELL else "",
        )
        return BoardState(
            name=name,
            online=online,
            version=health.version,
            artifact=health.artifact,
            since=health.since,
            last_reading=health.last_reading,
            confidence=health.confidence,
            drift=drift,
            temperature_c=self.temperatures_c.get(name),
            faults=health.faults,
            fault=health.fault,
            troubles=tuple(filter(None, troubles)),
        )


def ask_fleet(text: str, password_file: Path | None = None, authority: Path | None = None) -> Fleet:
    """Ask a broker for what it keeps of all boards.

    Args:
        text: `mqtt://user@host/prefix`, or the same with `mqtts`.
        password_file: file with the password; None takes that in the address, if there is one.
        authority: certificate of the authority that signed the broker's; None trusts the system's.

    Raises:
        UsageError: the address or a file is wrong.
        SourceError: the broker does not answer.
    """
    uri, fleet = redact(text), Fleet()
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if host is None or url.scheme not in PORTS:
        raise UsageError(f"{uri} is not the address of a broker", advice="write mqtt://host or mqtts://user@host")
    prefix = unquote(url.path).strip("/") or DEFAULT_PREFIX
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    try:
        password = _first_line(password_file) if password_file else unquote(url.password or "") or None
        if url.username:
            client.username_pw_set(unquote(url.username), password)
        if url.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context(cafile=authority))
    except OSError as error:
        raise UsageError(
            f"{show(password_file or authority)} cannot be used ({error.strerror})", advice="check its name"
        ) from error
    asking = _Asking(fleet, prefix)
    client.on_connect, client.on_message, client.on_subscribe = asking.connected, asking.received, asking.subscribed
    try:
        client.connect(host, port or PORTS[url.scheme])
        asking.wait(client, uri)
    except (OSError, UnicodeError) as error:
        if isinstance(error, SourceError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            f"the broker {uri} cannot be asked ({show(reason)})", advice="check the address, and that it runs"
        ) from error
    finally:
        client.disconnect()
    return fleet


class _Asking:
    """One conversation with a broker."""

    def __init__(self, fleet: Fleet, prefix: str) -> None:
        self._fleet, self._prefix = fleet, prefix
        self._refusal, self._is_subscribed, self._heard_s = "", False, time.monotonic()

    def connected(self, client: Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._refusal = code.getName()
            return
        client.subscribe([(f"{self._prefix}/+/{topic}", 1) for topic in ("status", "health", "measures")])

    def subscribed(self, _client: Client, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        self._is_subscribed, self._heard_s = True, time.monotonic()
        self._refusal = next((code.getName() for code in codes if code.is_failure), "")

    def received(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._heard_s = time.monotonic()
        name, _, topic = message.topic.removeprefix(f"{self._prefix}/").partition("/")
        self._fleet.add(name, topic, bytes(message.payload))

    def wait(self, client: Client, uri: str) -> None:
        """Wait until the broker has sent everything that it keeps."""
        deadline_s = time.monotonic() + ANSWER_S
        while not (self._is_subscribed and time.monotonic() - self._heard_s > QUIET_S):
            client.loop(0.1)
            if self._refusal:
                raise SourceError(
                    f"the broker {uri} refuses the question ({show(self._refusal)})",
                    advice="check the user and the password, and that the user may read below the prefix",
                )
            if time.monotonic() > deadline_s:
                if self._is_subscribed:
                    return  # a busy fleet: there is always something new
                raise SourceError(f"the broker {uri} does not answer", advice="check that an MQTT broker runs there")


def _log_comb(n: int, k: int) -> float:
    """Return the logarithm of the number of ways to choose k of n; -inf if there is none."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if 0 <= k <= n else -inf


def _first_line(file: Path) -> str:
    return read_regular_file(file, MAX_PASSWORD_BYTES).decode("utf-8", "replace").splitlines()[0]
