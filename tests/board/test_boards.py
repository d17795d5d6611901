"""`doctor`, `bench` and `read` on seven boards under qemu, with this checkout's wheel installed.

Each board runs on its own core, except the Orins, which use an A76. doctor runs on all boards, bench on one board of
each core (A53, A57, A72, A76) and on an Orin. read, and the logits of all artifacts, are compared with the desktop on
one board of each core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from agent.paths import default_artifacts
from profiles.manifest import load_manifest

if TYPE_CHECKING:
    from agent.capture.source import Frame
    from tests.board.conftest import CommandResult

RunOnBoard = Callable[[str, str], "CommandResult"]

CORES = {"cortex-a53": "pi-zero-2w", "cortex-a57": "nano", "cortex-a72": "pi-4b", "cortex-a76": "pi-5"}
PIS = ("pi-zero-2w", "pi-3b-plus", "pi-4b", "pi-5")
PI_RUNTIMES = {"ai-edge-litert": "ok", "onnxruntime": "ok", "tflite-runtime": "none"}
JETSON_RUNTIMES = {**PI_RUNTIMES, "onnxruntime (Tensorrt)": "warn", "onnxruntime (CUDA)": "warn"}
TOLERANCE = {"int8": 1.01, "fp16": 5e-3, "fp32": 1e-5}
"""Allowed difference of a logit: for int8 in quantization steps, else as a share of the largest logit.

An A76 computes ONNX files in fp16 with fp16 arithmetic; the other cores and the desktop use fp32.
"""

BOX_PX = 2
"""Allowed difference of a box: OpenCV rounds differently on each processor when it resizes and blurs."""

pytestmark = pytest.mark.timeout(600)


class ExpectedChecks(NamedTuple):
    """Expected checks of `doctor` on a board."""

    profile: str
    runtimes: Mapping[str, str]
    temperature: str
    power: str = "energy is not measurable on this board: no sensor that can be read"
    throttling: str = "none since the start"
    camera: str = "none"


BOARDS = {
    "pi-zero-2w": ExpectedChecks("pi-zero-2w", PI_RUNTIMES, "48 °C"),
    "pi-3b-plus": ExpectedChecks(
        "pi3",
        PI_RUNTIMES,
        "61 °C, and the board slows down at 57 °C",
        power="add-on ina219, configured for a shunt of 100 mΩ",
        throttling="now: soft temperature limit",
    ),
    "pi-4b": ExpectedChecks(
        "pi4", PI_RUNTIMES, "52 °C", throttling="now: under-voltage, throttled", camera="HD Pro Webcam C920"
    ),
    "pi-5": ExpectedChecks("pi5", PI_RUNTIMES, "51 °C", power="PMIC, sum of 12 rails", camera="rp1-cfe-csi2_ch0"),
    "orin-nano": ExpectedChecks(
        "jetson-orin-nano",
        JETSON_RUNTIMES,
        "49 °C",
        power="INA3221, rail VDD_IN: the whole module",
        camera="vi-output, imx219 9-0010",
    ),
    "agx-orin": ExpectedChecks(
        "jetson-agx-orin",
        JETSON_RUNTIMES,
        "49 °C",
        power="INA3221, module rails VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0 + VDDQ_VDD2_1V8AO",
        throttling="since the start: over-current",
    ),
    "nano": ExpectedChecks(
        "jetson-nano", JETSON_RUNTIMES, "38 °C", power="INA3221, rail POM_5V_IN: the whole module", throttling=""
    ),
}


@pytest.mark.parametrize(("name", "expected"), BOARDS.items())
def test_doctor_reports_the_board_its_runtimes_and_its_sensors(
    run_on_board: RunOnBoard, name: str, expected: ExpectedChecks
) -> None:
    output: Any = run_on_board(name, "doctor").json()
    checks = {check["name"].partition(" video")[0]: check for check in output["checks"]}
    assert output["works"] is True
    assert f"({expected.profile})" in checks["board"]["what"]
    assert {runtime: checks[runtime]["state"] for runtime in expected.runtimes} == expected.runtimes
    assert checks["temperature"]["what"] == expected.temperature
    assert checks["power"]["what"].startswith(expected.power)
    assert checks["camera"]["what"].startswith(expected.camera)
    assert checks.get("throttling", {"what": ""})["what"] == expected.throttling


@pytest.mark.parametrize("name", [*CORES.values(), "orin-nano"])
def test_bench_measures_both_runtimes_and_chooses_a_winner(run_on_board: RunOnBoard, name: str) -> None:
    output: Any = run_on_board(name, "bench").json()
    assert {row["runtime"] for row in output["measured"]} == {"ai-edge-litert", "onnxruntime"}
    assert {row["role"] for row in output["measured"] if row["winner"]} == {"classifier", "verifier", "recogniser"}
    refused = " ".join(refusal["reason"] for refusal in output["refused"])
    assert ("this onnxruntime has no TensorrtExecutionProvider" in refused) == (name not in PIS)


@pytest.mark.parametrize(("core", "name"), CORES.items())
def test_a_frame_gives_the_same_readings_as_on_the_desktop(
    run_on_board: RunOnBoard, desktop: Callable[[str], CommandResult], frame: Frame, core: str, name: str
) -> None:
    on_board: Any = run_on_board(name, "read").json()
    on_desktop: Any = desktop("read").json()
    assert [d["digit"] for d in on_board["digits"]] == [d["digit"] for d in on_desktop["digits"]]
    assert [r["text"] for r in on_board["readings"]] == [r["text"] for r in on_desktop["readings"]]
    board_boxes, desktop_boxes = (np.array([d["box"] for d in output["digits"]]) for output in (on_board, on_desktop))
    assert np.abs(board_boxes - desktop_boxes).max() <= BOX_PX
    assert sorted(d["digit"] for d in on_board["digits"]) == sorted(true.digit for true in frame.truth or ())


@pytest.mark.parametrize(("core", "name"), CORES.items())
def test_every_artifact_computes_the_same_logits_as_on_the_desktop(
    run_on_board: RunOnBoard, desktop: Callable[[str], CommandResult], core: str, name: str
) -> None:
    on_board: Any = run_on_board(name, "logits").json()
    on_desktop: Any = desktop("logits").json()
    nets = on_board.keys() & on_desktop.keys()
    assert len(nets) == len(load_manifest(default_artifacts()).artifacts)  # each artifact in the runtime of its format
    for net in nets:
        expected = np.array(on_desktop[net]["logits"])
        precision = next(precision for precision in TOLERANCE if precision in net)
        limit = TOLERANCE[precision] * (on_desktop[net]["step"] or np.abs(expected).max())
        difference = np.abs(np.array(on_board[net]["logits"]) - expected).max()
        assert difference <= limit, f"{net} differs by {difference:.3g} on {core}, {limit:.3g} is allowed"
