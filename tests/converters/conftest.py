"""A net that can tell a few glyphs apart, and its exports: what the tests of converters share."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import fx

from converters.checkpoint import Checkpoint, save
from converters.data.mnist import FILES, Part
from converters.export.golden import golden_glyphs
from converters.export.make import Made, make
from converters.export.ranges import fold, measure_ranges
from converters.nets import build_net
from converters.nets.tensors import to_input
from profiles.manifest import Format, Precision
from profiles.profile import ArtifactKind

LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
"""Of the golden glyphs: the last two are empty and noise."""

WriteMnist = Callable[[Path, Part, NDArray[np.uint8], NDArray[np.uint8]], None]
MakeOne = Callable[[Format, Precision], Made]


@pytest.fixture(scope="session")
def write_mnist() -> WriteMnist:
    """A function that writes a part of MNIST as gzipped idx files."""

    def write(folder: Path, part: Part, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        folder.mkdir(exist_ok=True)
        for name, array in zip(FILES[part], (images, labels), strict=True):
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))

    return write


def idx(array: NDArray[np.uint8]) -> bytes:
    """An array in the format of MNIST's files."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    """The base net, after a second of learning the golden glyphs, noisy: its answers are sure, and differ."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    net = build_net("base").train()
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    glyphs = np.repeat(golden_glyphs(), 2, axis=0)
    for _ in range(30):
        noisy = np.clip(glyphs + rng.normal(0, 40, glyphs.shape), 0, 255).astype(np.uint8)
        loss = torch.nn.functional.cross_entropy(net(to_input(noisy)), torch.tensor(LABELS).repeat_interleave(2))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    ranges = measure_ranges(net, glyphs)
    return Checkpoint("base", net.state_dict(), ranges, recipe="test", seed=0, versions={"torch": torch.__version__})


@pytest.fixture(scope="session")
def checkpoint_file(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "test.pt"
    save(checkpoint, path)
    return path


@pytest.fixture(scope="session")
def folded(checkpoint: Checkpoint) -> fx.GraphModule:
    """The checkpoint's net, its batch normalisation folded."""
    net = build_net(checkpoint.net)
    net.load_state_dict(dict(checkpoint.state))
    return fold(net)


@pytest.fixture(scope="session")
def made(checkpoint_file: Path) -> MakeOne:
    """Artifacts of the checkpoint, each made when it is first asked for."""

    @lru_cache
    def make_one(form: Format, precision: Precision) -> Made:
        return make(checkpoint_file, ArtifactKind(format=form, precision=precision), None)

    return make_one
