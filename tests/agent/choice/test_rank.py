from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.choice.candidates import Candidate
from agent.choice.measure import Measured, Timing
from agent.choice.rank import accurate, rank
from profiles.manifest import Accuracy
from profiles.profile import Objective, RuntimeName

if TYPE_CHECKING:
    from tests.agent.conftest import Linear


@pytest.fixture
def measured(linear: Linear) -> list[Measured]:
    """Files of 20, 10 and 10 kB that take 30, 10 and 20 µs, and 1, 3 and 2 mJ."""

    rows: list[tuple[str, RuntimeName, int, int, float, float]] = [
        ("linear.onnx", "onnxruntime", 1, 20_000, 30.0, 1.0),
        ("linear.tflite", "ai-edge-litert", 2, 10_000, 10.0, 3.0),
        ("linear.tflite", "ai-edge-litert", 1, 10_000, 20.0, 2.0),
    ]
    return [
        Measured(
            Candidate(linear.artifact(name, bytes=size), runtime, "", threads), (Timing(16, 9, 16 * us, 20 * us),), mj
        )
        for name, runtime, threads, size, us, mj in rows
    ]


@pytest.mark.parametrize(
    ("objective", "order", "reason"),
    [
        (
            "latency",
            [1, 2, 0],
            "linear fp32 TFLite on ai-edge-litert with 2 threads: 10 µs a digit, "
            "3 times faster than the next (linear fp32 ONNX on onnxruntime), 99.50% right on noise",
        ),
        (
            "energy",
            [0, 2, 1],
            "linear fp32 ONNX on onnxruntime: 1 mJ a digit, "
            "2 times thriftier than the next (linear fp32 TFLite on ai-edge-litert), 99.50% right on noise",
        ),
        (
            "size",
            [1, 2, 0],
            "linear fp32 TFLite on ai-edge-litert with 2 threads: 10 kB, "
            "2 times smaller than the next (linear fp32 ONNX on onnxruntime), 99.50% right on noise",
        ),
    ],
)
def test_the_objective_decides(measured: list[Measured], objective: Objective, order: list[int], reason: str) -> None:
    ranked, why = rank(measured, objective)
    assert ranked == tuple(measured[i] for i in order)
    assert why == reason


def test_without_a_sensor_latency_decides_and_the_reason_says_so(measured: list[Measured]) -> None:
    blind = [Measured(m.candidate, m.timings, None) for m in measured]
    ranked, why = rank(blind, "energy")
    assert ranked[0] == blind[1]
    assert why.endswith("; latency decided, since no sensor measures energy here")


def test_equals_and_loners_are_called_so(measured: list[Measured]) -> None:
    level = Measured(measured[0].candidate, measured[1].timings, None)
    assert "10 µs a digit, level with the next" in rank([measured[1], level], "latency")[1]
    assert "10 µs a digit, the only one that works here" in rank(measured[1:], "latency")[1]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0.993, None),
        (0.9929, "99.29% right on noise is below the 99.3% that the profile asks for"),
        (None, "its accuracy was not measured"),
    ],
)
def test_below_the_floor_nothing_is_chosen(linear: Linear, value: float | None, reason: str | None) -> None:
    measured = value and Accuracy(value=value, images=10_000, data="noise", runtime="onnxruntime", sha256="0" * 64)
    artifact = linear.artifact("linear.onnx", accuracy=measured)
    good, refused = accurate([artifact], 0.993)
    if reason is None:
        assert (good, refused) == ([artifact], [])
    else:
        assert good == []
        assert reason in str(refused[0])


@pytest.mark.parametrize("value", [None, 0.5])
def test_a_verifier_has_no_floor(linear: Linear, value: float | None) -> None:
    measured = value and Accuracy(value=value, images=10_000, data="noise", runtime="onnxruntime", sha256="0" * 64)
    artifact = linear.artifact("verifier.tflite", accuracy=measured)
    assert accurate([artifact], 0.993) == ([artifact], [])
