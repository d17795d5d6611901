"""Figures for Prometheus, read over HTTP. tests/integrations lets Prometheus itself check and scrape them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from agent.capture.outage import Outage
from agent.events import FaultEvent, OutageEvent, Vitals
from agent.outlets.metrics import MetricsAddress, MetricsSink, parse_metrics_address
from profiles.errors import OutputError
from tests.agent.outlets.feeding import INFO, frame, reading, record

BARE = MetricsAddress("127.0.0.1", 0)


@contextmanager
def served(log: Path | None = None) -> Iterator[MetricsSink]:
    sink = MetricsSink(BARE, lambda: INFO, log, None)
    try:
        yield sink
    finally:
        sink.close()


def figures(sink: MetricsSink) -> dict[str, float]:
    """Return each figure by its name and labels."""
    with urlopen(f"http://127.0.0.1:{sink.port}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs if name.startswith("digit_agent")}


def test_a_run_has_its_counts_latency_confidence_and_sensors(tmp_path: Path) -> None:
    (tmp_path / "agent.db").write_bytes(b"12345")
    with served(tmp_path / "agent.db") as sink:
        sink.take(frame(0, [reading("0471", 0.93)], [record(a="1")], Vitals(10**9, 4000.0, 51.5, ("under-voltage",))))
        sink.take(frame(1, vitals=Vitals(3 * 10**9, 4000.0, 52.5, ())))
        sink.take(FaultEvent("a fault"))
        found = figures(sink)
    expected = {
        "digit_agent_frames_total": 2,
        "digit_agent_readings_total": 2,
        "digit_agent_faults_total": 1,
        "digit_agent_temperature_celsius": 52.5,
        "digit_agent_power_watts": 4.0,
        "digit_agent_energy_joules_total": 8.0,
        'digit_agent_throttled{reason=""}': 0,
        "digit_agent_log_size_bytes": 5,
        "digit_agent_camera_up": 1,
        'digit_agent_info{artifact="nano-int8.tflite",board="pi4",runtime="LiteRT",version="0.1.0"}': 1,
        'digit_agent_stage_duration_seconds_count{stage="total"}': 2,
        'digit_agent_stage_duration_seconds_bucket{le="0.01",stage="total"}': 0,
        'digit_agent_stage_duration_seconds_bucket{le="0.025",stage="total"}': 2,
        'digit_agent_confidence_ratio_bucket{le="0.95"}': 1,
        "digit_agent_confidence_ratio_count": 2,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["digit_agent_last_reading_timestamp_seconds"] > 1.7e9
    assert 0 < found["digit_agent_disk_free_bytes"] < found["digit_agent_disk_size_bytes"]


def test_what_a_board_cannot_measure_is_left_out() -> None:
    with served() as sink:
        sink.take(frame(0))
        found = figures(sink)
    missing = ("power", "energy", "temperature", "throttled", "log_size", "last_reading", "outlet", "outbox", "disk")
    assert not [name for name in found if name.removeprefix("digit_agent_").startswith(missing)]


def test_an_outage_counts_once_until_the_camera_is_back() -> None:
    with served() as sink:
        for _ in range(3):
            sink.take(OutageEvent(Outage(1.0, 1.0, "no frame")))
        assert figures(sink)["digit_agent_camera_up"] == 0
        sink.take(frame(0))
        sink.take(OutageEvent(Outage(1.0, 1.0, "no frame")))
        assert figures(sink)["digit_agent_camera_outages_total"] == 2


@pytest.mark.parametrize(
    ("text", "host", "port"), [("9464", "127.0.0.1", 9464), ("0.0.0.0:1", "0.0.0.0", 1), ("[::]:2", "::", 2)]
)
def test_an_address_is_parsed(text: str, host: str, port: int) -> None:
    assert parse_metrics_address(text) == MetricsAddress(host, port)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OutputError, match=rf"cannot be served at 127.0.0.1:{port} \(Address already in use\)"):
            MetricsSink(MetricsAddress("127.0.0.1", port), lambda: INFO, None, None)
