"""Fixtures for the tests of converters: nets trained on a few images, and their exports."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import fx

from agent.vision.line_text import BLANK, SIGNS, STEP_PX
from converters.checkpoint import Checkpoint, restore, save
from converters.data.mnist import FILES, Part
from converters.export.golden import golden_inputs
from converters.export.make import ExportedArtifact, make_artifact
from converters.export.ranges import measure_ranges
from converters.nets import ROLES, build_net
from converters.nets.fold import fold
from converters.nets.tensors import to_input, to_logits
from profiles.manifest import Format, Precision, Role
from profiles.profile import ArtifactKind

LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
"""Labels of the golden inputs; the last two, an empty image and noise, show no digit."""

WriteMnist = Callable[[Path, Part, NDArray[np.uint8], NDArray[np.uint8]], None]


class MakeOne(Protocol):
    """Function that makes an artifact."""

    def __call__(self, form: Format, precision: Precision, role: Role = "classifier") -> ExportedArtifact: ...


@pytest.fixture(scope="session")
def write_mnist() -> WriteMnist:
    """Return a function that writes a part of MNIST as gzipped idx files."""

    def write(folder: Path, part: Part, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        folder.mkdir(exist_ok=True)
        for name, array in zip(FILES[part], (images, labels), strict=True):
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))

    return write


def idx(array: NDArray[np.uint8]) -> bytes:
    """Encode an array in the idx format of MNIST's files."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture(scope="session")
def handwriting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder of pen strokes, as `converters.data.strips.compose.load_writing` reads it, by twelve writers.

    Every character is a zigzag with as many corners as its code point says.
    """
    folder = tmp_path_factory.mktemp("handwriting")
    digits = [str(digit) for digit in range(10)]
    labels = {
        "unipen/digits": digits,
        "unipen/symbols": list(SIGNS),
        "unipen/letters": list("abgx"),
        "unipen/capitals": list("ABX"),
        "unipen/words": ["word", "gap"],
        "unipen/number_strings": ["42", "1907", "3#4"],
        "pendigits/pendigits": digits,
    }
    for name, items in labels.items():
        (folder / name).parent.mkdir(exist_ok=True)
        write_pen_items(folder / f"{name}.npz", [(label, writer) for writer in range(12) for label in items])
    return folder


def write_pen_items(file: Path, items: Sequence[tuple[str, int]]) -> None:
    """Write pen items with these labels and writers, each with one stroke for each character."""
    strokes: list[NDArray[np.int16]] = []
    for label, writer in items:
        for index, character in enumerate(label):
            count = 3 + ord(character) % 7
            x = 700 * index + np.linspace(0, 500, count) + 20 * writer
            y = np.where(np.arange(count) % 2, 0, 1000)
            strokes.append(np.stack([x, y], axis=1).astype(np.int16))
    np.savez(
        file,
        points=np.concatenate(strokes),
        stroke_points=np.array([len(stroke) for stroke in strokes], np.int16),
        strokes=np.array([len(label) for label, _ in items], np.int16),
        labels=np.array([label for label, _ in items]),
        writer=np.array([writer for _, writer in items], np.int16),
    )


@pytest.fixture(scope="session")
def checkpoints() -> Mapping[Role, Checkpoint]:
    """Train a net of each role for a second on noisy golden inputs, to get confident and different predictions."""
    labels = {"base": np.array(LABELS), "verifier": np.array(LABELS), "recogniser": step_labels()}
    return {role: train(net, golden_inputs(role), labels[net]) for net in labels for role in [ROLES[net]]}


def step_labels() -> NDArray[np.int64]:
    """Return a class for each step of the golden strips, int64 (n, steps): one that depends on its ink, or blank."""
    strips = golden_inputs("recogniser").astype(np.int64)
    ink = strips[:, 1].reshape(len(strips), 32, -1, STEP_PX).sum(axis=(1, 3))
    return np.where(ink, ink // 255 % BLANK, BLANK)


def train(name: str, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Checkpoint:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    net = build_net(name).train()
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    doubled = np.repeat(images, 2, axis=0)
    targets = torch.tensor(labels).repeat_interleave(2, dim=0).flatten()
    for _ in range(30):
        noisy = np.clip(doubled + rng.normal(0, 40, doubled.shape), 0, 255).astype(np.uint8)
        logits = to_logits(net(to_input(noisy)))
        loss = torch.nn.functional.cross_entropy(logits.reshape(len(targets), -1), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    ranges = measure_ranges(net, doubled)
    return Checkpoint(name, net.state_dict(), ranges, recipe="test", seed=0, versions={"torch": torch.__version__})


@pytest.fixture(scope="session")
def checkpoint(checkpoints: Mapping[Role, Checkpoint]) -> Checkpoint:
    """Return the classifier's checkpoint."""
    return checkpoints["classifier"]


@pytest.fixture(scope="session")
def checkpoint_files(
    checkpoints: Mapping[Role, Checkpoint], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Role, Path]:
    """Write the checkpoint of each role to a file."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for role, one in checkpoints.items():
        save(one, folder / f"{role}.pt")
    return {role: folder / f"{role}.pt" for role in checkpoints}


@pytest.fixture(scope="session")
def checkpoint_file(checkpoint_files: Mapping[Role, Path]) -> Path:
    """Return the file of the classifier's checkpoint."""
    return checkpoint_files["classifier"]


@pytest.fixture(scope="session")
def folded(checkpoint: Checkpoint) -> fx.GraphModule:
    """Return the classifier with folded batch normalisation."""
    return fold(restore(checkpoint))


@pytest.fixture(scope="session")
def made(checkpoint_files: Mapping[Role, Path]) -> MakeOne:
    """Return a function that makes artifacts of the checkpoints, each only once."""

    @lru_cache
    def make_one(form: Format, precision: Precision, role: Role = "classifier") -> ExportedArtifact:
        return make_artifact(checkpoint_files[role], ArtifactKind(format=form, precision=precision), None)

    return make_one
