from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capture.source import Frame
from agent.choice.choice import Choice
from agent.choice.fallback import FallbackNet
from agent.choice.measurement import Measurement, Timing
from agent.choice.variants import Variant
from agent.events import Vitals
from agent.live.sampler import measure_vitals
from agent.live.throttle import COOLER_C, MAX_SAMPLE_AGE_S, REMIND_S, STEP_S, Throttle, ThrottleStep, steps
from profiles.profile import Sensors

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

LIMIT_C = 75.0
HOT, WARM, COOL = 76.0, 73.0, 70.0


class ThrottleRun:
    """A throttle on a simulated clock, with its warnings and its calls."""

    def __init__(self, frame_ms: float = 50.0) -> None:
        self.warnings, self.power_saving, self.now_s = list[str](), list[bool](), 1000.0
        self.throttle = Throttle(LIMIT_C, steps(frame_ms), self.power_saving.append, self.warnings.append)

    def sample(
        self, temperature_c: float | None, *throttling: str, wait_s: float = STEP_S, age_s: float = 0.0
    ) -> ThrottleStep:
        """Let time pass, give a sample to the throttle, and return its step."""
        self.now_s += wait_s
        vitals = Vitals(round((self.now_s - age_s) * 1e9), None, temperature_c, throttling)
        self.throttle.update(vitals, self.now_s)
        return self.throttle.step


def test_a_hot_board_gets_fewer_frames_then_the_cheapest_net_and_the_reverse_when_it_cools() -> None:
    run = ThrottleRun()
    assert [str(run.sample(HOT)) for _ in range(6)] == [
        "at most 10 frames a second",
        "at most 5 frames a second",
        "at most 2.5 frames a second",
        "at most 2.5 frames a second, with the cheapest net",
        "at most 2.5 frames a second, with the cheapest net",
        "at most 2.5 frames a second, with the cheapest net",
    ]
    assert run.power_saving == [True]
    assert [str(run.sample(COOL)) for _ in range(5)] == [
        "at most 2.5 frames a second",
        "at most 5 frames a second",
        "at most 10 frames a second",
        "full speed",
        "full speed",
    ]
    assert run.power_saving == [True, False]
    assert len(run.warnings) == 8, "one warning a step"
    assert run.warnings[0] == "76 °C is hot: at most 10 frames a second"
    assert run.warnings[-1] == "70 °C is cool enough: full speed"


def test_steps_are_some_time_apart() -> None:
    run = ThrottleRun()
    first = run.sample(HOT)
    assert run.sample(99.0, wait_s=STEP_S - 1) == first
    assert run.sample(99.0, wait_s=1) != first


def test_between_hot_and_cool_nothing_changes() -> None:
    run = ThrottleRun()
    slowed = run.sample(HOT)
    assert {run.sample(WARM) for _ in range(10)} == {slowed}


@pytest.mark.parametrize(
    ("temperature_c", "flags", "slows"),
    [
        (COOL, ("soft temperature limit",), True),
        (COOL, ("frequency capped", "throttled"), True),
        (COOL, ("over-current",), True),
        (None, ("throttled",), True),
        (COOL, ("under-voltage", "throttled"), False),
        (HOT, ("under-voltage", "throttled"), True),
        (None, (), False),
    ],
)
def test_throttling_counts_like_heat_unless_the_voltage_is_low(
    temperature_c: float | None, flags: tuple[str, ...], slows: bool
) -> None:
    assert (ThrottleRun().sample(temperature_c, *flags) != ThrottleStep()) == slows


def test_a_weak_supply_is_reported_from_time_to_time() -> None:
    run = ThrottleRun()
    for _ in range(5):
        run.sample(COOL, "under-voltage", wait_s=REMIND_S / 10)
    assert run.warnings == [
        "under-voltage: the power supply or its cable gives the board too little: use the board's own supply and a "
        "short cable"
    ]
    run.sample(COOL, "under-voltage", wait_s=REMIND_S)
    assert len(run.warnings) == 2


def test_throttling_is_reported_with_advice() -> None:
    run = ThrottleRun()
    run.sample(COOL, "soft temperature limit")
    assert run.warnings == [
        "the board is throttled (soft temperature limit); the board is too hot: give it a heat sink, a fan or a cooler "
        "place: at most 10 frames a second"
    ]


