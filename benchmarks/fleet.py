"""Many boards at one broker: the delay, the losses, and what the broker and a subscriber need for a board.

Each simulated board sends what a real agent sends: a reading a second with QoS 1, the newest value, and measures once a
minute, at its own moments. The messages are those of an agent, with new ids and times, and go out as packets of MQTT 5
from two processes, so that the simulation needs less than the broker. A delay counts from the moment when a reading was
due. The subscriber, mosquitto_sub, takes all readings and notes when they came.

    python -m benchmarks.fleet --boards 1000 --seconds 600
"""

from __future__ import annotations

import argparse
import heapq
import json
import resource
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from agent.events import RunInfo
from agent.outlets.message import MessageMaker, StoredMessage
from agent.outlets.newest import newest_values
from agent.outlets.state import RunState
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import reading_to_dict

CONNECTS_PER_S = 200
"""New boards a second and process at the beginning; a broker needs about 2 ms for each."""
PROCESSES = 2
MAX_FILES = 20_000
"""Files that a process may have open; each connection is one."""
WINDOW = 20
"""Readings of a board on their way without a confirmation; mosquitto allows 20 if it is not told otherwise."""
MEASURES_S = 60
KEEPALIVE_S = 1200
MAX_INFLIGHT = 1000
"""Messages on their way to the subscriber without a confirmation. With mosquitto's own 20 a busy broker, which hands on
so many between two looks at all its boards, falls behind."""
SETTINGS = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
set_tcp_nodelay true
max_inflight_messages {inflight}
"""
NAME, COUNT, TIME = b"board-00000", b"NNNNNNN", b"T" * 17
"""Stand for the board, the number of its reading and the time, in the messages of which all others are made. What
replaces them is as long as they are."""


@dataclass
class _Board:
    """A simulated board."""

    name: bytes
    connection: socket.socket
    made: int = 0
    unconfirmed: int = 0
    outbox: deque[bytes] = field(default_factory=deque)
    """Readings that wait because too many are on their way."""

    def flush(self) -> None:
        """Send what may be sent now."""
        while self.outbox and self.unconfirmed < WINDOW:
            self.connection.sendall(self.outbox.popleft())
            self.unconfirmed += 1


def main() -> None:
    """Print one line with the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=float, default=1.0, help="readings of a board a second")
    parser.add_argument("--broker-files", type=int, default=MAX_FILES, help="files that the broker may have open")
    parser.add_argument("--inflight", type=int, default=MAX_INFLIGHT, help="messages on their way to the subscriber")
    given = parser.parse_args()
    port, folder = _free_port(), Path(tempfile.mkdtemp())
    (folder / "mosquitto.conf").write_text(SETTINGS.format(port=port, inflight=given.inflight))
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "mosquitto"
    broker = subprocess.Popen([mosquitto, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    resource.prlimit(broker.pid, resource.RLIMIT_NOFILE, (given.broker_files, MAX_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    try:
        time.sleep(1)
        print(_measure(port, broker.pid, given.boards, given.seconds, given.rate))  # noqa: T201
    finally:
        broker.kill()
        broker.wait()
        shutil.rmtree(folder)


def _measure(port: int, broker: int, boards: int, seconds: float, rate: float) -> str:
    folder = Path(tempfile.mkdtemp())
    program = shutil.which("mosquitto_sub") or "mosquitto_sub"
    command = [program, "-p", str(port), "-q", "1", "-t", "digit-agent/+/reading", "-F", "%U %p"]
    with (folder / "readings").open("w") as out:
        subscriber = subprocess.Popen(command, stdout=out)
    time.sleep(1)
    pids = (broker, subscriber.pid)
    before_kb = [_resident_kb(pid) for pid in pids]
    with ProcessPoolExecutor(PROCESSES) as pool:
        groups = [range(first, boards, PROCESSES) for first in range(PROCESSES)]
        senders = [pool.submit(_simulate, port, group, seconds, rate) for group in groups]
        time.sleep(boards / PROCESSES / CONNECTS_PER_S + seconds / 2)
        cpu_s, at_s, middle_kb = [_cpu_s(pid) for pid in pids], time.monotonic(), [_resident_kb(pid) for pid in pids]
        time.sleep(seconds / 4)
        passed_s = time.monotonic() - at_s
        shares = [(_cpu_s(pid) - before) / passed_s for pid, before in zip(pids, cpu_s, strict=True)]
        results = [sender.result() for sender in senders]
    sent, late_s = sum(made for made, _ in results), max(late_s for _, late_s in results)
    _wait_until_quiet(folder / "readings")
    subscriber.terminate()
    subscriber.wait()
    unique, delays_s = _read_delays(folder / "readings")
    shutil.rmtree(folder)
    cuts = statistics.quantiles(delays_s, n=100)
    per_board_kib = [(now - before) / boards for now, before in zip(middle_kb, before_kb, strict=True)]
    return (
        f"{boards} boards, {rate:g} readings a second, {seconds:.0f} s: "
        f"{sent} readings sent, {unique} arrived, {sent - unique} lost; "
        f"delay p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms, longest {1000 * max(delays_s):.0f} ms; "
        f"broker {shares[0]:.1%} of a core, {per_board_kib[0]:.1f} KiB a board; "
        f"subscriber {shares[1]:.1%} of a core, {per_board_kib[1]:.2f} KiB a board; "
        f"the simulation itself was up to {1000 * late_s:.0f} ms late"
    )


def _simulate(port: int, numbers: range, seconds: float, rate: float) -> tuple[int, float]:
    """Be many boards for a while; return how many readings they have made, and the latest delay in it, in seconds."""
    reading, newest, measures = _templates()
    selector, boards = selectors.DefaultSelector(), list[_Board]()
    for number in numbers:
        boards.append(_connect(port, f"board-{number:05d}".encode()))
        selector.register(boards[-1].connection, selectors.EVENT_READ, boards[-1])
        time.sleep(1 / CONNECTS_PER_S)
    now_s, wall_s = time.monotonic(), time.time() - time.monotonic()
    end_s, due = now_s + seconds, [(now_s + index / len(boards) / rate, index) for index in range(len(boards))]
    heapq.heapify(due)
    late_s = 0.0
    while (now_s := time.monotonic()) < end_s + 5 or any(board.outbox for board in boards):
        while due[0][0] <= min(now_s, end_s):
            at_s, index = due[0]
            late_s = max(late_s, time.monotonic() - at_s)
            board = boards[index]
            board.made += 1
            value = newest.replace(NAME, board.name)
            board.outbox.append(value + _fill(reading, board, wall_s + at_s))
            board.flush()
            if (board.made + index) % MEASURES_S == 0:
                board.connection.sendall(measures.replace(NAME, board.name))
            heapq.heapreplace(due, (at_s + 1 / rate, index))
        for key, _ in selector.select(min(0.1, max(0.0, due[0][0] - now_s)) if now_s < end_s else 0.1):
            board = key.data
            board.unconfirmed -= _count_confirmations(board.connection.recv(65_536))
            board.flush()
    for board in boards:
        board.connection.close()
    return sum(board.made for board in boards), late_s


def _templates() -> tuple[bytes, bytes, bytes]:
    """Return the packets of an agent for a reading, the newest value and the measures."""
    name = NAME.decode()
    digits = tuple(Digit(n, 0.99, Box(12 * n, 5, 10, 20)) for n in range(4))
    reading = reading_to_dict(Reading("0123", Box(0, 5, 48, 20), 0.96, digits))
    maker, now = MessageMaker(name), datetime.now(timezone.utc)
    own = {"id": f"{name}-{COUNT.decode()}", "sent_s": TIME.decode()}
    message = maker.make("reading", now, {**own, "source": "csi://0", "frame": 0, **reading})
    topic, value = next(iter(newest_values(StoredMessage(1, message.kind, message.body)).items()))
    info = RunInfo("demo", "pi4", "nano-int8.tflite", "LiteRT", "", None)
    measures = maker.make("measures", now, RunState(lambda: info).measures())
    root = f"digit-agent/{name}"
    return (
        _publish(f"{root}/reading", message.body, qos=1),
        _publish(f"{root}/{topic}", value, retain=True),
        _publish(f"{root}/measures", measures.body, retain=True),
    )


def _fill(template: bytes, board: _Board, at_s: float) -> bytes:
    """Return the packet of a reading with its own name, number, time and packet id."""
    head, _, body = template.replace(NAME, board.name).partition(b"{")
    packet_id = struct.pack(">H", board.made % 65_000 + 1)
    own = body.replace(COUNT, b"%07d" % board.made).replace(TIME, b"%017.6f" % at_s)
    return head[:-3] + packet_id + head[-1:] + b"{" + own


def _connect(port: int, name: bytes) -> _Board:
    """Connect a board with its last will, and say that it is online."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the agent does
    status = f"digit-agent/{name.decode()}/status"
    flags = 0b0010_1110  # a clean start, and a will with QoS 1 that is kept
    body = _text(b"MQTT") + struct.pack(">BBH", 5, flags, KEEPALIVE_S) + b"\0" + _text(name)
    connection.sendall(_packet(0x10, body + b"\0" + _text(status.encode()) + _text(b"offline")))
    answer = connection.recv(1024)
    assert (answer[0], answer[3]) == (0x20, 0), "the broker does not accept the board"
    connection.sendall(_publish(status, b"online", retain=True))
    return _Board(name, connection)


def _publish(topic: str, body: bytes, *, qos: int = 0, retain: bool = False) -> bytes:
    packet_id, no_properties = b"\0\1" if qos else b"", b"\0"
    return _packet(0x30 | qos << 1 | retain, _text(topic.encode()) + packet_id + no_properties + body)


def _packet(kind: int, body: bytes) -> bytes:
    """Return a packet of MQTT with its length (MQTT 5.0, section 1.5.5)."""
    length, left = bytearray(), len(body)
    while left > 127:
        length.append(left % 128 | 0x80)
        left //= 128
    return bytes([kind, *length, left]) + body


def _text(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


def _count_confirmations(data: bytes) -> int:
    """Return how many PUBACK packets there are; one that is cut counts with its beginning."""
    count = at = 0
    while at + 1 < len(data):
        assert data[at] == 0x40, "the broker ends the connection"
        at += 2 + data[at + 1]
        count += 1
    return count


def _read_delays(file: Path) -> tuple[int, list[float]]:
    """Return how many different readings came, and the delay of each message, in seconds."""
    ids, delays_s = set[str](), list[float]()
    with file.open() as lines:
        for line in lines:
            received_s, _, text = line.partition(" ")
            body = json.loads(text)
            delays_s.append(float(received_s) - float(body["sent_s"]))
            ids.add(body["id"])
    return len(ids), delays_s


def _wait_until_quiet(file: Path) -> None:
    """Wait until a file has not grown for some seconds."""
    size = -1
    while size != file.stat().st_size:
        size = file.stat().st_size
        time.sleep(5)


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def _resident_kb(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0])


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process, in seconds."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


if __name__ == "__main__":
    main()
