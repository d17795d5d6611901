"""What a run comes to: counts, latency percentiles, accuracy where the truth is known, and energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.capture.frame import TrueDigit
from agent.events import Counts, FrameEvent
from agent.histogram import LatencyHistogram, Percentiles
from agent.sensors.energy import EnergyMeter
from agent.vision.digits import Digit
from profiles.errors import SourceError

SAME_DIGIT = 0.5
"""Overlap, intersection over union, at which a digit found is the true one."""


@dataclass(frozen=True)
class Score:
    """What was read against what stands there, digit by digit, over all frames."""

    true: int = 0
    found: int = 0
    right: int = 0
    """Found where a true digit stands, with its label."""

    @property
    def share_right(self) -> float:
        """Of the true digits."""
        return self.right / self.true if self.true else 0.0

    @property
    def false(self) -> int:
        """Digits found where none stands, or with another label."""
        return self.found - self.right


@dataclass(frozen=True)
class Power:
    """Measured power of a run, what the board draws when idle included."""

    mean_mw: float
    energy_mj: float
    """The trapezoid over the samples."""
    seconds: float
    """From the first sample to the last, without the time in which the sensor was silent."""
    samples: int


@dataclass(frozen=True)
class Summary:
    """A run, ended."""

    seconds: float
    counts: Counts
    latency: Mapping[str, Percentiles]
    """By stage; empty where no frame was read."""
    score: Score | None
    """None where the truth is not known."""
    power: Power | None
    """None where it was not measured."""
    failure: SourceError | None = None
    """What broke the source off; None where it ended or was stopped."""


def score(truth: Sequence[TrueDigit], digits: Sequence[Digit]) -> Score:
    """Match digits to the truth one to one, by place and label."""
    left = list(digits)
    right = 0
    for true in truth:
        same = [digit for digit in left if digit.digit == true.digit and true.box.iou(digit.box) >= SAME_DIGIT]
        if same:
            left.remove(max(same, key=lambda digit: true.box.iou(digit.box)))
            right += 1
    return Score(len(truth), len(digits), right)


class Tally:
    """Sums up a run, tick by tick, in bounded memory."""

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._latencies: dict[str, LatencyHistogram] = {}
        self._score: Score | None = None
        self._meter = EnergyMeter()

    def add(self, tick: FrameEvent, truth: Sequence[TrueDigit] | None) -> None:
        for stage, value_ms in tick.latency_ms.items():
            self._latencies.setdefault(stage, LatencyHistogram()).add(value_ms)
        if truth is not None:
            page, so_far = score(truth, tick.page.digits), self._score or Score()
            self._score = Score(so_far.true + page.true, so_far.found + page.found, so_far.right + page.right)
        vitals = tick.vitals
        if vitals is not None:
            self._meter.add(vitals.measured_ns, vitals.power_mw)

    def summary(self, counts: Counts, now_ns: int, failure: SourceError | None = None) -> Summary:
        """What the run came to; below two samples there is no power: one moment has no energy."""
        seconds = (now_ns - self._started_ns) / 1e9
        meter, mean_mw = self._meter, self._meter.mean_mw
        power = Power(mean_mw, meter.energy_mj, meter.seconds, meter.samples) if mean_mw is not None else None
        latency = {stage: latencies.summary() for stage, latencies in self._latencies.items()}
        return Summary(seconds, counts, latency, self._score, power, failure)