def test_without_a_recent_sample_nothing_changes() -> None:
    run = ThrottleRun()
    slowed = run.sample(HOT)
    assert run.sample(COOL, age_s=MAX_SAMPLE_AGE_S + 1) == slowed
    run.throttle.update(None, run.now_s + 1000)
    assert run.throttle.step == slowed
    assert run.sample(COOL, age_s=MAX_SAMPLE_AGE_S - 1) == ThrottleStep()


@given(st.lists(st.tuples(st.floats(20, 110), st.floats(0, 100)), max_size=60))
def test_it_never_slows_a_cool_board_or_speeds_up_a_hot_one(samples: list[tuple[float, float]]) -> None:
    run, order = ThrottleRun(), steps(50.0)
    for temperature_c, wait_s in samples:
        before = order.index(run.throttle.step)
        after = order.index(run.sample(temperature_c, wait_s=wait_s))
        assert abs(after - before) <= 1
        if after > before:
            assert temperature_c >= LIMIT_C
        if after < before:
            assert temperature_c <= LIMIT_C - COOLER_C


def test_frames_are_paced_and_a_stop_ends_the_wait() -> None:
    now_s, stop = [0.0], threading.Event()

    def frames() -> Iterator[Frame | None]:
        for number in range(4):
            yield Frame(np.zeros((1, 1, 3), np.uint8), 0, number, "test")
            yield None

    class AdvancingEvent(threading.Event):
        """An event whose waits advance the clock."""

        def wait(self, timeout: float | None = None) -> bool:
            now_s[0] += timeout or 0.0
            return False

    throttle = Throttle(LIMIT_C, steps(50.0), lambda _: None, lambda _: None)
    taken = list[float]()
    for frame in throttle.pace(frames(), lambda: Vitals(0, None, HOT), AdvancingEvent(), lambda: now_s[0]):
        if frame is not None:
            taken.append(now_s[0])
            now_s[0] += 0.02
    assert taken == pytest.approx([0.0, 0.1, 0.2, 0.3])

    stop.set()
    assert len(list(throttle.pace(frames(), lambda: None, stop))) == 8


def test_a_board_gets_hot_and_cools_again(linear: Linear, tmp_path: Path) -> None:
    """All parts together: the file of a thermal zone, the sampler, the frames of the loop, and the net."""
    best, cheap = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    timing = Timing(1, 9, 1.0, 1.0, 1.0, 1.0, 1.0, (1.0,) * 9)
    ranked = (
        Measurement(Variant(best, "onnxruntime", "", 2), (timing,)),
        Measurement(Variant(cheap, "ai-edge-litert", "", 1), (timing,)),
    )
    net = FallbackNet(Choice(str(tmp_path), ranked, (), "the best"))
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    now_s, warnings = [0.0], list[str]()

    def vitals() -> Vitals:
        sensors = Sensors(temperature_zones=("cpu-thermal",))
        return measure_vitals(sensors, None, root=tmp_path, clock_ns=lambda: round(now_s[0] * 1e9))

    def frames() -> Iterator[Frame | None]:
        for number, degrees in enumerate((60, 78, 80, 82, 84, 84, 73, 69, 68, 66, 60, 60)):
            now_s[0] += STEP_S
            (zone / "temp").write_text(f"{degrees * 1000}\n")
            yield Frame(np.zeros((1, 1, 3), np.uint8), 0, number, "test")

    throttle = Throttle(LIMIT_C, steps(1.0), net.set_power_saving, warnings.append)
    files: list[str] = []
    for _ in throttle.pace(frames(), vitals, threading.Event(), lambda: now_s[0]):
        np.testing.assert_allclose(net.logits(linear.glyphs), linear.reference(linear.glyphs), atol=1e-3)
        files.append(net.choice.best.variant.artifact.file)
    assert files == ["linear.onnx"] * 5 + ["linear.tflite"] * 3 + ["linear.onnx"] * 4
    assert [text.partition(": ")[0] for text in warnings] == [
        *("78 °C is hot", "80 °C is hot", "82 °C is hot", "84 °C is hot"),
        *("69 °C is cool enough", "68 °C is cool enough", "66 °C is cool enough", "60 °C is cool enough"),
    ]
    assert throttle.step == ThrottleStep()
