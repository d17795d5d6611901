"""Figures of a run for Prometheus, in its text format, at an address of their own.

Names and units follow https://prometheus.io/docs/practices/naming.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.events import Counts, Event, FaultEvent, FrameEvent, OutageEvent, RunInfo, SendingCounts, Vitals
from agent.outlets.sink import OutletSink
from agent.sensors.power_sample import EnergyIntegrator
from profiles.errors import OutputError, UsageError

DEFAULT_HOST = "127.0.0.1"
"""Only programs of this machine reach it."""
ON_PAGE = "page"
"""Instead of an address: the figures are only on the web page."""
ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:/@\s]+):)?(?P<port>\d{1,5})")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper edges of the latencies' buckets, in seconds: a stage on a fast board takes 1 ms, a frame on a slow one 2 s."""
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Upper edges of the confidences' buckets: readings below 0.6 are not announced, and most are above 0.9."""


@dataclass(frozen=True)
class MetricsAddress:
    """Where Prometheus finds the figures."""

    host: str
    port: int


def parse_metrics_address(text: str) -> MetricsAddress | None:
    """Parse `[HOST:]PORT`; None is the web page.

    Raises:
        UsageError: it is not an address.
    """
    if text == ON_PAGE:
        return None
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 <= int(found["port"]) <= 65535:
        raise UsageError(
            f"{text!r} is not an address for metrics", advice="write a port such as 9464, 0.0.0.0:9464, or page"
        )
    return MetricsAddress((found["host"] or DEFAULT_HOST).strip("[]"), int(found["port"]))


