"""Nets that can tell a few images apart, and their exports: what the tests of converters share."""

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
from converters.export.make import Made, make
from converters.export.ranges import fold, measure_ranges
from converters.nets import ROLES, build_net
from converters.nets.tensors import to_input
from profiles.manifest import Format, Precision, Role
from profiles.profile import ArtifactKind

LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
"""Of the golden inputs: the last two are empty and noise."""

WriteMnist = Callable[[Path, Part, NDArray[np.uint8], NDArray[np.uint8]], None]


class MakeOne(Protocol):
    """Makes an artifact."""

    def __call__(self, form: Format, precision: Precision, role: Role = "classifier") -> Made: ...


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
def checkpoints() -> Mapping[Role, Checkpoint]:
    """A net of each role, after a second of learning the golden inputs, noisy: its answers are sure, and differ."""
    return {role: learn(net, golden_inputs(role)) for net in ("base", "verifier") for role in [ROLES[net]]}


def learn(name: str, images: NDArray[np.uint8]) -> Checkpoint:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    net = build_net(name).train()
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    twice = np.repeat(images, 2, axis=0)
    for _ in range(30):
        noisy = np.clip(twice + rng.normal(0, 40, twice.shape), 0, 255).astype(np.uint8)
        loss = torch.nn.functional.cross_entropy(net(to_input(noisy)), torch.tensor(LABELS).repeat_interleave(2))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    ranges = measure_ranges(net, twice)
    return Checkpoint(name, net.state_dict(), ranges, recipe="test", seed=0, versions={"torch": torch.__version__})


@pytest.fixture(scope="session")
def checkpoint(checkpoints: Mapping[Role, Checkpoint]) -> Checkpoint:
    """The classifier's."""
    return checkpoints["classifier"]


@pytest.fixture(scope="session")
def checkpoint_files(
    checkpoints: Mapping[Role, Checkpoint], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Role, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    for role, one in checkpoints.items():
        save(one, folder / f"{role}.pt")
    return {role: folder / f"{role}.pt" for role in checkpoints}


@pytest.fixture(scope="session")
def checkpoint_file(checkpoint_files: Mapping[Role, Path]) -> Path:
    """The classifier's."""
    return checkpoint_files["classifier"]


@pytest.fixture(scope="session")
def folded(checkpoint: Checkpoint) -> fx.GraphModule:
    """The classifier, its batch normalisation folded."""
    return fold(restore(checkpoint))


@pytest.fixture(scope="session")
def made(checkpoint_files: Mapping[Role, Path]) -> MakeOne:
    """Artifacts of the checkpoints, each made when it is first asked for."""

    @lru_cache
    def make_one(form: Format, precision: Precision, role: Role = "classifier") -> Made:
        return make(checkpoint_files[role], ArtifactKind(format=form, precision=precision), None)

    return make_one
