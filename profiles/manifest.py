"""What a folder of artifacts holds and promises: `manifest.json`, schema 1.

A manifest lists model files, each with its checksum, its tensors, and the accuracy that was measured;
golden vectors are a few inputs for each role, with the logits that an artifact must give for them, within a tolerance.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from profiles.errors import ArtifactError, ManifestError

FILE_NAME = "manifest.json"

Format = Literal["onnx", "tflite"]
Precision = Literal["fp32", "fp16", "int8"]
Role = Literal["classifier", "verifier"]
"""A classifier tells what a glyph shows; a verifier looks at what is around it, too."""
FileName = Annotated[str, msgspec.Meta(pattern=r"^\w[\w.-]*$")]
"""A name in the manifest's own folder: no path leads out of it."""


INPUT_SHAPES: Mapping[Role, tuple[int, ...]] = {"classifier": (28, 28), "verifier": (3, 32, 48)}
"""One item as the agent holds it, uint8: a glyph; its own ink, all ink near it, and all ink from afar."""


class Tensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An input or output: real value = (stored value - zero_point) * scale.

    For an input the real value is a pixel in 0..255 divided by 255; for an output it is a logit.
    `shape` is one item's, without the batch axis; its values lie in the order in which the agent holds them.
    """

    name: str
    dtype: Literal["float32", "int8"]
    shape: tuple[int, ...]
    scale: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    zero_point: int = 0


class Accuracy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share of images told right, measured; a digit that is taken for no digit counts as wrong."""

    value: float
    images: int
    data: str
    runtime: str
    sha256: str
    """Checksum of the file that was measured: this very file, or another export of the same weights."""


class Golden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the artifact made of its role's golden inputs when it was new."""

    logits: tuple[tuple[float, ...], ...]
    """Logits, one row an input."""
    tolerance: float
    """Largest absolute difference of a logit that still counts as the same."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model file and its promise."""

    file: FileName
    role: Role
    tier: str
    format: Format
    precision: Precision
    sha256: str
    bytes: int
    input: Tensor
    output: Tensor
    accuracy: Accuracy | None
    """None where nothing was measured."""
    parameters: int
    macs: int
    """Multiply-accumulates for one input."""
    recipe: str
    seed: int
    versions: dict[str, str]
    """Packages that made the file."""
    golden: Golden


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder of artifacts for one target."""

    schema: Literal[1] = 1
    target: str
    golden_inputs: dict[Role, bytes]
    """Inputs to try the artifacts of each role with, uint8 (n, *INPUT_SHAPES[role]), row by row; base64 in the file."""
    artifacts: tuple[Artifact, ...]


def load_manifest(folder: Path) -> Manifest:
    """Read `manifest.json` of a folder.

    Raises:
        ManifestError: it is missing, not JSON, not of this schema, or does not agree with itself.
    """
    path = folder / FILE_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ManifestError(
            f"no {FILE_NAME} in {folder}; name a folder that 'digit-convert' has made, such as artifacts/pi5"
        ) from None
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"{path} is damaged, or of another version ({error}); make or copy the artifacts again"
        ) from error
    for artifact in manifest.artifacts:
        if wrong := _misfit(artifact, manifest.golden_inputs.get(artifact.role, b"")):
            raise ManifestError(f"{path} is damaged ({wrong}); make or copy the artifacts again")
    return manifest


def _misfit(artifact: Artifact, inputs: bytes) -> str:
    """What of an artifact does not fit its role and its golden inputs, in words; empty where all does."""
    item_bytes = math.prod(INPUT_SHAPES[artifact.role])
    if math.prod(artifact.input.shape) != item_bytes:
        return f"the input of {artifact.file} is not a {artifact.role}'s"
    rows = artifact.golden.logits
    if len(rows) * item_bytes != len(inputs) or len({len(row) for row in rows}) > 1:
        return f"the golden logits of {artifact.file} do not fit its golden inputs"
    return ""


def dump_manifest(manifest: Manifest) -> bytes:
    """The manifest as indented JSON, ending in a line feed."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def manifest_hash(manifest: Manifest) -> str:
    """SHA-256 of the manifest, in hex: the same content has the same hash, however it is indented."""
    return hashlib.sha256(msgspec.json.encode(manifest)).hexdigest()


def read_artifact(folder: Path, artifact: Artifact) -> bytes:
    """The bytes of a model file, once its size and checksum held.

    Raises:
        ArtifactError: the file is missing, or not the one that the manifest describes.
    """
    path = folder / artifact.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}); copy the artifacts again") from error
    if hashlib.sha256(content).hexdigest() != artifact.sha256:
        raise ArtifactError(f"{path} is not the file that its manifest describes; copy the artifacts again")
    return content
