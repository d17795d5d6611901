"""Summary of a run: counts, latency percentiles, accuracy if the true digits are known, and energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.capture.source import TrueDigit
from agent.events import Counts, FrameEvent
from agent.histogram import LatencyHistogram, Percentiles
from agent.sensors.power_sample import EnergyIntegrator
from agent.vision.digits import Digit
from profiles.errors import SourceError

MIN_IOU = 0.5
"""Intersection over union from which a found digit is at the place of a true one. The usual value for detections."""


@dataclass(frozen=True)
class Score:
    """Comparison of the digits found with the true ones, summed over all frames."""

    true: int = 0
    found: int = 0
    right: int = 0
    """Digits found at the place of a true digit and with its label."""

    @property
    def share_right(self) -> float:
        """Recall: share of the true digits that were found with the right label, 0..1."""
        return self.right / self.true if self.true else 0.0

    @property
    def false(self) -> int:
        """Digits found with a wrong label, or where there is none."""
        return self.found - self.right


@dataclass(frozen=True)
class Power:
    """Measured power of a run. The idle power of the board is included."""

    mean_mw: float
    energy_mj: float
    """Energy in millijoules, integrated over the samples by the trapezoidal rule."""
    seconds: float
    """Time between the first and the last sample, without the gaps of a silent sensor."""
    samples: int


@dataclass(frozen=True)
class Summary:
    """Summary of a run that has ended."""

    seconds: float
    counts: Counts
    latency: Mapping[str, Percentiles]
    """Percentiles by stage, without the first analysed frame if there are others; empty if no frame was analysed."""
    first_ms: float | None
    """Latency of the first analysed frame, which includes loading; None if no frame was analysed."""
    score: Score | None
    """Comparison with the true digits; None if they are not known."""
    power: Power | None
    """Power and energy of the run; None if they were not measured."""
    failure: SourceError | None = None
    """Failure of the source; None if the source ended or the run was stopped."""


def score(truth: Sequence[TrueDigit], digits: Sequence[Digit]) -> Score:
    """Match the digits of one frame with the true ones, one to one, by place and label."""
    unmatched = list(digits)
    right = 0
    for true in truth:
        same = [digit for digit in unmatched if digit.digit == true.digit and true.box.iou(digit.box) >= MIN_IOU]
        if same:
            unmatched.remove(max(same, key=lambda digit: true.box.iou(digit.box)))
            right += 1
    return Score(len(truth), len(digits), right)


class Tally:
    """Running totals of a run, in bounded memory.

    Args:
        started_ns: `time.monotonic_ns()` at the start of the run.
    """

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._first: Mapping[str, float] = {}
        self._latencies: dict[str, LatencyHistogram] = {}
        self._score: Score | None = None
        self._energy = EnergyIntegrator()

    def add(self, event: FrameEvent, truth: Sequence[TrueDigit] | None) -> None:
        """Add a frame and its true digits, if they are known."""
        if not self._first:
            self._first = event.latency_ms
        else:
            self._add_latency(event.latency_ms)
        if truth is not None:
            frame, total = score(truth, event.page.digits), self._score or Score()
            self._score = Score(total.true + frame.true, total.found + frame.found, total.right + frame.right)
        vitals = event.vitals
        if vitals is not None:
            self._energy.add(vitals.measured_ns, vitals.power_mw)

    def summary(self, counts: Counts, now_ns: int, failure: SourceError | None = None) -> Summary:
        """Return the summary of the run. Its `power` is None if there were fewer than two samples."""
        seconds = (now_ns - self._started_ns) / 1e9
        energy, mean_mw = self._energy, self._energy.mean_mw
        power = Power(mean_mw, energy.energy_mj, energy.seconds, energy.samples) if mean_mw is not None else None
        if not self._latencies:
            self._add_latency(self._first)
        latency = {stage: histogram.percentiles() for stage, histogram in self._latencies.items()}
        return Summary(seconds, counts, latency, self._first.get("total"), self._score, power, failure)

    def _add_latency(self, latency_ms: Mapping[str, float]) -> None:
        for stage, value_ms in latency_ms.items():
            self._latencies.setdefault(stage, LatencyHistogram()).add(value_ms)
