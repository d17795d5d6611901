"""Many boards at one broker: the delay, the losses, and what the broker needs for a board.

Each simulated board sends what a real agent sends: a reading a second with QoS 1, the newest value, measures and health
once a minute, at its own moments. One process is many boards. A subscriber, mosquitto_sub, takes all readings and notes
when they came.

    python -m benchmarks.fleet --boards 1000 --seconds 600
"""

from __future__ import annotations

import argparse
import heapq
import json
import multiprocessing
import resource
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.events import RunInfo
from agent.outlets.message import MessageMaker, StoredMessage
from agent.outlets.newest import newest_values
from agent.outlets.state import RunState
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import reading_to_dict

CONNECTS_PER_S = 200
"""New boards a second at the beginning; a broker needs about 2 ms for each."""
BOARDS_PER_PROCESS = 500
MEASURES_S = 60.0
SETTINGS = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
set_tcp_nodelay true
"""


@dataclass
class _Board:
    """A simulated board."""

    client: Client
    maker: MessageMaker
    state: RunState
    measured_s: float
    sent: int = 0


def main() -> None:
    """Print one line with the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=600.0)
    given = parser.parse_args()
    port, folder = _free_port(), Path(tempfile.mkdtemp())
    (folder / "mosquitto.conf").write_text(SETTINGS.format(port=port))
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "mosquitto"
    broker = subprocess.Popen([mosquitto, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        before_kb = _resident_kb(broker.pid)
        print(_measure(port, broker.pid, given.boards, given.seconds, before_kb))  # noqa: T201
    finally:
        broker.kill()
        broker.wait()


def _measure(port: int, broker: int, boards: int, seconds: float, before_kb: int) -> str:
    sums: multiprocessing.Queue[int] = multiprocessing.Queue()
    firsts = range(0, boards, BOARDS_PER_PROCESS)
    counts = [min(BOARDS_PER_PROCESS, boards - first) for first in firsts]
    arguments = [(port, first, count, seconds, sums) for first, count in zip(firsts, counts, strict=True)]
    senders = [multiprocessing.Process(target=_simulate, args=one) for one in arguments]
    file = Path(tempfile.mkdtemp()) / "readings"
    program = shutil.which("mosquitto_sub") or "mosquitto_sub"
    command = [program, "-p", str(port), "-q", "1", "-t", "digit-agent/+/reading", "-F", "%U %p"]
    with file.open("w") as out:
        subscriber = subprocess.Popen(command, stdout=out)
    time.sleep(1)
    for sender in senders:
        sender.start()
    time.sleep(BOARDS_PER_PROCESS / CONNECTS_PER_S + seconds / 2)
    pids = (broker, subscriber.pid)
    cpu_s, at_s, middle_kb = [_cpu_s(pid) for pid in pids], time.monotonic(), _resident_kb(broker)
    time.sleep(seconds / 4)
    passed_s = time.monotonic() - at_s
    shares = [(_cpu_s(pid) - before) / passed_s for pid, before in zip(pids, cpu_s, strict=True)]
    sent = sum(sums.get(timeout=2 * seconds + 300) for _ in senders)
    for sender in senders:
        sender.join()
    _wait_until_quiet(file)
    subscriber.terminate()
    subscriber.wait()
    unique, delays_s = _read_delays(file)
    cuts = statistics.quantiles(delays_s, n=100)
    return (
        f"{boards} boards, {seconds:.0f} s: {sent} readings sent, {unique} arrived, {sent - unique} lost; "
        f"delay p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms, longest {1000 * max(delays_s):.0f} ms; "
        f"broker {shares[0]:.1%} of a core, {(middle_kb - before_kb) / boards:.1f} KiB a board; "
        f"subscriber {shares[1]:.1%} of a core"
    )


def _simulate(port: int, first: int, count: int, seconds: float, sums: Any) -> None:
    """Be many boards for a while."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    selector, boards = selectors.DefaultSelector(), list[_Board]()
    for number in range(first, first + count):
        boards.append(_connect(port, f"board-{number:05d}", number))
        selector.register(boards[-1].client.socket(), selectors.EVENT_READ, boards[-1])  # type: ignore[arg-type]
        time.sleep(1 / CONNECTS_PER_S)
    now_s = time.monotonic()
    end_s, due = now_s + seconds, [(now_s + (index % 1000) / 1000, index) for index in range(count)]
    heapq.heapify(due)
    while (now_s := time.monotonic()) < end_s + 5:
        while now_s < end_s and due[0][0] <= now_s:
            at_s, index = due[0]
            _send(boards[index], now_s)
            heapq.heapreplace(due, (at_s + 1.0, index))
            if boards[index].client.want_write():
                boards[index].client.loop_write()
        for key, _ in selector.select(min(0.1, max(0.0, due[0][0] - now_s)) if now_s < end_s else 0.1):
            key.data.client.loop_read()
    for board in boards:
        board.client.disconnect()
    sums.put(sum(board.sent for board in boards))


def _connect(port: int, name: str, number: int) -> _Board:
    client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
    client.will_set(f"digit-agent/{name}/status", "offline", qos=1, retain=True)
    client.connect("127.0.0.1", port, keepalive=1200)
    now_s = time.monotonic()
    info = RunInfo("demo", "pi4", "nano-int8.tflite", "LiteRT", "", None)
    _send_at_once(client)
    client.publish(f"digit-agent/{name}/status", "online", retain=True)
    return _Board(client, MessageMaker(name), RunState(lambda: info), now_s - number % MEASURES_S)


def _send(board: _Board, now_s: float) -> None:
    """Send a reading, and once a minute the measures."""
    board.sent += 1
    text = f"{board.sent % 10_000:04d}"
    digits = tuple(Digit(int(one), 0.99, Box(12 * n, 5, 10, 20)) for n, one in enumerate(text))
    reading = Reading(text, Box(0, 5, 48, 20), 0.96, digits)
    now = datetime.now(timezone.utc)
    content = {"source": "csi://0", "frame": board.sent, "sent_s": time.time(), **reading_to_dict(reading)}
    message = board.maker.make("reading", now, content)
    name = board.client._client_id.decode()
    for topic, body in newest_values(StoredMessage(board.sent, message.kind, message.body)).items():
        board.client.publish(f"digit-agent/{name}/{topic}", body, retain=True)
    board.client.publish(f"digit-agent/{name}/reading", message.body, qos=1)
    if now_s - board.measured_s >= MEASURES_S:
        board.measured_s = now_s
        measures = board.maker.make("measures", now, board.state.measures())
        board.client.publish(f"digit-agent/{name}/measures", measures.body, retain=True)


def _read_delays(file: Path) -> tuple[int, list[float]]:
    """Return how many different readings came, and the delay of each message, in seconds."""
    ids, delays_s = set[str](), list[float]()
    with file.open() as lines:
        for line in lines:
            received_s, _, text = line.partition(" ")
            body = json.loads(text)
            delays_s.append(float(received_s) - body["sent_s"])
            ids.add(body["id"])
    return len(ids), delays_s


def _wait_until_quiet(file: Path) -> None:
    """Wait until a file has not grown for some seconds."""
    size = -1
    while size != file.stat().st_size:
        size = file.stat().st_size
        time.sleep(5)


def _send_at_once(client: Client) -> None:
    """Switch off the wait for more to send, as the agent does."""
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[union-attr]


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
