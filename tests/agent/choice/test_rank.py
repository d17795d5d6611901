from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.rank import rank, split_accurate
from agent.choice.variants import Variant
from profiles.manifest import Accuracy
from profiles.profile import Objective, RuntimeName

if TYPE_CHECKING:
    from tests.agent.conftest import Linear


@pytest.fixture
def measured(linear: Linear) -> list[Measurement]:
    """Variants with files of 20, 10 and 10 kB, times of 30, 10 and 20 µs, and energies of 1, 3 and 2 mJ."""

    rows: list[tuple[str, RuntimeName, int, int, float, float]] = [
        ("linear.onnx", "onnxruntime", 1, 20_000, 30.0, 1.0),
        ("linear.tflite", "ai-edge-litert", 2, 10_000, 10.0, 3.0),
        ("linear.tflite", "ai-edge-litert", 1, 10_000, 20.0, 2.0),
    ]
    return [
        Measurement(Variant(linear.artifact(name, bytes=size), runtime, "", threads), timings(us), energy(mj))
        for name, runtime, threads, size, us, mj in rows
    ]


def timings(us_per_digit: float) -> tuple[Timing, ...]:
    """Return constant times for a batch of sixteen digits."""
    us = 16 * us_per_digit
    return (Timing(16, 9, 2 * us, us, us, us, us, (us,) * 9),)


def energy(mj_per_digit: float) -> Energy:
    return Energy("a sensor", (mj_per_digit,) * 3, 2000.0, 1500.0, 30, 10.0)


@pytest.mark.parametrize(
    ("objective", "order", "reason"),
    [
        (
            "latency",
            [1, 2, 0],
            "linear fp32 TFLite on ai-edge-litert with 2 threads: 10 µs per digit (±0%), "
            "3 times faster than the next (linear fp32 ONNX on onnxruntime), 99.50% right on noise",
        ),
        (
            "energy",
            [0, 2, 1],
            "linear fp32 ONNX on onnxruntime: 1 mJ per digit (±0%), "
            "2 times more efficient than the next (linear fp32 TFLite on ai-edge-litert), 99.50% right on noise",
        ),
        (
            "size",
            [1, 2, 0],
            "linear fp32 TFLite on ai-edge-litert with 2 threads: 10 kB, "
            "2 times smaller than the next (linear fp32 ONNX on onnxruntime), 99.50% right on noise",
        ),
    ],
)
def test_objective_decides(measured: list[Measurement], objective: Objective, order: list[int], reason: str) -> None:
    ranking = rank(measured, objective)
    assert ranking.ranked == tuple(measured[i] for i in order)
    assert ranking.reason == reason
    assert ranking.tied == ()


def test_without_a_sensor_latency_decides_and_the_reason_says_so(measured: list[Measurement]) -> None:
    without_energy = [Measurement(m.variant, m.timings) for m in measured]
    ranking = rank(without_energy, "energy")
    assert ranking.ranked[0] == without_energy[1]
    assert ranking.reason.endswith("; latency decided, because there is no sensor for the energy")


def test_reason_names_equal_and_single_variants(measured: list[Measurement]) -> None:
    equal = Measurement(measured[0].variant, measured[1].timings)
    assert "10 µs per digit (±0%), equal to the next" in rank([measured[1], equal], "latency").reason
    little_slower = Measurement(measured[0].variant, timings(10.3))
    assert "10 µs per digit (±0%), 1.03 times faster than" in rank([measured[1], little_slower], "latency").reason
    assert "10 µs per digit (±0%), the only one that works here" in rank(measured[1:], "latency").reason


def test_accuracy_can_be_the_objective_and_time_ranks_equal_variants(measured: list[Measurement]) -> None:
    def with_accuracy(m: Measurement, value: float | None) -> Measurement:
        accuracy = value and Accuracy(value=value, images=9, data="noise", runtime="numpy", sha256="0" * 64)
        artifact = msgspec.structs.replace(m.variant.artifact, accuracy=accuracy)
        return msgspec.structs.replace(m, variant=msgspec.structs.replace(m.variant, artifact=artifact))

    slow, fast, other = (with_accuracy(m, v) for m, v in zip(measured, (0.996, 0.994, 0.996), strict=True))
    ranking = rank([slow, fast, other], "accuracy")
    assert ranking.ranked == (other, slow, fast)
    assert "0.4 % wrong, equal to the next (linear fp32 ONNX on onnxruntime)" in ranking.reason
    assert "0.4 % wrong, 0.2 points better than the next" in rank([slow, fast], "accuracy").reason
    assert rank([with_accuracy(fast, None), slow], "accuracy").ranked[0] == slow


def test_profile_order_decides_on_an_insignificant_difference(measured: list[Measurement]) -> None:
    """The second and the third are the faster ones in turn; the first is always slower."""

    def noisy(m: Measurement, *us: float) -> Measurement:
        return msgspec.structs.replace(m, timings=(Timing(1, 90, *(np.median(us),) * 5, us),))

    slow, unstable = measured[0], noisy(measured[1], 9, 9, 9, 9, 8, 30, 30, 30, 30)
    steady = noisy(measured[2], *(10.0,) * 9)
    ranking = rank([slow, steady, unstable], "latency")
    assert ranking.ranked == (steady, unstable, slow)
    assert ranking.tied == (unstable, steady)
    assert ranking.reason.startswith(
        "linear fp32 TFLite on ai-edge-litert: first of 2 in the profile's order, because their difference is "
        "not significant (±"
    )
    assert rank([slow, unstable, steady], "latency").ranked[0] == unstable, "the given order is the profile's"


def test_worse_variants_of_an_earlier_measurement_stay_last(measured: list[Measurement]) -> None:
    ranking = rank(measured[1:], "latency", worse=measured[:1])
    assert ranking.ranked == (*measured[1:], measured[0])
    assert "3 times faster than the next (linear fp32 ONNX on onnxruntime)" in ranking.reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0.993, None),
        (0.9929, "99.29% right on noise is below the 99.3% that the profile requires"),
        (None, "its accuracy was not measured"),
    ],
)
def test_inaccurate_classifier_is_refused(linear: Linear, value: float | None, reason: str | None) -> None:
    measured = value and Accuracy(value=value, images=10_000, data="noise", runtime="onnxruntime", sha256="0" * 64)
    artifact = linear.artifact("linear.onnx", accuracy=measured)
    good, refused = split_accurate([artifact], 0.993)
    if reason is None:
        assert (good, refused) == ([artifact], [])
    else:
        assert good == []
        assert reason in str(refused[0])


@pytest.mark.parametrize("value", [None, 0.5])
def test_verifier_has_no_minimum_accuracy(linear: Linear, value: float | None) -> None:
    measured = value and Accuracy(value=value, images=10_000, data="noise", runtime="onnxruntime", sha256="0" * 64)
    artifact = linear.artifact("verifier.tflite", accuracy=measured)
    assert split_accurate([artifact], 0.993) == ([artifact], [])
