from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

AGENT = (sys.executable, "-c", "from agent.cli import main; main()")


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AGENT, "doctor", *arguments], capture_output=True, text=True, check=False)


def test_a_machine_that_works(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("linear.tflite"), linear.artifact("linear-int8.onnx"))
    done = doctor("--artifacts", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["works"] is True
    states = {check["name"]: check["state"] for check in report["checks"]}
    assert (states["board"], states["artifacts"], states["ai-edge-litert"]) == ("ok", "ok", "ok")

    table = doctor("--artifacts", str(tmp_path))
    assert table.returncode == 0
    assert "runs 1 file rightly" in table.stdout
    assert table.stderr == ""


def test_a_machine_that_cannot_read_a_digit(tmp_path: Path) -> None:
    done = doctor("--artifacts", str(tmp_path), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["works"] is False
    assert done.stderr == ""


def test_help_teaches() -> None:
    assert "digit-agent doctor" in doctor("--help").stdout
