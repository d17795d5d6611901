"""What sending readings costs a board: resident memory and processor time of MQTT, a webhook's outbox and metrics.

It needs mosquitto. Five frames and one reading a second, as a slow camera gives them.

    python -m benchmarks.outlets --seconds 120
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import agent.run  # noqa: F401 (what a run loads anyway is not counted)
from agent.events import Counts, FrameEvent, RunInfo, Vitals
from agent.live.sinks import Sink
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page

INFO = RunInfo("demo", "pi4", "nano-int8.tflite", "LiteRT", "", None)
FRAMES_PER_S = 5


def main() -> None:
    """Print a line for MQTT, and one for the metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    seconds = parser.parse_args().seconds
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "mosquitto"
    broker = subprocess.Popen([mosquitto, "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        print(f"mqtt: {_measure(lambda: _mqtt(port), seconds)}")  # noqa: T201
        print(f"metrics: {_measure(_metrics, seconds)}")  # noqa: T201
    finally:
        broker.kill()
        broker.wait()


def _mqtt(port: int) -> Sink:
    from agent.outlets.assemble import OutletOptions, open_outlets  # noqa: PLC0415
    from agent.outlets.broker import BrokerFiles, parse_broker  # noqa: PLC0415

    broker = parse_broker(f"mqtt://127.0.0.1:{port}", "counter-01", BrokerFiles(), {})
    options = OutletOptions("counter-01", Path(tempfile.mkdtemp()) / "outbox.db", broker)
    return open_outlets(options, lambda: INFO, {}, print, wait=False)


def _metrics() -> Sink:
    from agent.outlets.metrics import MetricsAddress, MetricsSink  # noqa: PLC0415

    return MetricsSink(MetricsAddress("127.0.0.1", 0), lambda: INFO, None, None)


def _measure(open_sink: Callable[[], Sink], seconds: int) -> str:
    """Feed a sink for a while, and return what it took."""
    before_kb = _resident_kb()
    sink = open_sink()
    began_s, cpu_s = time.monotonic(), time.process_time()
    for number in range(FRAMES_PER_S * seconds):
        sink.take(_frame(number))
        time.sleep(max(0.0, began_s + (number + 1) / FRAMES_PER_S - time.monotonic()))
    share, grown_kb = (time.process_time() - cpu_s) / seconds, _resident_kb() - before_kb
    sink.close()
    return f"{grown_kb / 1024:.1f} MiB of resident memory, {share:.2%} of a core"


def _frame(number: int) -> FrameEvent:
    digits = tuple(Digit(n, 0.99, Box(12 * n, 5, 10, 20)) for n in range(4))
    announced = (Reading("0123", Box(0, 5, 48, 20), 0.96, digits),) if number % FRAMES_PER_S == 0 else ()
    latency = {"age": 1.0, "scale": 1.0, "total": 20.0}
    counts, vitals = Counts(number + 1, 0, number // FRAMES_PER_S), Vitals(number * 10**9, 4000.0, 50.0)
    page = Page(640, 480, (), (), {})
    return FrameEvent(number, "csi://0", None, page, announced, latency, 0, counts, vitals)


def _resident_kb() -> int:
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main()
