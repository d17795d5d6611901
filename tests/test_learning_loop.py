"""The whole loop: a strange hand is read badly, corrected on the web page, and read better after a deployment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import cv2
import msgspec
import pytest

from agent import Reader
from agent.learn.learn import is_right
from agent.paths import default_artifacts, shipped_artifacts
from agent.telemetry.report import open_log
from converters.adapt.adapt import adapt
from profiles.profile import ArtifactKind, load_profile
from tests.agent.cli.test_web import free_port, is_up, started
from tests.agent.learn.strange_hand import write_number
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="DIGIT_DATA_DIR names no folder with MNIST"),
]

NUMBERS = 24
QUERY = "SELECT readings.id, coalesce(readings.source, frame_source), text FROM readings JOIN runs ON runs.id = run"
BOARD = msgspec.structs.replace(load_profile("generic-x86"), artifacts=(ArtifactKind(format="onnx", precision="int8"),))
TIMEOUT_S = 600


def command(name: str, *arguments: str | Path) -> str:
    """Run one of the commands, and return what it printed."""
    program = str(Path(sys.executable).with_name(name))
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def correct_all(log: Path, folder: Path) -> int:
    """Correct every reading of a log on its web page, and return how many were wrong."""
    with open_log(log) as connection:
        readings = connection.execute(QUERY).fetchall()
    port, wrong = free_port(), 0
    with started(folder, "web", "--log", str(log), "--bind", str(port)):
        wait_until(lambda: is_up(port))
        origin = f"http://127.0.0.1:{port}"
        for reading, source, text in readings:
            truth = write_number(int(Path(source).stem)).text
            wrong += text != truth
            body = json.dumps({"reading": reading, "verdict": "number", "text": truth}).encode()
            with urlopen(Request(f"{origin}/api/v1/corrections", body, {"Origin": origin}), timeout=60) as answer:
                assert answer.status == 201
    return wrong


def test_corrections_become_better_readings_and_can_be_rolled_back(tmp_path: Path) -> None:
    pictures, log, out, root = tmp_path / "pictures", tmp_path / "agent.db", tmp_path / "adapted", tmp_path / "root"
    pictures.mkdir()
    for seed in range(NUMBERS):
        cv2.imwrite(str(pictures / f"{seed:03}.png"), write_number(seed).image)
    command("digit-agent", "run", "--source", pictures, "--log", log, "--keep-pictures", "all", "--no-dashboard")
    assert correct_all(log, tmp_path) > 3
    command("digit-agent", "corrections", "export", tmp_path / "corrections", "--log", log)
    adapted = adapt(
        [tmp_path / "corrections"],
        out,
        shipped=shipped_artifacts(),
        profiles=[BOARD],
        data=Path(os.environ["DIGIT_DATA_DIR"]),
        progress=lambda _: None,
    )
    assert adapted.cross_validated.right_after > adapted.cross_validated.right_before
    assert adapted.drawn.right_after >= adapted.drawn.right_before - 1
    assert all(before - after <= 0.001 for before, after in adapted.mnist.values())
    assert {path.name for path in out.iterdir()} == {"checkpoints", "page.html", BOARD.name}
    assert '<td class="right">' in (out / "page.html").read_text()

    key = tmp_path / "my.key"
    board = [f"--root={root}", "--restart=true", "--frames=0"]
    command("digit-deploy", "keygen", key)
    for version, artifacts in (("1.0", shipped_artifacts()), ("1.1", out / BOARD.name)):
        bundle = tmp_path / f"{version}.bundle"
        command("digit-deploy", "bundle", artifacts, "--key", key, "--version", version, "--out", bundle)
        command("digit-deploy", "install", bundle, f"--public-key={key.with_suffix('.pub')}", "--check=true", *board)
    unseen = [write_number(seed) for seed in range(1000, 1020)]

    def right() -> int:
        reader = Reader(default_artifacts(root))
        return sum(is_right(reader.read(one.image), one) for one in unseen)

    after = right()
    command("digit-deploy", "rollback", *board)
    assert after >= right() + 3
