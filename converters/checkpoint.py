"""Checkpoints: one file with a trained net and everything that its exports need.

The file is a `torch.save` of plain types and tensors. It is read with `weights_only=True`, so it cannot run code.
"""

from __future__ import annotations

import io
import pickle
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from profiles.atomic_write import write_atomic
from profiles.errors import ArtifactError, OutputError, TrainingError, UsageError
from profiles.manifest import Accuracy
from profiles.profile import ArtifactKind

if TYPE_CHECKING:
    from torch import Tensor, nn

SHIPPED = tuple(sorted((Path(__file__).parent / "checkpoints").glob("*.pt")))
"""Checkpoints that ship, one for each family of nets."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained net and how it was trained."""

    net: str
    """Family, a name that `converters.nets.build_net` accepts."""
    state: Mapping[str, Tensor]
    """State dictionary. After quantization-aware training, batch normalisation is folded into the convolutions."""
    ranges: Mapping[str, tuple[float, float]]
    """Smallest and largest value of each activation, from `converters.export.ranges.measure_ranges` or learnt."""
    recipe: str
    """Name of the recipe that trained it."""
    seed: int
    versions: Mapping[str, str]
    """Versions of the packages that trained it."""
    accuracy: Mapping[ArtifactKind, Accuracy] = field(default_factory=dict)
    """Measured accuracy of the exports of the net, by kind of artifact."""


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint atomically.

    Raises:
        OutputError: the file cannot be written.
    """
    import torch

    content = {
        "net": checkpoint.net,
        "state": dict(checkpoint.state),
        "ranges": {name: [float(low), float(high)] for name, (low, high) in checkpoint.ranges.items()},
        "recipe": checkpoint.recipe,
        "seed": checkpoint.seed,
        # torch's version is a subclass of str, and weights_only refuses subclasses.
        "versions": {package: str(version) for package, version in checkpoint.versions.items()},
        "accuracy": [
            {"kind": msgspec.to_builtins(kind), "measured": msgspec.to_builtins(accuracy)}
            for kind, accuracy in checkpoint.accuracy.items()
        ],
    }
    packed = io.BytesIO()
    torch.save(content, packed)
    try:
        write_atomic(path, packed.getvalue())
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror})", advice="free space or choose another place"
        ) from error


def check_writable(path: Path) -> None:
    """Check that a checkpoint can be saved at `path`, before training that may take hours.

    Raises:
        UsageError: `path` is a folder.
        OutputError: `path` cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", advice="name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another place") from error


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        UsageError: the file does not exist.
        ArtifactError: the file is damaged, or not a checkpoint of this project.
    """
    import torch

    try:
        packed = io.BytesIO(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(
            f"there is no checkpoint {path}", advice="name another with --checkpoint, or train one"
        ) from None
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror})", advice="check its permissions") from error
    try:
        return _from_plain(torch.load(packed, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"{path} is damaged, or not a checkpoint of this project", advice="copy or train it again"
        ) from error


def restore(checkpoint: Checkpoint) -> nn.Module:
    """Build the net of a checkpoint with its weights, in evaluation mode.

    Pruned layers keep their pruned widths, and folded batch normalisation stays folded.

    Raises:
        ArtifactError: the weights do not fit the family of nets.
    """
    from converters.nets import build_net
    from converters.nets.shape import shape_like

    try:
        net = shape_like(build_net(checkpoint.net), checkpoint.state)
        net.load_state_dict(dict(checkpoint.state))
    except (TrainingError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ArtifactError(
            f"the weights of the checkpoint do not fit the net {checkpoint.net!r} ({reason})", advice="train it again"
        ) from error
    return net.eval()


def _from_plain(content: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(
        net=content["net"],
        state=content["state"],
        ranges={name: (float(low), float(high)) for name, (low, high) in content["ranges"].items()},
        recipe=content["recipe"],
        seed=content["seed"],
        versions=content["versions"],
        accuracy={
            msgspec.convert(row["kind"], ArtifactKind): msgspec.convert(row["measured"], Accuracy)
            for row in content["accuracy"]
        },
    )
