from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from agent.choice.learned import Adjustment, Learned, save_learned
from agent.doctor import REPLACE_ARTIFACTS, Check, Diagnosis, examine

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

PI5 = {"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"}


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


def diagnose(root: Path, artifacts: Path, answers: Mapping[str, str] | None = None) -> Diagnosis:
    """Examine a machine below `root`; `answers` are the outputs of its firmware's commands."""

    def run_command(argv: Sequence[str]) -> str | None:
        return (answers or {}).get(" ".join(argv))

    environ = {"XDG_STATE_HOME": str(root / "state"), "XDG_CACHE_HOME": str(root / "cache")}
    return examine(root, artifacts, run_command, lambda _: None, environ)


def checks_of(root: Path, artifacts: Path, answers: Mapping[str, str] | None = None) -> list[Check]:
    return list(diagnose(root, artifacts, answers).checks)


@pytest.fixture
def artifacts(linear: Linear, tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    linear.write(folder, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    return folder


@pytest.mark.slow
def test_board_without_problems(artifacts: Path, tmp_path: Path) -> None:
    write(
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
    checks = {check.name: check for check in checks_of(tmp_path, artifacts, answers)}
    assert "pi5" in checks["board"].what
    assert checks["artifacts"] == Check("artifacts", "ok", f"2 of 2 files are intact in {artifacts}")
    assert checks["ai-edge-litert"].state == "ok"
    assert "runs 1 file correctly" in checks["ai-edge-litert"].what
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
def test_problem_comes_with_advice(
    tmp_path: Path, files: dict[str, str], answers: dict[str, str], expected: tuple[str, str, str]
) -> None:
    write(tmp_path, {**PI5, **files})
    name, what, advice = expected
    (check,) = (check for check in checks_of(tmp_path, tmp_path, answers) if check.name == name)
    assert check.state == "warn"
    assert what in check.what
    assert advice in check.advice


@pytest.mark.slow
def test_damaged_file_gives_a_warning_and_the_others_are_tried(artifacts: Path, tmp_path: Path) -> None:
    (artifacts / "linear.onnx").write_bytes(b"something else")
    write(tmp_path, PI5)
    checks = checks_of(tmp_path, artifacts)
    assert [(c.state, c.advice) for c in checks if c.name == "artifacts"] == [
        ("ok", ""),
        ("warn", "copy the artifacts again"),
    ]
    assert next(c for c in checks if c.name == "onnxruntime").state == "none"


def test_only_one_check_fails_if_every_file_is_damaged(artifacts: Path, tmp_path: Path) -> None:
    for name in ("linear.onnx", "linear.tflite"):
        (artifacts / name).write_bytes(b"something else")
    write(tmp_path, PI5)
    (failed,) = (check for check in checks_of(tmp_path, artifacts) if check.state == "fail")
    assert (failed.name, failed.advice) == ("artifacts", "copy the artifacts again")
    assert failed.what.startswith(f"no file of {artifacts} is intact: ")


@pytest.mark.slow
def test_file_that_computes_other_logits_gives_a_warning(linear: Linear, tmp_path: Path) -> None:
    golden = linear.artifact("linear.tflite").golden
    wrong = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    row = linear.artifact("linear.tflite", golden=wrong)
    linear.write(tmp_path / "artifacts", row, linear.artifact("linear-int8.tflite"))
    write(tmp_path, PI5)
    (check,) = (check for check in checks_of(tmp_path, tmp_path / "artifacts") if check.name == "ai-edge-litert")
    assert check.state == "warn"
    assert "runs 1 file correctly; linear.tflite on ai-edge-litert: linear.tflite computes other logits" in check.what
    assert "convert it again" in check.advice


@pytest.mark.slow
def test_inaccurate_classifier_fails(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("linear.tflite", accuracy=None))
    write(tmp_path, PI5)
    (failed,) = (check for check in checks_of(tmp_path, tmp_path) if check.state == "fail")
    assert "its accuracy was not measured" in failed.what
    assert failed.advice == "convert it again with --data"


@pytest.mark.slow
def test_verifier_without_classifier_fails(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("verifier.tflite"))
    write(tmp_path, PI5)
    checks = checks_of(tmp_path, tmp_path)
    assert "runs 1 file correctly" in next(check.what for check in checks if check.name == "ai-edge-litert")
    (failed,) = (check for check in checks if check.state == "fail")
    assert (failed.name, failed.what) == ("runtimes", "no classifier works on any runtime")
    assert failed.advice == REPLACE_ARTIFACTS


@pytest.mark.parametrize("manifest", [None, b"{", b'{"schema": 1, "target": "pi5", "artifacts": []}'])
def test_folder_without_artifacts_fails(tmp_path: Path, manifest: bytes | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_bytes(manifest)
    write(tmp_path, PI5)
    failed = [check for check in checks_of(tmp_path, tmp_path) if check.state == "fail"]
    assert failed
    assert all(check.advice for check in failed)


@pytest.mark.slow
def test_folder_that_cannot_be_created_gives_a_warning(artifacts: Path, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    checks = {check.name: check for check in checks_of(tmp_path, artifacts)}
    assert checks["log"].state == "warn"
    assert "no run can be logged" in checks["log"].what
    assert checks["cache"].state == "ok"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear.onnx", "ok: from 50 corrections, of which 40 were read right before and 47 now"),
        ("verifier.tflite", "warn: what was learned for nano is not used: these nets are not in"),
    ],
)
def test_what_was_learned_is_shown(linear: Linear, artifacts: Path, tmp_path: Path, name: str, expected: str) -> None:
    adjustment = Adjustment(tier="nano", files=(linear.artifact(name).sha256,), matrix=((1.0,), (0.0,)))
    learned = Learned(corrections=50, right_before=40, right_after=47, adjustments={"classifier": adjustment})
    save_learned(tmp_path / "state" / "digit-agent" / "learned.json", learned)
    check = next(check for check in checks_of(tmp_path, artifacts) if check.name == "learned")
    assert f"{check.state}: {check.what}".startswith(expected)


@pytest.mark.slow
def test_roles_say_which_role_has_a_working_and_accurate_artifact(linear: Linear, tmp_path: Path) -> None:
    write(tmp_path, PI5)
    golden = linear.artifact("verifier.tflite").golden
    wrong = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    linear.write(tmp_path, linear.artifact("linear.tflite"), linear.artifact("verifier.tflite", golden=wrong))
    assert diagnose(tmp_path, tmp_path).roles == {"classifier": True, "verifier": False}
    inaccurate = linear.artifact("linear.tflite", accuracy=None)
    linear.write(tmp_path, inaccurate, linear.artifact("verifier.tflite"), linear.artifact("recogniser.tflite"))
    assert diagnose(tmp_path, tmp_path).roles == {"classifier": False, "recogniser": True, "verifier": True}
