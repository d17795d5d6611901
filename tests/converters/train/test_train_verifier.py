"""Training of a verifier with `digit-convert train`, with digits of a vector font instead of MNIST."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agent.vision.glyph import normalise
from converters.checkpoint import SHIPPED, load, restore
from converters.export.golden import golden_inputs
from converters.nets.tensors import to_input
from converters.report.log import read_log
from converters.train.dataset import HELD_OUT
from tests.converters.train.program import ENVIRONMENT, PROGRAM, epoch_lines, read_until

if TYPE_CHECKING:
    from tests.converters.conftest import WriteMnist

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).with_name("tiny_verifier.toml")
DIGITS = np.arange(80, dtype=np.uint8) % 10


@pytest.fixture(scope="module")
def glyphs() -> NDArray[np.uint8]:
    """Draw each digit with eight stroke widths."""
    return np.stack([draw(int(digit), 3 + i // 10) for i, digit in enumerate(DIGITS)])


def draw(digit: int, thickness: int) -> NDArray[np.uint8]:
    canvas = np.zeros((120, 120), np.uint8)
    cv2.putText(canvas, str(digit), (30, 90), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, thickness, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect(canvas)
    return normalise(canvas[y : y + h, x : x + w])


@pytest.fixture(scope="module")
def data(glyphs: NDArray[np.uint8], write_mnist: WriteMnist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write MNIST's training files with a few images in addition to the held-out ones, and no test files."""
    folder = tmp_path_factory.mktemp("data")
    count = HELD_OUT + len(glyphs)
    write_mnist(folder, "train", np.resize(glyphs, (count, 28, 28)), np.resize(DIGITS, count))
    return folder


def command(data: Path, out: Path, recipe: Path = RECIPE) -> list[str]:
    argv = ["train", "--data", str(data), "--recipe", str(recipe), "--seed", "5", "--out", str(out)]
    return [sys.executable, "-c", PROGRAM, *argv, "--log", str(out.with_suffix(".jsonl"))]


def train(data: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(data, out), capture_output=True, text=True, check=False, env=ENVIRONMENT)


@dataclass(frozen=True)
class UnmeasuredRun:
    """A finished run whose exports were not measured, because there are no test images."""

    done: subprocess.CompletedProcess[str]
    out: Path


@pytest.fixture(scope="module")
def unmeasured(data: Path, tmp_path_factory: pytest.TempPathFactory) -> UnmeasuredRun:
    out = tmp_path_factory.mktemp("runs") / "net.pt"
    return UnmeasuredRun(train(data, out), out)


def test_an_interrupted_run_resumes_to_the_same_weights(unmeasured: UnmeasuredRun, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.pt"
    with subprocess.Popen(command(data, out), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        assert child.stderr is not None
        read_until(child.stderr, "epoch 1/2: loss ")
        child.send_signal(signal.SIGINT)
        state = out.with_suffix(".state")
        expected = f"interrupted; the same command goes on after the last epoch in {state}\n"
        assert child.stderr.read().endswith(expected)
    assert child.returncode == 130
    assert not out.exists()

    (last_epoch,) = epoch_lines(train(data, out).stderr)
    assert last_epoch.startswith("epoch 2/2: loss ")
    resumed, uninterrupted = load(out), load(unmeasured.out)
    assert resumed.ranges == uninterrupted.ranges
    for name, weights in uninterrupted.state.items():
        assert torch.equal(resumed.state[name], weights), name


def test_an_interrupted_preparation_goes_on_with_what_is_kept(data: Path, tmp_path: Path) -> None:
    recipe, out = tmp_path / "more.toml", tmp_path / "net.pt"
    recipe.write_text(RECIPE.read_text().replace("rendered_scenes = 2", "rendered_scenes = 40"))
    argv = [*command(data, out), "--recipe", str(recipe)]
    prepared = out.with_suffix(".prepared")
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True) as child:
        assert child.stderr is not None
        assert read_until(child.stderr, "rendering scenes") == "rendering scenes: 0 of 40\n"
        while not any(prepared.glob("*.part")):  # pytest's own timeout ends this
            time.sleep(0.05)
        os.killpg(child.pid, signal.SIGINT)  # as Ctrl-C does: the processes that render get it, too
        *_, last = child.stderr.read().splitlines()
        assert last == f"interrupted; the same command goes on with the examples in {prepared}"
    assert child.returncode == 130
    kept = {path: path.stat().st_mtime_ns for path in prepared.glob("*.part")}
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True) as child:
        assert child.stderr is not None
        line = read_until(child.stderr, "rendering scenes")
        assert line == f"rendering scenes: {8 * len(kept)} of 40\n"
        read_until(child.stderr, "training batches")
        os.killpg(child.pid, signal.SIGINT)
        child.stderr.read()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "kept parts are not made again"


