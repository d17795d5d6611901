from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

pytestmark = pytest.mark.slow

AGENT = (sys.executable, "-c", "from agent.cli import main; main()")


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AGENT, "doctor", *arguments], capture_output=True, text=True, check=False)


def test_machine_that_works(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("linear.tflite"), linear.artifact("linear-int8.onnx"))
    done = doctor("--artifacts", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["works"] is True
    assert report["roles"] == {"classifier": True}
    states = {check["name"]: check["state"] for check in report["checks"]}
    assert (states["board"], states["artifacts"], states["ai-edge-litert"]) == ("ok", "ok", "ok")

    table = doctor("--artifacts", str(tmp_path))
    assert table.returncode == 0
    assert "runs 1 file correctly" in table.stdout
    assert table.stderr == ""


def test_machine_that_cannot_read_digits(tmp_path: Path) -> None:
    done = doctor("--artifacts", str(tmp_path), "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["works"], report["roles"]) == (False, {"classifier": False})
    assert done.stderr == ""


def test_a_mistake_in_the_configuration_is_reported_and_the_other_checks_run(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("widht = 3\n")
    done = doctor("--config", str(file), "--artifacts", str(tmp_path), "--json")
    assert done.returncode == 1
    first, *others = json.loads(done.stdout)["checks"]
    expected = {"what": f"{file}:1: there is no option 'widht'", "advice": "did you mean width?"}
    assert first == {"name": "configuration", "state": "fail", **expected}
    assert {"board", "log"} < {check["name"] for check in others}


def test_configuration_names_the_artifacts(tmp_path: Path) -> None:
    (tmp_path / "etc/digit-agent").mkdir(parents=True)
    (tmp_path / "etc/digit-agent/config.toml").write_text('artifacts = "here"\n')
    done = doctor("--root", str(tmp_path), "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["configuration"]["what"] == f"{tmp_path}/etc/digit-agent/config.toml"
    assert checks["artifacts"]["what"] == f"no manifest.json in {tmp_path}/etc/digit-agent/here"


def test_help_has_an_example() -> None:
    assert "digit-agent doctor" in doctor("--help").stdout
