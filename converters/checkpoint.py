"""A checkpoint: a trained net, and all that its exports need to know, in one file.

The file is `torch.save` of plain types and tensors, so it is read with `weights_only=True` and can run no code.
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
"""The checkpoints that ship, one a family."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained net."""

    net: str
    """Its family, as `converters.nets.build_net` knows it."""
    state: Mapping[str, Tensor]
    """Its state dictionary, batch normalisation as trained; or folded into the convolutions, when int8 was learnt."""
    ranges: Mapping[str, tuple[float, float]]
    """Smallest and largest value of each activation, as `converters.export.ranges.measure_ranges` found them."""
    recipe: str
    seed: int
    versions: Mapping[str, str]
    """Packages that trained it."""
    accuracy: Mapping[ArtifactKind, Accuracy] = field(default_factory=dict)
    """What its exports were measured to reach."""


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    import torch

    content = {
        "net": checkpoint.net,
        "state": dict(checkpoint.state),
        "ranges": {name: [float(low), float(high)] for name, (low, high) in checkpoint.ranges.items()},
        "recipe": checkpoint.recipe,
        "seed": checkpoint.seed,
        # torch's own version is a class of its own, which weights_only refuses.
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
        raise OutputError(f"{path} cannot be written ({error.strerror}); free space or choose another place") from error


def check_place(path: Path) -> None:
    """See that a checkpoint can be saved there, before the hours that it takes to make one.

    Raises:
        UsageError: it is a folder.
        OutputError: it cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        UsageError: there is no such file.
        ArtifactError: it is damaged, or no checkpoint of ours.
    """
    import torch

    try:
        packed = io.BytesIO(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"no checkpoint {path}; name another with --checkpoint, or train one") from None
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    try:
        return _from_plain(torch.load(packed, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged or no checkpoint of ours; copy or train it again") from error


def restore(checkpoint: Checkpoint) -> nn.Module:
    """The net with its weights, in evaluation mode; as narrow as pruning has left it, folded if it was folded.

    Raises:
        ArtifactError: the weights are not of this family.
    """
    from converters.nets import build_net
    from converters.nets.shape import shape_like

    try:
        net = shape_like(build_net(checkpoint.net), checkpoint.state)
        net.load_state_dict(dict(checkpoint.state))
    except (TrainingError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ArtifactError(f"the checkpoint's weights fit no net of ours ({reason}); train it again") from error
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
