"""A verifier's run, as a user starts it, on digits of a vector font that pose as MNIST."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agent.vision.glyph import normalise
from converters.checkpoint import load
from converters.report.log import read
from converters.train.dataset import HELD_OUT

if TYPE_CHECKING:
    from tests.converters.conftest import WriteMnist

RECIPE = Path(__file__).with_name("tiny_verifier.toml")
DIGITS = np.arange(80, dtype=np.uint8) % 10
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # whatever started the tests ignores
    "from converters.cli import main; main()"
)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
"""One thread: two that wait for each other take minutes where others use the cores."""


@pytest.fixture(scope="module")
def glyphs() -> NDArray[np.uint8]:
    """Each digit with eight pens."""
    return np.stack([draw(int(digit), 3 + i // 10) for i, digit in enumerate(DIGITS)])


def draw(digit: int, thickness: int) -> NDArray[np.uint8]:
    canvas = np.zeros((120, 120), np.uint8)
    cv2.putText(canvas, str(digit), (30, 90), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, thickness, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect(canvas)
    return normalise(canvas[y : y + h, x : x + w])


@pytest.fixture(scope="module")
def data(glyphs: NDArray[np.uint8], write_mnist: WriteMnist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MNIST's training files, a few images beside those held out, and no test files."""
    folder = tmp_path_factory.mktemp("data")
    count = HELD_OUT + len(glyphs)
    write_mnist(folder, "train", np.resize(glyphs, (count, 28, 28)), np.resize(DIGITS, count))
    return folder


def command(data: Path, out: Path) -> list[str]:
    argv = ["train", "--data", str(data), "--recipe", str(RECIPE), "--seed", "5", "--out", str(out)]
    return [sys.executable, "-c", PROGRAM, *argv, "--log", str(out.with_suffix(".jsonl"))]


def train(data: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(data, out), capture_output=True, text=True, check=False, env=ENVIRONMENT)


@dataclass(frozen=True)
class Trained:
    """A whole run, whose exports could not be measured for want of test images."""

    done: subprocess.CompletedProcess[str]
    out: Path


@pytest.fixture(scope="module")
def unmeasured(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    out = tmp_path_factory.mktemp("runs") / "net.pt"
    return Trained(train(data, out), out)


def test_an_interrupted_run_goes_on_to_the_same_weights(unmeasured: Trained, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.pt"
    with subprocess.Popen(command(data, out), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        assert child.stderr is not None
        assert child.stderr.readline().startswith("epoch 1/2: loss ")
        child.send_signal(signal.SIGINT)
        assert child.stderr.read() == ""
    assert child.returncode == 130
    assert not out.exists()

    assert train(data, out).stderr.startswith("epoch 2/2: loss ")
    resumed, whole = load(out), load(unmeasured.out)
    assert resumed.ranges == whole.ranges
    for name, weights in whole.state.items():
        assert torch.equal(resumed.state[name], weights), name


def test_weights_outlive_a_failure_to_measure_them_and_are_not_learnt_again(unmeasured: Trained, data: Path) -> None:
    done, out = unmeasured.done, unmeasured.out
    assert (done.returncode, done.stdout) == (1, "")
    first, second, saved, complaint = done.stderr.splitlines()
    assert first.startswith("epoch 1/2: loss ")
    assert second.startswith("epoch 2/2: loss ")
    assert saved.startswith(f"wrote {out}; measuring")
    assert complaint.startswith("digit-convert: no t10k-images-idx3-ubyte.gz in ")
    whole = load(out)
    assert (whole.net, whole.recipe, whole.seed, whole.accuracy) == ("verifier", "tiny-verifier", 5, {})

    assert train(data, out).stderr.splitlines() == [saved, complaint]
    again = load(out)
    assert all(torch.equal(again.state[name], weights) for name, weights in whole.state.items())
    assert len(out.with_suffix(".jsonl").read_text().splitlines()) == 2, "a line each time"
    (entry,) = read(out.with_suffix(".jsonl"))
    assert [step.do for step in entry.steps] == ["fit"]
    assert entry.exports == ()


@pytest.mark.parametrize(
    ("option", "told"), [("--out", "is a folder; name a file"), ("--pictures", "truth.json cannot be read")]
)
def test_what_is_wrong_is_told_before_the_work_begins(option: str, told: str, data: Path, tmp_path: Path) -> None:
    endless = tmp_path / "endless.toml"
    endless.write_text(RECIPE.read_text().replace("scenes_drawn = 2", "scenes_drawn = 1_000_000"))
    argv = [*command(data, tmp_path / "net.pt"), "--recipe", str(endless), option, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=60)
    (complaint,) = done.stderr.splitlines()
    assert complaint.startswith("digit-convert: ")
    assert told in complaint


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1, 2], protocol=2)], ids=["empty", "text", "list"])
def test_a_state_that_is_damaged_is_told_with_the_way_out(content: bytes, data: Path, tmp_path: Path) -> None:
    (tmp_path / "net.state").write_bytes(content)
    (complaint,) = train(data, tmp_path / "net.pt").stderr.splitlines()
    assert complaint.startswith(f"digit-convert: {tmp_path}/net.state cannot be resumed from (")
    assert complaint.endswith(f"; remove {tmp_path}/net.state to start from nothing")
