"""Fixtures for the tests of converters: nets trained on a few images, and their exports."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import fx

from converters.checkpoint import Checkpoint, restore, save
from converters.data.mnist import FILES, Part
from converters.export.golden import golden_inputs
from converters.export.make import ExportedArtifact, make_artifact
from converters.export.ranges import measure_ranges
from converters.nets import ROLES, build_net
from converters.nets.fold import fold
from converters.nets.tensors import to_input
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
def checkpoints() -> Mapping[Role, Checkpoint]:
    """Train a net of each role for a second on noisy golden inputs, to get confident and different predictions."""
    return {role: train(net, golden_inputs(role)) for net in ("base", "verifier") for role in [ROLES[net]]}


def train(name: str, images: NDArray[np.uint8]) -> Checkpoint:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    net = build_net(name).train()
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    doubled = np.repeat(images, 2, axis=0)
    for _ in range(30):
        noisy = np.clip(doubled + rng.normal(0, 40, doubled.shape), 0, 255).astype(np.uint8)
        loss = torch.nn.functional.cross_entropy(net(to_input(noisy)), torch.tensor(LABELS).repeat_interleave(2))
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
