"""Manifest of a folder of artifacts: `manifest.json`, schema 1.

A manifest lists model files with their checksums, tensors and measured accuracies. Golden vectors are a few inputs for
each role, with the logits that an artifact must compute for them, within a tolerance.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from profiles.errors import ArtifactError, ManifestError
from profiles.regular_file import read_regular_file

FILE_NAME = "manifest.json"
_REPLACE = "make or copy the artifacts again"
MAX_MANIFEST_BYTES = 2**23
"""Maximum size of a manifest; the shipped one has 200 kB. Raising it lets a manifest fill more of a board's memory."""
MAX_TOLERANCE_SHARE = 0.1
"""Maximum tolerance as a share of the largest golden logit, or of 1 if that is larger. Raising it hides wrong logits.

The largest of the shipped artifacts is 0.038, of int8: `digit-convert` allows four quantization steps.
"""

Format = Literal["onnx", "tflite"]
Precision = Literal["fp32", "fp16", "int8"]
Role = Literal["classifier", "verifier", "recogniser"]
"""A classifier reads a glyph, a verifier a glyph together with its surroundings, a recogniser the strip of a line."""
FileName = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_][0-9A-Za-z_.-]{0,99}\Z")]
"""Name of a file in the manifest's folder; a path out of the folder is invalid."""
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Words = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**50)]
INPUT_SHAPES: Mapping[Role, tuple[int, ...]] = {
    "classifier": (28, 28),
    "verifier": (3, 32, 48),
    "recogniser": (2, 32, 128),
}
"""Shape of one uint8 input: a glyph (height, width); a context (channels, height, width); a strip (height, width).

The channels of a context are the glyph's own ink, all ink near it, and all ink in a wider area. Strips have any width;
this one is used for golden vectors and measurements.
"""


class Tensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Input or output of a model: real value = (stored value - zero_point) * scale.

    The real value of an input is a pixel value, 0..255, divided by 255; the real value of an output is a logit.
    `shape` has no batch axis. Its values have the memory order of the agent's arrays. A recogniser takes other widths
    too: its logits have one step for every two pixels.
    """

    name: Words
    dtype: Literal["float32", "int8"]
    shape: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=2**20)], ...], msgspec.Meta(max_length=8)]
    scale: Annotated[float, msgspec.Meta(ge=1e-9, le=1e6)] = 1.0
    zero_point: Annotated[int, msgspec.Meta(ge=-128, le=127)] = 0


class Accuracy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measured accuracy; a rejected digit counts as an error."""

    value: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Share of the images with the right result, 0..1; a strip is right if its whole string is."""
    images: Count
    data: Words
    runtime: Words
    sha256: Sha256
    """Checksum of the measured file: this file, or another export of the same weights."""


GoldenRow = Annotated[tuple[Annotated[float, msgspec.Meta(ge=-1e4, le=1e4)], ...], msgspec.Meta(max_length=4096)]


class Golden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logits that the artifact computed for the golden inputs of its role when it was exported."""

    logits: Annotated[tuple[GoldenRow, ...], msgspec.Meta(max_length=1000)]
    """One row per input; of a recogniser's logits only some steps, see `agent.runtimes.tensors.golden_rows`."""
    tolerance: Annotated[float, msgspec.Meta(ge=0)]
    """Largest allowed absolute difference of a logit; see `MAX_TOLERANCE_SHARE`."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model file and its properties."""

    file: FileName
    role: Role
    tier: Words
    format: Format
    precision: Precision
    sha256: Sha256
    bytes: Annotated[int, msgspec.Meta(ge=1, le=2**28)]
    input: Tensor
    output: Tensor
    accuracy: Accuracy | None
    """Measured accuracy; None if it was not measured."""
    parameters: Count
    macs: Count
    """Multiply-accumulates for one input."""
    recipe: Words
    seed: Count
    versions: Annotated[dict[Words, Words], msgspec.Meta(max_length=100)]
    """Versions of the packages that made the file."""
    golden: Golden


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contents of a folder of artifacts for one target."""

    schema: Literal[1] = 1
    target: Words
    golden_inputs: dict[Role, bytes]
    """Golden inputs of each role: uint8 (n, *INPUT_SHAPES[role]), row by row; base64 in the file."""
    artifacts: Annotated[tuple[Artifact, ...], msgspec.Meta(max_length=1000)]


def load_manifest(folder: Path) -> Manifest:
    """Read the `manifest.json` of a folder.

    Raises:
        ManifestError: the file is missing, is not JSON, has another schema, or contradicts itself.
    """
    path = folder / FILE_NAME
    try:
        manifest = msgspec.json.decode(read_regular_file(path, MAX_MANIFEST_BYTES), type=Manifest)
    except FileNotFoundError:
        advice = "name a folder that 'digit-convert' has made, such as artifacts/pi5"
        raise ManifestError(f"no {FILE_NAME} in {folder}", advice=advice) from None
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror})", advice="check its permissions") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(f"{path} is damaged, or of another version ({error})", advice=_REPLACE) from error
    files = [artifact.file for artifact in manifest.artifacts]
    for artifact in manifest.artifacts:
        inputs = manifest.golden_inputs.get(artifact.role, b"")
        twice = f"it lists {artifact.file} more than once" if files.count(artifact.file) > 1 else ""
        if contradiction := twice or _contradiction(artifact, inputs):
            raise ManifestError(f"{path} is damaged ({contradiction})", advice=_REPLACE)
    return manifest


def _contradiction(artifact: Artifact, inputs: bytes) -> str:
    """Describe how an artifact contradicts its role or its golden inputs; empty if it does not."""
    item_bytes = math.prod(INPUT_SHAPES[artifact.role])
    if math.prod(artifact.input.shape) != item_bytes:
        return f"the input of {artifact.file} is not a {artifact.role}'s"
    rows = artifact.golden.logits
    if len(rows) * item_bytes != len(inputs) or len({len(row) for row in rows}) > 1:
        return f"the golden logits of {artifact.file} do not fit its golden inputs"
    largest = max((1.0, *(abs(logit) for row in rows for logit in row)))
    if artifact.golden.tolerance > MAX_TOLERANCE_SHARE * largest:
        return f"the tolerance of {artifact.file}, {artifact.golden.tolerance:g}, allows wrong logits"
    return ""


def dump_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON with a final line feed."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def manifest_hash(manifest: Manifest) -> str:
    """Return the SHA-256 of the manifest's content, in hex; the indentation of the file does not matter."""
    return hashlib.sha256(msgspec.json.encode(manifest)).hexdigest()


def read_artifact(folder: Path, artifact: Artifact) -> bytes:
    """Return the content of a model file after a check of its checksum.

    Raises:
        ArtifactError: the file is missing, or does not match the manifest.
    """
    path = folder / artifact.file
    try:
        content = read_regular_file(path, artifact.bytes)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror})", advice="copy the artifacts again") from error
    if len(content) != artifact.bytes or hashlib.sha256(content).hexdigest() != artifact.sha256:
        raise ArtifactError(f"{path} is not the file that its manifest describes", advice="copy the artifacts again")
    return content