class RunMetrics(Collector):
    """Collects the figures of a run. Events come from any thread, questions from the server's.

    Args:
        info: describes the run at this moment.
        log: database of the log; None if there is none.
        sending: returns the counters of what carries readings off the board; None if nothing does.
    """

    def __init__(
        self,
        info: Callable[[], RunInfo],
        log: Path | None,
        sending: Callable[[], SendingCounts] | None,
    ) -> None:
        self.registry = CollectorRegistry()
        self._info, self._log, self._sending = info, log, sending
        self._seen = _Seen()
        self._energy = EnergyIntegrator()
        self._stages = Histogram(
            "digit_agent_stage_duration_seconds",
            "Time of each stage of the frames that were analysed; total is from capture to result.",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._confidences = Histogram(
            "digit_agent_confidence_ratio",
            "Confidence of the announced readings and of the fields of records, 0 to 1.",
            buckets=SHARES,
            registry=self.registry,
        )
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def take(self, event: Event) -> None:
        """Add an event."""
        seen = self._seen
        match event:
            case FrameEvent():
                self._take_frame(event)
            case OutageEvent():
                seen.outages += not seen.is_outage
                seen.is_outage = True
            case FaultEvent():
                seen.faults += 1

    def _take_frame(self, event: FrameEvent) -> None:
        seen = self._seen
        seen.counts, seen.is_outage = event.counts, False
        for stage, latency_ms in event.latency_ms.items():
            self._stages.labels(stage).observe(latency_ms / 1000)
        for reading in event.announced:
            self._confidences.observe(reading.confidence)
        for record in event.records:
            for one in record.fields:
                self._confidences.observe(one.confidence)
        if event.announced or event.records:
            seen.last_reading_s = time.time()
        if event.vitals is not None:
            seen.vitals = event.vitals
            self._energy.add(event.vitals.measured_ns, event.vitals.power_mw)

    def collect(self) -> Iterator[Metric]:
        """Give all figures except the histograms."""
        seen, info = self._seen, self._info()
        counts, vitals = seen.counts, seen.vitals
        for name, text, value in (
            ("frames", "Frames that were finished.", counts.frames),
            ("frames_unchanged", "Frames that showed nothing new and were not analysed again.", counts.unchanged),
            ("frames_dropped", "Frames that were never analysed.", counts.dropped),
            ("readings", "Announced readings.", counts.readings),
            ("digits", "Digits of the announced readings.", counts.digits),
            ("records", "Records of sheets.", counts.records),
            ("faults", "Warnings of the agent.", seen.faults),
            ("camera_outages", "Times that the camera gave no frames.", seen.outages),
        ):
            yield CounterMetricFamily(f"digit_agent_{name}", text, value)
        labels = {
            "version": version("digit-agent"),
            "board": info.board,
            "artifact": info.artifact,
            "runtime": info.runtime,
        }
        build = GaugeMetricFamily("digit_agent_info", "The agent, and the artifact that it uses now.", labels=[*labels])
        build.add_metric([*labels.values()], 1)
        yield build
        yield _gauge("camera_up", "Whether the camera gives frames.", not seen.is_outage)
        yield _gauge("paused", "Whether somebody has paused the run.", info.paused)
        yield from self._optional(vitals)
        yield from self._outlet_figures()

    def _optional(self, vitals: Vitals) -> Iterator[Metric]:
        """Give what this board can measure, and what there is already."""
        if self._seen.last_reading_s:
            text = "Time of the last reading or record, in seconds since 1970."
            yield _gauge("last_reading_timestamp_seconds", text, self._seen.last_reading_s)
        if vitals.temperature_c is not None:
            yield _gauge("temperature_celsius", "Temperature of the board.", vitals.temperature_c)
        if vitals.power_mw is not None:
            yield _gauge("power_watts", "Power of the board, measured by its sensor.", vitals.power_mw / 1000)
            yield CounterMetricFamily(
                "digit_agent_energy_joules", "Energy of the board since the run began.", self._energy.energy_mj / 1000
            )
        if vitals.throttling is not None:
            text = "Whether the board throttles, by reason; the reason is empty while it does not."
            throttled = GaugeMetricFamily("digit_agent_throttled", text, labels=["reason"])
            for reason in vitals.throttling or ("",):
                throttled.add_metric([reason], float(bool(reason)))
            yield throttled
        if self._log is not None:
            files = (self._log.with_name(self._log.name + suffix) for suffix in ("", "-wal", "-shm"))
            size = sum(file.stat().st_size for file in files if file.exists())
            yield _gauge("log_size_bytes", "Size of the log on the disk.", size)
        if self._log is not None and self._log.parent.exists():
            disk = os.statvfs(self._log.parent)
            yield _gauge("disk_free_bytes", "Free space of the log's disk.", disk.f_frsize * disk.f_bavail)
            yield _gauge("disk_size_bytes", "Size of the log's disk.", disk.f_frsize * disk.f_blocks)

    def _outlet_figures(self) -> Iterator[Metric]:
        if self._sending is None:
            return
        counts = self._sending()
        delivered = CounterMetricFamily("digit_agent_outlet_delivered", "Delivered messages.", labels=["outlet"])
        failures = CounterMetricFamily("digit_agent_outlet_failures", "Failed deliveries.", labels=["outlet"])
        waiting = GaugeMetricFamily("digit_agent_outlet_waiting", "Messages that wait.", labels=["outlet"])
        text = "Messages among those that wait which are too large for the receiver."
        aside = GaugeMetricFamily("digit_agent_outlet_set_aside", text, labels=["outlet"])
        up = GaugeMetricFamily("digit_agent_outlet_up", "Whether messages get through.", labels=["outlet"])
        for one in counts.outlets:
            delivered.add_metric([one.name], one.delivered)
            failures.add_metric([one.name], one.failures)
            waiting.add_metric([one.name], one.waiting)
            aside.add_metric([one.name], one.aside)
            up.add_metric([one.name], one.is_connected)
        yield from (delivered, failures, waiting, aside, up)
        text = "Messages that were dropped because the outbox was full."
        yield CounterMetricFamily("digit_agent_outbox_dropped", text, counts.dropped)
        text = "Readings and faults that never reached the outbox."
        yield CounterMetricFamily("digit_agent_outbox_lost", text, counts.lost)


class MetricsSink:
    """The sink that serves the figures, and passes the events on to the outlets.

    Args:
        address: where Prometheus finds the figures; None serves them on the web page only.
        info: describes the run at this moment.
        log: database of the log; None if there is none.
        outlets: the sink of the outlets; None if there are none.

    Raises:
        OutputError: the address cannot be used.
    """

    def __init__(
        self, address: MetricsAddress | None, info: Callable[[], RunInfo], log: Path | None, outlets: OutletSink | None
    ) -> None:
        self._outlets = outlets
        self.metrics = RunMetrics(info, log, None if outlets is None else outlets.counts)
        self._server, self._thread = None, None
        if address is None:
            return
        try:
            self._server, self._thread = start_http_server(address.port, address.host, self.metrics.registry)
        except OSError as error:
            raise OutputError(
                f"the metrics cannot be served at {address.host}:{address.port} ({error.strerror})",
                advice="choose another port or address",
            ) from error

    @property
    def port(self) -> int:
        """Port of the server; 0 without one."""
        return 0 if self._server is None else int(self._server.server_address[1])

    def figures(self) -> bytes:
        """Return the figures in Prometheus' text format; any thread may call this."""
        return generate_latest(self.metrics.registry)

    def take(self, event: Event) -> None:
        """Add an event, and pass it on."""
        self.metrics.take(event)
        if self._outlets is not None:
            self._outlets.take(event)

    def close(self) -> None:
        """Stop the server and close the outlets."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        if self._outlets is not None:
            self._outlets.close()


@dataclass
class _Seen:
    """What the events have brought."""

    counts: Counts = field(default_factory=Counts)
    vitals: Vitals = field(default_factory=lambda: Vitals(0))
    is_outage: bool = False
    outages: int = 0
    faults: int = 0
    last_reading_s: float = 0.0


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"digit_agent_{name}", text, float(value))
