from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import pytest

from profiles.errors import ArtifactError, ManifestError
from profiles.manifest import (
    FILE_NAME,
    Artifact,
    Golden,
    Manifest,
    Tensor,
    dump_manifest,
    load_manifest,
    manifest_hash,
    read_artifact,
)

MODEL = b"a model"
ARTIFACT = Artifact(
    file="base-int8.onnx",
    role="classifier",
    tier="base",
    format="onnx",
    precision="int8",
    sha256=hashlib.sha256(MODEL).hexdigest(),
    bytes=len(MODEL),
    input=Tensor(name="glyphs", dtype="int8", shape=(1, 28, 28), scale=1 / 255, zero_point=-128),
    output=Tensor(name="logits", dtype="int8", shape=(11,), scale=0.25),
    accuracy=None,
    parameters=1,
    macs=1,
    recipe="base",
    seed=1,
    versions={"torch": "2.13.0"},
    golden=Golden(logits=((0.5,) * 11, (0.25,) * 11), tolerance=0.05),
)
MANIFEST = Manifest(target="pi5", golden_inputs={"classifier": bytes(2 * 28 * 28)}, artifacts=(ARTIFACT,))
WRITTEN = dump_manifest(MANIFEST)


def test_manifest_round_trip(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(WRITTEN)
    assert load_manifest(tmp_path) == MANIFEST
    assert WRITTEN.startswith(b'{\n  "schema": 1,\n  "target": "pi5",\n  "golden_inputs": {\n    "classifier": "AAAA')


def test_hash_does_not_depend_on_the_indentation(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(msgspec.json.format(WRITTEN, indent=0))
    assert manifest_hash(load_manifest(tmp_path)) == manifest_hash(MANIFEST)
    assert manifest_hash(msgspec.structs.replace(MANIFEST, target="pi4")) != manifest_hash(MANIFEST)


def test_missing_manifest_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no manifest\.json in .*pi5; name a folder that 'digit-convert' has made"):
        load_manifest(tmp_path / "pi5")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (WRITTEN, b"", "truncated"),
        (WRITTEN, WRITTEN[:-9], "truncated"),
        (b"base-int8", b"base-\xff", "(utf|UTF)-8"),
        (b'"schema": 1', b'"schema": 2', r"Invalid enum value 2 - at `\$\.schema`"),
        (b'"macs"', b'"mac"', r"unknown field `mac` - at `\$\.artifacts\[0\]`"),
        (b'"AAAA', b'"A', r"Invalid base64 encoded string - at `\$\.golden_inputs\[\.\.\.\]`"),
        (b'"AAAA', b'"', r"golden logits of base-int8\.onnx do not fit"),
        (b'"classifier": "', b'"verifier": "', r"golden logits of base-int8\.onnx do not fit"),
        (b'"classifier",', b'"verifier",', r"the input of base-int8\.onnx is not a verifier's"),
        (b'"classifier",', b'"detector",', r"Invalid enum value 'detector' - at `\$\.artifacts\[0\]\.role`"),
        (b"            0.5,\n", b"", r"golden logits of base-int8\.onnx do not fit"),
        (b'"base-int8.onnx', b'"../base-int8.onnx', r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (b'"base-int8.onnx', b'"/etc/passwd', r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (b'"base-int8.onnx', b'"base\\u0000.onnx', r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (b'"base-int8.onnx', b'"..', r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (b'"scale": 0.25', b'"scale": 0', r"Expected `float` >= 1e-09 - at `\$\.artifacts\[0\]\.output\.scale`"),
        (b'"scale": 0.25', b'"scale": 1e-320', r"Expected `float` >= 1e-09 - at `\$\.artifacts\[0\]\.output\.scale`"),
        (b'"scale": 0.25', b'"scale": 1e308', r"Expected `float` <= 1000000.0"),
        (b'"scale": 0.25', b'"scale": 1e400', r"at `\$\.artifacts\[0\]\.output\.scale`"),
        (
            b'"zero_point": -128',
            b'"zero_point": 1208925819614629174706176',
            r"at `\$\.artifacts\[0\]\.input\.zero_point`",
        ),
        (b'"base-int8.onnx', b'"base-int8.onnx\\n', r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (b'"base-int8.onnx', b'"\xc3\xb1\xd9\xa1.onnx', r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (b'"base-int8.onnx', b'"' + b"a" * 101, r"matching regex .* at `\$\.artifacts\[0\]\.file`"),
        (
            b'"tolerance": 0.05',
            b'"tolerance": 1e308',
            r"tolerance of base-int8\.onnx, 1e\+308, allows wrong logits",
        ),
        (b'"tolerance": 0.05', b'"tolerance": 0.11', r"the tolerance of base-int8\.onnx, 0\.11, allows wrong logits"),
        (b'"tolerance": 0.05', b'"tolerance": -1', r"Expected `float` >= 0.0 - at .*tolerance`"),
        (b'"tolerance": 0.05', b'"tolerance": NaN', r"invalid character"),
        (b'"tolerance": 0.05', b'"tolerance": 1e400', r"at `\$\.artifacts\[0\]\.golden\.tolerance`"),
        (b"            0.5,\n", b"            1e30,\n", r"Expected `float` <= 10000.0 - at .*logits"),
        (b'"accuracy": null', b'"accuracy": {"value": 99.0}', r"Expected `float` <= 1.0 - at .*accuracy\.value`"),
        (b'"accuracy": null', b'"accuracy": {"value": -1e308}', r"Expected `float` >= 0.0 - at .*accuracy\.value`"),
        (b'"bytes": 7', b'"bytes": -5', r"Expected `int` >= 1 - at `\$\.artifacts\[0\]\.bytes`"),
        (b'"bytes": 7', b'"bytes": 1099511627776', r"Expected `int` <= 268435456 - at `\$\.artifacts\[0\]\.bytes`"),
        (b'"macs": 1', b'"macs": 1180591620717411303424', r"at `\$\.artifacts\[0\]\.macs`"),
        (b'"sha256": "', b'"sha256": "X', r"matching regex .* at `\$\.artifacts\[0\]\.sha256`"),
        (b'"tier": "base"', b'"tier": "' + b"x" * 201 + b'"', r"Expected `str` of length <= 200 - at .*tier`"),
        (b'"shape": [', b'"shape": [0,', r"Expected `int` >= 1 - at `\$\.artifacts\[0\]\.input\.shape\[0\]`"),
        (b'"shape": [', b'"shape": [' + b"1," * 60, r"Expected `array` of length <= 8"),
        (b'"target": "pi5"', b'"target": ' + b"[" * 300_000, r"at `\$\.target`"),
        (b'"torch": ', b'"torch": ' + b"[" * 300_000, r"at `\$\.artifacts\[0\]\.versions"),
    ],
)
def test_damaged_manifest_says_where(tmp_path: Path, right: bytes, wrong: bytes, message: str) -> None:
    assert right in WRITTEN
    (tmp_path / FILE_NAME).write_bytes(WRITTEN.replace(right, wrong, 1))
    with pytest.raises(ManifestError, match=rf"manifest\.json is damaged.* \(.*{message}.*\); make or copy") as caught:
        load_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_model_file_is_read_only_with_the_right_checksum(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"base-int8\.onnx cannot be read \(No such file or directory\)"):
        read_artifact(tmp_path, ARTIFACT)
    (tmp_path / ARTIFACT.file).write_bytes(MODEL)
    assert read_artifact(tmp_path, ARTIFACT) == MODEL
    for artifact in (ARTIFACT, msgspec.structs.replace(ARTIFACT, bytes=len(MODEL) + 1)):
        (tmp_path / ARTIFACT.file).write_bytes(MODEL[: artifact.bytes - 2])
        with pytest.raises(ArtifactError, match="is not the file that its manifest describes"):
            read_artifact(tmp_path, artifact)
    (tmp_path / ARTIFACT.file).write_bytes(MODEL)
    with pytest.raises(ArtifactError, match="is not the file that its manifest describes"):
        read_artifact(tmp_path, msgspec.structs.replace(ARTIFACT, bytes=len(MODEL) + 1))
    with pytest.raises(ArtifactError, match=r"cannot be read \(it has more than 6 bytes\)"):
        read_artifact(tmp_path, msgspec.structs.replace(ARTIFACT, bytes=len(MODEL) - 1))


def test_a_file_may_be_listed_once_only(tmp_path: Path) -> None:
    twice = msgspec.structs.replace(MANIFEST, artifacts=(ARTIFACT, ARTIFACT))
    (tmp_path / FILE_NAME).write_bytes(dump_manifest(twice))
    with pytest.raises(ManifestError, match=r"it lists base-int8\.onnx more than once"):
        load_manifest(tmp_path)


def test_what_is_not_a_file_of_sensible_size_is_not_read(tmp_path: Path) -> None:
    for name in (FILE_NAME, ARTIFACT.file):
        os.mkfifo(tmp_path / name)
    with pytest.raises(ManifestError, match=r"manifest\.json cannot be read \(it is not a regular file\)"):
        load_manifest(tmp_path)
    with pytest.raises(ArtifactError, match=r"base-int8\.onnx cannot be read \(it is not a regular file\)"):
        read_artifact(tmp_path, ARTIFACT)
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).touch()
    os.truncate(tmp_path / FILE_NAME, 2**40)
    with pytest.raises(ManifestError, match=r"manifest\.json cannot be read \(it has more than 8388608 bytes\)"):
        load_manifest(tmp_path)
