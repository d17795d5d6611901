"""One connection to an MQTT broker, from its beginning to its end."""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.outlets.broker import Broker
from agent.outlets.broker_errors import (
    NOT_ALLOWED,
    TOO_LARGE,
    WRONG_PASSWORD,
    closed,
    connection_failure,
    refusal,
    silence,
)
from profiles.errors import OutputError

CONNECT_TIMEOUT_S = 10.0
"""Longest wait for a connection, in seconds. Raising it delays the next try at a broker that is off."""
ANSWER_TIMEOUT_S = 20.0
"""Longest wait for an answer of a broker that is connected, in seconds. Raising it notices a dead one later."""
KEEPALIVE_S = 30
"""Time without a message after which the agent asks whether the broker is there, in seconds. After one and a half of it
without a message the broker calls the board offline."""
MAX_WINDOW = 100
"""Messages on their way without a confirmation; brokers allow fewer, mosquitto 20."""
MAX_HEAD_BYTES = 10
"""Longest head of a message beside its topic, in bytes. Source: MQTT 5.0, section 3.3."""
ONLINE, OFFLINE = "online", "offline"
# mosquitto confirms a message above its `message_size_limit` with this code, which the specification does not have
# there; without this line paho-mqtt closes the connection, and sends the same message again and again.
ReasonCode.names[TOO_LARGE]["Packet too large"].append(PacketTypes.PUBACK)


