from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

pytestmark = pytest.mark.slow

AGENT = (sys.executable, "-c", "from agent.cli import main; main()")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AGENT, "bench", *arguments], capture_output=True, text=True, check=False)


def test_every_artifact_is_measured_and_the_winner_is_marked(linear: Linear, tmp_path: Path) -> None:
    good = linear.artifact("linear.onnx")
    assert good.accuracy is not None
    poor = linear.artifact("linear-int8.onnx", accuracy=msgspec.structs.replace(good.accuracy, value=0.9))
    verifier = linear.artifact("verifier-int8.onnx", accuracy=None)
    linear.write(tmp_path, linear.artifact("slow.onnx"), good, poor, linear.artifact("single.onnx"), verifier)
    done = bench("--artifacts", str(tmp_path), "--batch", "1,16", "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    rows = report["measured"]
    classifiers = [row["file"] for row in rows if row["role"] == "classifier"]
    assert set(classifiers) == {"linear.onnx", "linear-int8.onnx", "slow.onnx"}
    assert {row["file"] for row in rows if row["role"] == "verifier"} == {"verifier-int8.onnx"}
    winner, of_verifiers = (row for row in rows if row["winner"])
    assert (winner["file"], of_verifiers["file"]) == ("linear.onnx", "verifier-int8.onnx")
    assert report["reasons"]["classifier"].startswith("linear fp32 ONNX on onnxruntime")
    assert report["reasons"]["verifier"].startswith("linear int8 ONNX on onnxruntime")
    assert [timing["batch"] for timing in winner["timings"]] == [1, 16]
    for row in rows:
        for t in row["timings"]:
            assert 0 < t["p50_us_per_digit"] <= t["p95_us_per_digit"] <= t["p99_us_per_digit"]
            assert min(t["first_us_per_digit"], t["warm_us_per_digit"]) > 0
        assert row["bytes"] == len(linear.files[row["file"]])
        assert row["cold_ms"] > 0
        assert 1e6 < row["resident_bytes"] < 1e9, "a runtime takes megabytes"
        assert row["spread"] >= 0
    assert any("single.onnx" in refusal["what"] for refusal in report["refused"])


def test_the_table_names_the_best_and_the_result_can_be_saved_and_plotted(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("linear.tflite"), linear.artifact("verifier.tflite"))
    save, plot = tmp_path / "kept" / "bench.json", tmp_path / "frontier.svg"
    done = bench(
        *("--artifacts", str(tmp_path), "--batch", "1", "--seconds", "0"),
        *("--save", str(save), "--plot", str(plot), "--objective", "size"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("batch") == 2
    assert "best verifier: linear fp32 TFLite on " in done.stdout
    text = " ".join(done.stdout.split())
    # Two runtimes load the file, with one or more threads. Their times decide, except on a busy machine.
    reason = (
        r"(\d+\.?\d* kB|first of [2-4] in the profile's order, because their difference is not significant "
        r"\(.*?\)), "
    )
    assert re.search(rf"best classifier: linear fp32 TFLite on (ai-edge-litert|tflite-runtime).*?: {reason}", text)
    assert all(line.startswith("measuring: ") for line in done.stderr.splitlines())
    assert done.stdout.startswith("best classifier: "), "the answer comes before the table"
    kept = json.loads(save.read_text())
    assert kept["objective"] == "size"
    assert kept["machine"]["board"] == "generic-x86" or platform.machine() != "x86_64"
    assert kept["machine"]["kernel"].endswith(f"{platform.release()} {platform.machine()}")
    assert kept["machine"]["versions"]["numpy"] == np.__version__
    assert kept["before"]["at"] <= kept["after"]["at"]
    assert {"governors", "temperature_c", "load"} <= kept["before"].keys()
    root = ET.parse(plot).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_table_is_shown_even_if_nothing_is_accurate_enough(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path, linear.artifact("linear.tflite"))
    done = bench("--artifacts", str(tmp_path), "--batch", "1", "--seconds", "0", "--min-accuracy", "0.999")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "no classifier is good enough: linear.tflite: 99.50% right on noise is below the 99.9%" in text
    assert "linear fp32" in text
    assert "▶" not in text


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--batch", "0"), 2, "--batch '0' is not a list of numbers"),
        (("--batch", "1,257"), 2, "--batch '1,257' is not a list of numbers from 1 to 256"),
        (("--objective", "speed"), 2, "choose one of latency, energy, size, accuracy"),
        (("--batch", "many"), 2, "--batch 'many' is not a list of numbers"),
        (("--artifacts", "/nonexistent"), 1, "no manifest.json in /nonexistent"),
    ],
)
def test_errors_are_one_line(arguments: tuple[str, ...], code: int, message: str) -> None:
    done = bench(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
