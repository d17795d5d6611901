"""The outlet to an MQTT broker.

Messages go to `reading`, `record`, `fault` and `measures` below the board's topic, each at least once and in order. One
that is too large for the broker is set aside, and comes after a connection to a broker that takes it.
The broker keeps `status` (online or offline), `health`, the last measures, and the newest value of each field. The
camera's picture goes to `picture`, if somebody wants it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping

from agent.outlets.broker import Broker
from agent.outlets.broker_errors import TAKEN_OVER, TOO_LARGE, refusal
from agent.outlets.message import StoredMessage
from agent.outlets.mqtt_session import MqttSession
from agent.outlets.newest import newest_values
from agent.outlets.outbox import Outbox
from agent.outlets.outlet import LAST_PAUSE_S, Outlet
from agent.outlets.picture import TOPIC, CameraPicture

IDLE_S = 5.0
"""Longest sleep while nothing happens, in seconds; shorter than half of the keepalive."""
ENDING_S = 0.2
"""The same at the end of a run, in seconds."""
SETTLED_S = 10.0
"""Time after which a connection counts as good, also if no message went through it, in seconds."""


class MqttOutlet(Outlet):
    """Delivers messages to a broker.

    Args:
        broker: the broker.
        outbox: holds the messages.
        kept: returns what the broker shall keep now besides values: body by topic. An empty body is removed there.
        picture: returns a JPEG of the camera when it is time for one; None sends no pictures.
        machine: the same in every run on this machine, and on no other; a key of the health.
        commands: what is done for the text of a command, such as "pause".
        warn: called when the connection fails, and when it works again.
        first_pause_s: pause after the first failure, in seconds.
    """

    def __init__(
        self,
        broker: Broker,
        outbox: Outbox,
        kept: Callable[[], Mapping[str, bytes]],
        machine: str,
        commands: Mapping[str, Callable[[], None]],
        *,
        picture: CameraPicture | None = None,
        warn: Callable[[str], None],
        first_pause_s: float = 1.0,
    ) -> None:
        super().__init__("mqtt", outbox, warn, first_pause_s=first_pause_s)
        self._broker, self._kept, self._machine, self._commands = broker, kept, machine, commands
        self._picture = picture
        self._was_connected = self._has_rival = False

    def _deliver(self) -> None:
        self._has_rival = False
        session = MqttSession(self._broker, self._take)
        try:
            self._deliver_in(session)
        finally:
            self._has_rival |= session.failure_code == TAKEN_OVER
            self._was_connected = True
            session.close()

    def _next_pause_s(self) -> float:
        """Return the next pause; a long one if another board wants the same place, so that each has it for a while."""
        return LAST_PAUSE_S if self._has_rival else super()._next_pause_s()

    def _take(self, topic: str, body: bytes, is_kept: bool) -> None:
        """Take a message from the broker: a command, or the health that it has kept.

        A broker closes the older one of two connections with the same name, most without saying why. But if the health
        that it has kept since our own last one is of another machine, that one has come between.
        """
        if topic == "command" and not is_kept:  # an old command is not meant for now
            self._commands.get(body[:64].decode("utf-8", "replace"), _ignore)()
        elif topic == "health" and is_kept and self._was_connected and f'"{self._machine}"'.encode() not in body:
            self._has_rival = True
            self._say(str(refusal(self._broker.uri, TAKEN_OVER, "")))

    def _deliver_in(self, session: MqttSession) -> None:
        window, published = _Window(session, self._outbox, self.name), dict[str, bytes]()
        settled_s = session.now_s + SETTLED_S
        while not (self._is_drained and not window.is_open) and not self._is_over():
            for topic, body in self._kept().items():
                if published.get(topic) != body:
                    if session.publish_elsewhere(topic, body, retain=True) is None:
                        self._say_too_large(topic)
                    published[topic] = body
            self._send_picture(session)
            window.send()
            pause_s = ENDING_S if self._ended.is_set() else IDLE_S
            session.step(0.0 if window.has_answer else pause_s, self._wake)
            self._drain_wake()
            for number, is_taken in window.answered():
                if is_taken:
                    self._delivered += 1
                    self._outbox.confirm(self.name, number)
                    settled_s = 0.0
                else:
                    self._set_aside(number, refusal(self._broker.uri, TOO_LARGE, ""))
            if not self._is_connected and session.now_s >= settled_s:
                self._works()

    def _say_too_large(self, what: str) -> None:
        self._say(f"{what} is not sent: {refusal(self._broker.uri, TOO_LARGE, '')}")

    def _send_picture(self, session: MqttSession) -> None:
        """Send a picture if it is time for one; a slow network gets fewer of them. No broker keeps it."""
        if self._picture is None or session.is_sending or (jpeg := self._picture()) is None:
            return
        if session.publish(TOPIC, jpeg) is None:
            self._say_too_large("the picture of the camera")


class _Window:
    """The messages that are on their way over one connection, in their order.

    Args:
        session: the connection.
        outbox: holds the messages.
        outlet: name of the outlet in the outbox.
    """

    def __init__(self, session: MqttSession, outbox: Outbox, outlet: str) -> None:
        self._session, self._outbox = session, outbox
        self._sent, self._aside = outbox.confirmed(outlet), deque(outbox.aside(outlet))
        self._open = deque[tuple[int | None, int]]()
        self._answers = dict[int, bool]()

    def send(self) -> None:
        """Send as many messages as may be on their way; first those that were set aside, which get one more try."""
        while self._aside and len(self._open) < self._session.window:
            number = self._aside.popleft()
            if (message := self._outbox.message(number)) is not None:
                self._open.append((_publish(self._session, message), number))
        batch = self._outbox.after(self._sent, self._session.window - len(self._open))
        for message, packet in zip(batch, _publish_all(self._session, batch), strict=True):
            self._open.append((packet, message.number))
            self._sent = message.number

    @property
    def is_open(self) -> bool:
        """Whether a message is on its way."""
        return bool(self._open)

    @property
    def has_answer(self) -> bool:
        """Whether the fate of the oldest message is known: none has a packet id that was too large to be sent."""
        return bool(self._open) and (self._open[0][0] is None or self._open[0][0] in self._answers)

    def answered(self) -> Iterator[tuple[int, bool]]:
        """Give the numbers of the messages whose fate is known, in their order, and whether the broker took them."""
        self._answers.update(self._session.take_answers())
        while self.has_answer:
            packet, number = self._open.popleft()
            yield number, packet is not None and self._answers.pop(packet)


def _publish_all(session: MqttSession, batch: list[StoredMessage]) -> list[int | None]:
    """Send messages, and before the last one that changes a value the new value.

    The value goes first without a confirmation of its own: a broker that confirms the message has the value, too.

    Returns:
        The packet ids; None for a message that is too large for the broker.
    """
    values = [newest_values(message) for message in batch]
    last = {topic: index for index, new in enumerate(values) for topic in new}
    packets = []
    for index, (message, new) in enumerate(zip(batch, values, strict=True)):
        for topic, body in new.items():
            if last[topic] == index:
                session.publish(topic, body, retain=True)
        packets.append(_publish(session, message))
    return packets


def _publish(session: MqttSession, message: StoredMessage) -> int | None:
    return session.publish(message.kind, message.body, qos=1, retain=message.kind == "measures")


def _ignore() -> None:
    """Do nothing: the command is unknown."""