class MqttSession:
    """A connection. Use it from one thread only.

    Args:
        broker: the broker.
        on_message: called with the topic below that of the board, the body, and whether the broker had kept it.
        clock_s: current time, in seconds.

    Raises:
        OutputError: there is no connection.
    """

    def __init__(
        self,
        broker: Broker,
        on_message: Callable[[str, bytes, bool], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker, self._on_message, self._clock_s = broker, on_message, clock_s
        self.window = MAX_WINDOW
        """Messages that may be on their way."""
        self._max_packet_bytes = float("inf")
        self._answers = dict[int, bool]()
        self.failure: OutputError | None = None
        """Why the connection ended; None while it is open."""
        self.failure_code = 0
        """Reason code of MQTT 5 for that; 0 if the broker gave none."""
        self._is_open = False
        self._unconfirmed = 0
        self._waits_since_s: float | None = None
        self._client = self._make_client()
        try:
            self._client.connect(broker.host, broker.port, KEEPALIVE_S)
        except (OSError, UnicodeError) as error:
            raise connection_failure(broker.uri, error) from error
        connection: Any = self._client.socket()
        if connection is not None:  # a second small message would wait for the answer to the first one: 40 ms
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait_for_answer()
        options = SubscribeOptions(qos=1, noLocal=True)
        self._client.subscribe([(f"{broker.root}/{topic}", options) for topic in ("command", "health")])
        self.publish("status", ONLINE.encode(), retain=True)

    def publish(self, topic: str, body: bytes, *, qos: int = 0, retain: bool = False) -> int | None:
        """Send a message, and return its packet id; None if the broker takes no messages of this size.

        Args:
            topic: the topic, below that of the board.
            body: what to send.
            qos: 1 is confirmed by the broker, 0 is not.
            retain: whether the broker keeps it for those who come later.
        """
        return self.publish_elsewhere(f"{self._broker.root}/{topic}", body, qos=qos, retain=retain)

    def publish_elsewhere(self, topic: str, body: bytes, *, qos: int = 0, retain: bool = False) -> int | None:
        """Send a message as `publish` does, to a topic that is not below that of the board."""
        if len(topic.encode()) + len(body) + MAX_HEAD_BYTES > self._max_packet_bytes:
            return None
        if qos:
            self._unconfirmed += 1
            self._waits_since_s = self._waits_since_s or self._clock_s()
        return self._client.publish(topic, body, qos=qos, retain=retain).mid

    @property
    def is_sending(self) -> bool:
        """Whether the network has not taken everything yet."""
        return bool(self._client.want_write())

    def step(self, timeout_s: float, wake: socket.socket) -> None:
        """Send and receive what can be sent and received now.

        Args:
            timeout_s: longest wait for something to happen, in seconds.
            wake: a socket; a byte that can be read there ends the wait.

        Raises:
            OutputError: the connection has ended.
        """
        connection: Any = self._client.socket()
        if connection is not None:
            is_pending = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
            poll = select.poll()
            poll.register(wake, select.POLLIN)
            poll.register(connection, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
            ready = dict(poll.poll(0 if is_pending else 1000 * timeout_s))
            if is_pending or connection.fileno() in ready:
                self._client.loop_read()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()
        if self._waits_since_s is not None and self._clock_s() - self._waits_since_s > ANSWER_TIMEOUT_S:
            self.failure = self.failure or silence(self._broker.uri)
        if self._client.socket() is None and self.failure is None:
            self.failure = closed(self._broker.uri)
        if self.failure is not None:
            raise self.failure

    @property
    def now_s(self) -> float:
        """The current time on the session's clock, in seconds."""
        return self._clock_s()

    def take_answers(self) -> dict[int, bool]:
        """Return the packet ids that the broker has answered since the last call; False if it found one too large."""
        taken, self._answers = self._answers, {}
        return taken

    def close(self) -> None:
        """Say goodbye, if the connection is open; free what it holds."""
        if self._is_open and self.failure is None:
            self.publish("status", OFFLINE.encode(), retain=True)
            self._client.disconnect()
        connection: Any = self._client.socket()
        if connection is not None:
            connection.close()
        self._client.on_disconnect = None

    def _make_client(self) -> Client:
        broker = self._broker
        client = Client(CallbackAPIVersion.VERSION2, broker.client_id, protocol=MQTTProtocolVersion.MQTTv5)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages = 2 * MAX_WINDOW + 1  # the window is kept by the caller
        client.will_set(f"{broker.root}/status", OFFLINE, qos=1, retain=True)
        client.on_connect = self._take_connect
        client.on_disconnect = self._take_disconnect
        client.on_publish = self._take_confirmation
        client.on_message = self._take_message
        return client

    def _wait_for_answer(self) -> None:
        """Wait until the broker accepts the connection."""
        self._waits_since_s = self._clock_s()
        ours, theirs = socket.socketpair()
        try:
            with ours, theirs:
                while not self._is_open:
                    self.step(1.0, ours)
        except OutputError:
            self.close()
            raise

    def _take_connect(self, _client: Client, _data: Any, _flags: Any, code: Any, properties: Any) -> None:
        self._waits_since_s = None
        if code.is_failure:
            # mosquitto says "not authorized" to a wrong password.
            self._fail(WRONG_PASSWORD if code.value == NOT_ALLOWED else code.value, code.getName())
            return
        self._is_open = True
        self.window = min(MAX_WINDOW, getattr(properties, "ReceiveMaximum", MAX_WINDOW))
        self._max_packet_bytes = getattr(properties, "MaximumPacketSize", float("inf"))

    def _take_disconnect(self, _client: Client, _data: Any, flags: Any, code: Any, _properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._fail(code.value, code.getName())
        elif self.failure is None:
            self.failure = closed(self._broker.uri)

    def _take_confirmation(self, _client: Client, _data: Any, mid: int, code: Any, _properties: Any) -> None:
        self._unconfirmed -= 1
        self._waits_since_s = self._clock_s() if self._unconfirmed else None
        is_failure = code is not None and code.is_failure
        if is_failure and code.value != TOO_LARGE:
            self._fail(code.value, code.getName())
        else:
            self._answers[mid] = not is_failure

    def _take_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._on_message(message.topic.removeprefix(f"{self._broker.root}/"), bytes(message.payload), message.retain)

    def _fail(self, code: int, name: str) -> None:
        if self.failure is None:
            self.failure, self.failure_code = refusal(self._broker.uri, code, name), code
