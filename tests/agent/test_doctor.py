from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from agent.doctor import GET_ARTIFACTS, Check, examine

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

PI5 = {"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"}


def plant(root: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


def look(root: Path, artifacts: Path, answers: Mapping[str, str] | None = None) -> list[Check]:
    """The report on a machine under `root`, with a firmware that gives these answers."""

    def run_command(argv: Sequence[str]) -> str | None:
        return (answers or {}).get(" ".join(argv))

    environ = {"XDG_STATE_HOME": str(root / "state"), "XDG_CACHE_HOME": str(root / "cache")}
    return list(examine(root, artifacts, run_command, lambda _: None, environ))


@pytest.fixture
def artifacts(linear: Linear, tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    linear.write(folder, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    return folder


def test_a_board_where_all_is_well(artifacts: Path, tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            **PI5,
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "48300\n",
            "sys/class/video4linux/video0/name": "HD Pro Webcam C920\n",
            "sys/class/video4linux/video0/index": "0\n",
            "sys/class/video4linux/video1/name": "HD Pro Webcam C920\n",
            "sys/class/video4linux/video1/index": "1\n",
            "sys/class/video4linux/video19/name": "pispbe-input\n",
            "dev/video0": "",
        },
    )
    answers = {
        "vcgencmd get_throttled": "throttled=0x0\n",
        "vcgencmd pmic_read_adc": " VDD_CORE_A current(7)=1.5A\n VDD_CORE_V volt(15)=0.9V\n",
    }
    checks = {check.name: check for check in look(tmp_path, artifacts, answers)}
    assert "pi5" in checks["board"].what
    assert checks["artifacts"] == Check("artifacts", "ok", f"2 of 2 files are intact in {artifacts}")
    assert checks["ai-edge-litert"].state == "ok"
    assert "runs 1 file rightly" in checks["ai-edge-litert"].what
    assert checks["camera video0"] == Check("camera video0", "ok", "HD Pro Webcam C920", "digit-agent run --camera 0")
    assert [name for name in checks if name.startswith("camera")] == ["camera video0"]
    assert checks["temperature"] == Check("temperature", "ok", "48 °C")
    assert checks["throttling"].state == "ok"
    assert checks["log"].state == "ok"
    assert not [check for check in checks.values() if check.state in {"warn", "fail"}]


THROTTLED = "vcgencmd get_throttled"
NODE = "sys/class/video4linux/video3/name"
ZONE = "sys/class/thermal/thermal_zone0"


@pytest.mark.parametrize(
    ("files", "answers", "expected"),
    [
        ({}, {}, ("camera", "none", "--source demo:")),
        ({NODE: "USB Camera"}, {}, ("camera video3", "cannot be opened", "usermod -aG video")),
        ({NODE: "rp1-cfe", "dev/video3": ""}, {}, ("camera video3", "picamera2 is missing", "apt install")),
        ({}, {THROTTLED: "throttled=0x50005"}, ("throttling", "now: under-voltage, throttled", "power supply")),
        ({}, {THROTTLED: "throttled=0x10000"}, ("throttling", "since the start: under-voltage", "power supply")),
        ({f"{ZONE}/type": "cpu-thermal", f"{ZONE}/temp": "91000"}, {}, ("temperature", "91 °C", "a fan")),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    tmp_path: Path, files: dict[str, str], answers: dict[str, str], expected: tuple[str, str, str]
) -> None:
    plant(tmp_path, {**PI5, **files})
    name, what, advice = expected
    (check,) = (check for check in look(tmp_path, tmp_path, answers) if check.name == name)
    assert check.state == "warn"
    assert what in check.what
    assert advice in check.advice


def test_a_damaged_file_is_told_and_the_others_are_tried(artifacts: Path, tmp_path: Path) -> None:
    (artifacts / "linear.onnx").write_bytes(b"something else")
    plant(tmp_path, PI5)
    checks = look(tmp_path, artifacts)
    assert [(c.state, c.advice) for c in checks if c.name == "artifacts"] == [
        ("ok", ""),
        ("warn", "copy the artifacts again"),
    ]
    assert next(c for c in checks if c.name == "onnxruntime").state == "none"


def test_where_every_file_is_damaged_one_line_says_so(artifacts: Path, tmp_path: Path) -> None:
    for name in ("linear.onnx", "linear.tflite"):
        (artifacts / name).write_bytes(b"something else")
    plant(tmp_path, PI5)
    (failed,) = (check for check in look(tmp_path, artifacts) if check.state == "fail")
    assert (failed.name, failed.advice) == ("artifacts", "copy the artifacts again")
    assert failed.what.startswith(f"no file of {artifacts} is intact: ")


def test_a_file_that_computes_wrongly_is_told(linear: Linear, tmp_path: Path) -> None:
    golden = linear.artifact("linear.tflite").golden
    lies = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    row = linear.artifact("linear.tflite", golden=lies)
    linear.write(tmp_path / "artifacts", row, linear.artifact("linear-int8.tflite"))
    plant(tmp_path, PI5)
    (check,) = (check for check in look(tmp_path, tmp_path / "artifacts") if check.name == "ai-edge-litert")
    assert check.state == "warn"
    assert "runs 1 file rightly; linear.tflite on ai-edge-litert: linear.tflite computes other logits" in check.what
    assert "convert it again" in check.advice


def test_below_the_accuracy_floor_nothing_would_be_chosen(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("linear.tflite", accuracy=None))
    plant(tmp_path, PI5)
    (failed,) = (check for check in look(tmp_path, tmp_path) if check.state == "fail")
    assert "its accuracy was not measured" in failed.what
    assert failed.advice == "convert it again with --data"


def test_a_verifier_alone_reads_nothing(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("verifier.tflite"))
    plant(tmp_path, PI5)
    checks = look(tmp_path, tmp_path)
    assert "runs 1 file rightly" in next(check.what for check in checks if check.name == "ai-edge-litert")
    (failed,) = (check for check in checks if check.state == "fail")
    assert (failed.name, failed.what) == ("runtimes", "none of them runs any of the classifiers")
    assert failed.advice == GET_ARTIFACTS


@pytest.mark.parametrize("manifest", [None, b"{", b'{"schema": 1, "target": "pi5", "artifacts": []}'])
def test_without_a_net_the_main_job_fails(tmp_path: Path, manifest: bytes | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_bytes(manifest)
    plant(tmp_path, PI5)
    failed = [check for check in look(tmp_path, tmp_path) if check.state == "fail"]
    assert failed
    assert all(check.advice for check in failed)


def test_folders_that_cannot_be_made_are_told(artifacts: Path, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    checks = {check.name: check for check in look(tmp_path, artifacts)}
    assert checks["log"].state == "warn"
    assert "no run can be logged" in checks["log"].what
    assert checks["cache"].state == "ok"
