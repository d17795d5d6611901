"""Training of a line recogniser with `digit-convert train`, with zigzags for pen strokes and few digits for MNIST."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch

from agent.vision.line_text import BLANK, CHARACTERS, LETTERS, LINE_CLASSES
from converters.checkpoint import Checkpoint, load, restore, save
from converters.data.labelled import LabelledImages
from converters.data.strips.compose import load_writing
from converters.data.strips.real import RealStrip
from converters.export.golden import golden_inputs
from converters.nets import build_net
from converters.recipe import RecogniserRecipe, load_recipe
from converters.report.log import read_log
from converters.train.dataset import HELD_OUT, Sources
from converters.train.phase import Phase, ignore_phase
from converters.train.prepare import Preparation
from converters.train.strip_batches import (
    LabelledStrip,
    StripBatch,
    StripSources,
    epochs_ahead,
    make_batches,
    to_batches,
)
from converters.train.strips import load_strips
from converters.train.train_recogniser import _to_device, ctc_loss, exact_share
from profiles.errors import UsageError
from tests.converters.train.program import ENVIRONMENT, PROGRAM, epoch_lines, read_until

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from tests.converters.conftest import WriteMnist

RECIPE = Path(__file__).with_name("tiny_recogniser.toml")
ONLY_DIGITS, WITH_SIGNS, ALL = 10, CHARACTERS.index(LETTERS), BLANK
"""Numbers of classes that the text of a strip covers."""
DIGITS = LabelledImages(golden_inputs("classifier")[:10], np.arange(10))


@pytest.fixture(scope="module")
def recipe() -> RecogniserRecipe:
    loaded = load_recipe(str(RECIPE))
    assert isinstance(loaded, RecogniserRecipe)
    return loaded


@pytest.fixture(scope="module")
def data(write_mnist: WriteMnist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write MNIST's training files with a few images in addition to the held-out ones, and no test files."""
    folder = tmp_path_factory.mktemp("data")
    count = HELD_OUT + 80
    write_mnist(folder, "train", np.resize(DIGITS.images, (count, 28, 28)), np.arange(count, dtype=np.uint8) % 10)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder with twelve pictures of one number, and one of two."""
    folder = tmp_path_factory.mktemp("pictures")
    truth: dict[str, object] = {}
    for number in range(13):
        image = np.full((90, 200, 3), 230, np.uint8)
        for index, digit in enumerate("47"):
            cv2.putText(image, digit, (50 + 50 * index, 65), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (60, 40, 40), 4)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        boxes = [[digit, 50 + 50 * index, 31, 32, 36] for index, digit in enumerate("47")]
        lines = ["47"] if number < 12 else ["4", "7"]
        truth[f"{number}.png"] = {"kind": "number", "lines": lines, "boxes": boxes}
    (folder / "truth.json").write_text(json.dumps(truth))
    return folder


def command(data: Path, handwriting: Path, pictures: Path, out: Path, recipe: Path = RECIPE) -> list[str]:
    argv = ["train", "--data", str(data), "--handwriting", str(handwriting), "--pictures", str(pictures)]
    argv += ["--recipe", str(recipe), "--seed", "5", "--out", str(out), "--log", str(out.with_suffix(".jsonl"))]
    return [sys.executable, "-c", PROGRAM, *argv]


def test_an_interrupted_run_resumes_to_the_same_weights(
    data: Path, handwriting: Path, pictures: Path, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole.pt", tmp_path / "net.pt"
    done = subprocess.run(
        command(data, handwriting, pictures, whole), capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert len(epoch_lines(done.stderr)) == 2
    saved, message = done.stderr.splitlines()[-2:]
    assert "rendering form fields: 0 of 3" in done.stderr
    assert "scenes" not in done.stderr, "none are rendered"
    assert saved.startswith(f"wrote {whole}; measuring")
    assert message.startswith("digit-convert: no t10k-images-idx3-ubyte.gz in ")
    checkpoint = load(whole)
    assert (checkpoint.net, checkpoint.recipe, checkpoint.seed) == ("recogniser", "tiny-recogniser", 5)
    assert checkpoint.ranges["strips"] == (0.0, 1.0)
    assert all(low <= 0 <= high for low, high in checkpoint.ranges.values())
    assert restore(checkpoint)(torch.zeros(1, 2, 32, 96)).shape == (1, LINE_CLASSES, 1, 48)
    (entry,) = read_log(whole.with_suffix(".jsonl"))
    assert [step.do for step in entry.steps] == ["fit"]
    assert "20% of real pictures, 20% of 3 form fields" in entry.data

    with subprocess.Popen(
        command(data, handwriting, pictures, out), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as child:
        assert child.stderr is not None
        read_until(child.stderr, "epoch 1/2: loss ")
        child.send_signal(signal.SIGINT)
        state = out.with_suffix(".state")
        expected = f"interrupted; the same command goes on after the last epoch in {state}\n"
        assert child.stderr.read().endswith(expected)
    assert child.returncode == 130
    again = subprocess.run(
        command(data, handwriting, pictures, out), capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    (last_epoch,) = epoch_lines(again.stderr)
    assert last_epoch.startswith("epoch 2/2: loss ")
    assert "rendering form fields: 3 of 3" in again.stderr, "the fields were kept"
    resumed = load(out)
    assert resumed.ranges == checkpoint.ranges
    for name, weights in checkpoint.state.items():
        assert torch.equal(resumed.state[name], weights), name


def test_a_recogniser_is_pruned_before_its_first_epoch_only(
    data: Path, handwriting: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "net.pt"
    argv = command(data, handwriting, pictures, out, RECIPE.with_name("tiny_pruned_recogniser.toml"))
    refused = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert "tiny-recogniser-5.pt to start from; run 'digit-convert train --recipe tiny-recogniser" in refused.stderr
    net = build_net("recogniser")
    save(Checkpoint("recogniser", net.state_dict(), {}, "tiny-recogniser", 5, {}), tmp_path / "tiny-recogniser-5.pt")
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        assert child.stderr is not None
        read_until(child.stderr, "comparing channels: ")
        read_until(child.stderr, "epoch 1/2: loss ")
        child.send_signal(signal.SIGINT)
    again = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert "epoch 2/2: loss " in again.stderr
    assert "comparing channels" not in again.stderr
    pruned = restore(load(out))
    removed = [
        len(a) - len(b)
        for a, b in zip(net.state_dict().values(), pruned.state_dict().values(), strict=True)
        if a.ndim == 4
    ]
    assert sum(removed) == 3
    (entry,) = read_log(out.with_suffix(".jsonl"))
    assert [step.do for step in entry.steps] == ["prune"]


def test_a_recogniser_needs_handwriting(recipe: RecogniserRecipe, data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tiny-recogniser draws lines from pen strokes; name their folder with --hand"):
        load_strips(recipe, Sources(data), 1, Preparation(tmp_path, ignore_phase))


def test_strips_of_pictures_and_fields_are_for_training_or_held_out(
    recipe: RecogniserRecipe, data: Path, handwriting: Path, pictures: Path, tmp_path: Path
) -> None:
    phases: list[Phase] = []
    preparation = Preparation(tmp_path, phases.append)
    sources, held_out = load_strips(recipe, Sources(data, (pictures,), None, handwriting), 1, preparation)
    assert Phase("rendering form fields", 3, 3) in phases
    assert len(sources.fields) == 2 * 3
    classes = np.concatenate([batch.classes for batch in held_out])
    assert np.count_nonzero(classes == ALL) == recipe.held_out_lines
    assert np.count_nonzero(classes == WITH_SIGNS) == recipe.held_out_fields
    held_out_pictures = np.count_nonzero(classes == ONLY_DIGITS)
    assert {strip.text for strip in sources.pictures} == {"47"}
    assert len(sources.pictures) // 2 + held_out_pictures == 12, "the picture of two lines is not used"
    assert held_out_pictures > 0
    assert all(batch.images.shape[1:3] == (2, 32) for batch in held_out)


def test_batches_have_strips_of_similar_widths() -> None:
    rng = np.random.default_rng(0)
    widths = [32 * int(n) for n in rng.integers(2, 8, 21)]
    strips = [
        LabelledStrip(np.full((2, 32, width), width // 32, np.uint8), str(width), width // 32) for width in widths
    ]
    batches = to_batches(strips, 8)
    assert [len(batch.texts) for batch in batches] == [8, 8, 5]
    assert [int(text) for batch in batches for text in batch.texts] == sorted(widths)
    for batch in batches:
        assert batch.images.shape == (len(batch.texts), 2, 32, int(batch.texts[-1]))
        for image, text, classes in zip(batch.images, batch.texts, batch.classes, strict=True):
            assert (image > 0).all(axis=(0, 1)).sum() == int(text), "narrow strips are continued with empty paper"
            assert classes == int(text) // 32


def test_strips_have_the_shares_of_the_recipe(recipe: RecogniserRecipe, handwriting: Path) -> None:
    real = RealStrip(np.full((2, 64, 256), 200, np.uint8), "12")
    writing = load_writing(handwriting, DIGITS, held_out=False)
    rng = np.random.default_rng(0)
    batches = make_batches(rng, StripSources(recipe, handwriting, DIGITS, [real], [real]), writing, 50)
    assert sum(len(batch.texts) for batch in batches) == 50 * 8
    classes = np.concatenate([batch.classes for batch in batches])
    assert np.mean(classes == ALL) == pytest.approx(0.6, abs=0.08)
    without = make_batches(rng, StripSources(recipe, handwriting, DIGITS, [], []), writing, 5)
    assert all((batch.classes == ALL).all() for batch in without)


def test_epochs_are_the_same_wherever_they_start(recipe: RecogniserRecipe, handwriting: Path) -> None:
    sources = StripSources(recipe, handwriting, DIGITS, [], [])
    first, second = epochs_ahead(sources, 3, range(2))
    (again,) = epochs_ahead(sources, 3, [1])
    assert len(first) == len(second) == recipe.batches_per_epoch
    assert [batch.texts for batch in again] == [batch.texts for batch in second]
    assert [batch.texts for batch in first] != [batch.texts for batch in second]
    for one, other in zip(second, again, strict=True):
        np.testing.assert_array_equal(one.images, other.images)


def says(text: str, steps: int = 16) -> torch.Tensor:
    """Return logits, (1, classes, 1, steps), that say each character in one step and blank in the other ones."""
    logits = torch.full((1, LINE_CLASSES, 1, steps), -8.0)
    classes = [CHARACTERS.index(character) for character in text]
    for step in range(steps):
        logits[0, classes[step // 2] if step % 2 and step // 2 < len(classes) else BLANK, 0, step] = 8
    return logits


def batch_of(text: str, classes: int) -> StripBatch:
    return StripBatch(np.zeros((1, 2, 32, 32), np.uint8), (text,), np.array([classes]))


@pytest.mark.parametrize(
    ("said", "text", "classes", "low"),
    [
        pytest.param("1.55", "1.55", ALL, True, id="right"),
        pytest.param("1.55", "155", ALL, False, id="a-sign-too-many"),
        pytest.param("1.55", "155", ONLY_DIGITS, True, id="signs-are-not-labelled"),
        pytest.param("1.55a", "155", ONLY_DIGITS, True, id="letters-are-not-labelled"),
        pytest.param("1.55a", "1.55", WITH_SIGNS, True, id="only-letters-are-not-labelled"),
        pytest.param("1.55", "155", WITH_SIGNS, False, id="a-labelled-sign-too-many"),
        pytest.param("1.5", "155", ONLY_DIGITS, False, id="a-digit-is-missing"),
        pytest.param("", "", ALL, True, id="empty"),
    ],
)
def test_the_loss_is_low_for_the_right_text(said: str, text: str, classes: int, *, low: bool) -> None:
    (batch,) = _to_device([batch_of(text, classes)], torch.device("cpu"))
    loss = float(ctc_loss(says(said), batch))
    assert loss < 0.1 if low else loss > 5


class Says(torch.nn.Module):
    """A net that says the same text of every strip."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(says(text))

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(strips), -1, -1, -1)


def test_the_exact_share_compares_only_digits_where_signs_are_not_labelled() -> None:
    batches = [batch_of("1.5", ALL), batch_of("15", ALL), batch_of("15", ONLY_DIGITS)]
    assert exact_share(Says("1.5"), batches) == pytest.approx(2 / 3)


def test_gradients_flow_through_texts_without_signs() -> None:
    net = build_net("recogniser")
    batch = StripBatch(golden_inputs("recogniser")[:2], ("27183", "946"), np.array([ALL, ONLY_DIGITS]))
    (target,) = _to_device([batch], torch.device("cpu"))
    ctc_loss(net(target.inputs), target).backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in net.parameters())