def test_weights_are_kept_if_they_cannot_be_measured(unmeasured: UnmeasuredRun, data: Path) -> None:
    done, out = unmeasured.done, unmeasured.out
    assert (done.returncode, done.stdout) == (1, "")
    assert len(epoch_lines(done.stderr)) == 2
    saved, message = done.stderr.splitlines()[-2:]
    assert saved.startswith(f"wrote {out}; measuring")
    assert message.startswith("digit-convert: no t10k-images-idx3-ubyte.gz in ")
    before = load(out)
    assert (before.net, before.recipe, before.seed, before.accuracy) == ("verifier", "tiny-verifier", 5, {})

    again = train(data, out).stderr.splitlines()
    assert again == [
        "preparing the training data",
        "rendering scenes: 2 of 2",
        "rendering held-out scenes: 2 of 2",
        saved,
        message,
    ]
    after = load(out)
    assert all(torch.equal(after.state[name], weights) for name, weights in before.state.items())
    assert len(out.with_suffix(".jsonl").read_text().splitlines()) == 2, "one line for each command"
    (entry,) = read_log(out.with_suffix(".jsonl"))
    assert [step.do for step in entry.steps] == ["fit"]
    assert entry.exports == ()


@pytest.mark.parametrize(
    ("option", "expected"), [("--out", "is a folder; name a file"), ("--pictures", "truth.json cannot be read")]
)
def test_wrong_options_are_reported_before_rendering(option: str, expected: str, data: Path, tmp_path: Path) -> None:
    endless = tmp_path / "endless.toml"
    endless.write_text(RECIPE.read_text().replace("rendered_scenes = 2", "rendered_scenes = 1_000_000"))
    argv = [*command(data, tmp_path / "net.pt"), "--recipe", str(endless), option, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=180)
    message = done.stderr.splitlines()[-1]
    assert "rendering" not in done.stderr
    assert message.startswith("digit-convert: ")
    assert expected in message


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1, 2], protocol=2)], ids=["empty", "text", "list"])
def test_a_damaged_state_file_is_refused_with_advice(content: bytes, data: Path, tmp_path: Path) -> None:
    (tmp_path / "net.state").write_bytes(content)
    message = train(data, tmp_path / "net.pt").stderr.splitlines()[-1]
    assert message.startswith(f"digit-convert: {tmp_path}/net.state cannot be resumed from (")
    assert message.endswith(f"; remove {tmp_path}/net.state to start again")


def test_a_verifier_can_continue_the_one_that_ships_with_pen_strokes(
    data: Path, handwriting: Path, tmp_path: Path
) -> None:
    text = RECIPE.read_text().replace('net = "verifier"', 'net = "verifier"\nstart_from = "verifier"')
    recipe, out = tmp_path / "more.toml", tmp_path / "net.pt"
    recipe.write_text(text.replace("learning_rate = 4e-3", "learning_rate = 1e-7"))
    subprocess.run([*command(data, out, recipe), "--handwriting", str(handwriting)], check=False, env=ENVIRONMENT)
    shipped = next(file for file in SHIPPED if file.stem == "verifier")
    inputs = to_input(golden_inputs("verifier"))
    before, after = (restore(load(file))(inputs).argmax(dim=1) for file in (shipped, out))
    assert (after == before).float().mean() > 0.8  # a net with random weights agrees in a tenth of them
    (entry,) = read_log(tmp_path / "net.jsonl")
    assert "pen strokes" in entry.data
