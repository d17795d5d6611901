"""Seven boards under qemu: what `doctor`, `bench` and `read` say on each, with this checkout's wheel installed.

Each board's own core, but an A76 for the Orins' A78AE. doctor and bench run on all seven; read, and every artifact's
logits in every runtime, on one board of each core (A53, A57, A72, A76).
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
    from tests.board.conftest import Said

Ask = Callable[[str, str], "Said"]

CORES = {"cortex-a53": "pi-zero-2w", "cortex-a57": "nano", "cortex-a72": "pi-4b", "cortex-a76": "pi-5"}
PIS = ("pi-zero-2w", "pi-3b-plus", "pi-4b", "pi-5")
PI_RUNTIMES = {"ai-edge-litert": "ok", "onnxruntime": "ok", "tflite-runtime": "none"}
JETSON_RUNTIMES = {**PI_RUNTIMES, "onnxruntime (Tensorrt)": "warn", "onnxruntime (CUDA)": "warn"}
TOLERANCE = {"int8": 1.01, "fp16": 5e-3, "fp32": 1e-5}
"""How far a logit may be off: in steps of the quantization, or as a share of the largest logit. An A76 computes
an ONNX file's fp16 as such, the other cores and the desktop as fp32."""

BOX_PX = 2
"""How far a box may be off: OpenCV resizes and blurs with other roundings on each processor."""

pytestmark = pytest.mark.timeout(600)


class Found(NamedTuple):
    """What `doctor` is to find on a board."""

    profile: str
    runtimes: Mapping[str, str]
    temperature: str
    power: str = "energy is not measurable on this board: no sensor that can be read"
    throttling: str = "none since the start"
    camera: str = "none"


BOARDS = {
    "pi-zero-2w": Found("pi-zero-2w", PI_RUNTIMES, "48 °C"),
    "pi-3b-plus": Found(
        "pi3",
        PI_RUNTIMES,
        "61 °C, and the board slows down at 57 °C",
        power="add-on ina219, taken to have a shunt of 100 mΩ",
        throttling="now: soft temperature limit",
    ),
    "pi-4b": Found(
        "pi4", PI_RUNTIMES, "52 °C", throttling="now: under-voltage, throttled", camera="HD Pro Webcam C920"
    ),
    "pi-5": Found("pi5", PI_RUNTIMES, "51 °C", power="PMIC, sum of 12 rails", camera="rp1-cfe-csi2_ch0"),
    "orin-nano": Found(
        "jetson-orin-nano",
        JETSON_RUNTIMES,
        "49 °C",
        power="INA3221, rail VDD_IN: the whole module",
        camera="vi-output, imx219 9-0010",
    ),
    "agx-orin": Found(
        "jetson-agx-orin",
        JETSON_RUNTIMES,
        "49 °C",
        power="INA3221, module rails VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0 + VDDQ_VDD2_1V8AO",
        throttling="since the start: over-current",
    ),
    "nano": Found(
        "jetson-nano", JETSON_RUNTIMES, "38 °C", power="INA3221, rail POM_5V_IN: the whole module", throttling=""
    ),
}


@pytest.mark.parametrize(("name", "expected"), BOARDS.items())
def test_doctor_finds_what_a_board_has(ask: Ask, name: str, expected: Found) -> None:
    told: Any = ask(name, "doctor").json()
    checks = {check["name"].partition(" video")[0]: check for check in told["checks"]}
    assert told["works"] is True
    assert f"({expected.profile})" in checks["board"]["what"]
    assert {runtime: checks[runtime]["state"] for runtime in expected.runtimes} == expected.runtimes
    assert checks["temperature"]["what"] == expected.temperature
    assert checks["power"]["what"].startswith(expected.power)
    assert checks["camera"]["what"].startswith(expected.camera)
    assert checks.get("throttling", {"what": ""})["what"] == expected.throttling


@pytest.mark.parametrize("name", BOARDS)
def test_bench_measures_both_runtimes_and_names_a_winner(ask: Ask, name: str) -> None:
    told: Any = ask(name, "bench").json()
    assert {row["runtime"] for row in told["measured"]} == {"ai-edge-litert", "onnxruntime"}
    assert {row["role"] for row in told["measured"] if row["winner"]} == {"classifier", "verifier"}
    refused = " ".join(refusal["reason"] for refusal in told["refused"])
    assert ("this onnxruntime has no TensorrtExecutionProvider" in refused) == (name not in PIS)


@pytest.mark.parametrize(("core", "name"), CORES.items())
def test_a_frame_is_read_as_on_the_desktop(
    ask: Ask, desktop: Callable[[str], Said], frame: Frame, core: str, name: str
) -> None:
    there: Any = ask(name, "read").json()
    here: Any = desktop("read").json()
    assert [d["digit"] for d in there["digits"]] == [d["digit"] for d in here["digits"]]
    assert [r["text"] for r in there["readings"]] == [r["text"] for r in here["readings"]]
    theirs, ours = (np.array([d["box"] for d in told["digits"]]) for told in (there, here))
    assert np.abs(theirs - ours).max() <= BOX_PX
    assert sorted(d["digit"] for d in there["digits"]) == sorted(true.digit for true in frame.truth or ())


@pytest.mark.parametrize(("core", "name"), CORES.items())
def test_every_artifact_computes_the_desktops_logits(
    ask: Ask, desktop: Callable[[str], Said], core: str, name: str
) -> None:
    there: Any = ask(name, "logits").json()
    here: Any = desktop("logits").json()
    both = there.keys() & here.keys()
    assert len(both) == len(load_manifest(default_artifacts()).artifacts)  # each in the runtime of its format
    for net in both:
        expected = np.array(here[net]["logits"])
        precision = next(precision for precision in TOLERANCE if precision in net)
        limit = TOLERANCE[precision] * (here[net]["step"] or np.abs(expected).max())
        off = np.abs(np.array(there[net]["logits"]) - expected).max()
        assert off <= limit, f"{net} is off by {off:.3g} on {core}, {limit:.3g} allowed"
