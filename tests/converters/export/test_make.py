"""Every artifact computes what its net computes, is described in the manifest, and can be made again byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
import torch

from agent.runtimes.net import load_net
from agent.runtimes.tensors import GOLDEN_STEP
from converters.checkpoint import Checkpoint, restore, save
from converters.export.cost import Cost, measure_cost
from converters.export.golden import golden_inputs, varied_inputs
from converters.export.make import EXPORTERS, _source, make_artifact
from converters.nets.fold import fold
from converters.nets.tensors import to_input, to_logits
from profiles.errors import ConversionError, UsageError
from profiles.manifest import Format, Precision, Role
from profiles.profile import ArtifactKind

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne

pytestmark = pytest.mark.slow

FORMATS: tuple[Format, ...] = get_args(Format)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
LAYOUTS: dict[tuple[Role, Format], tuple[int, ...]] = {
    ("classifier", "onnx"): (1, 28, 28),
    ("classifier", "tflite"): (28, 28, 1),
    ("verifier", "onnx"): (3, 32, 48),
    ("verifier", "tflite"): (3, 32, 48),
    ("recogniser", "onnx"): (2, 32, 128),
    ("recogniser", "tflite"): (2, 32, 128),
}
OUTPUTS: dict[tuple[Role, Format], tuple[int, ...]] = {
    ("recogniser", "onnx"): (23, 1, 64),
    ("recogniser", "tflite"): (1, 64, 23),
}
INPUT_NAMES: dict[Role, str] = {"classifier": "glyphs", "verifier": "surroundings", "recogniser": "strips"}
every_role = pytest.mark.parametrize("role", get_args(Role))
every_format = pytest.mark.parametrize("form", FORMATS)
every_precision = pytest.mark.parametrize("precision", PRECISIONS)


@every_role
@every_format
@every_precision
@torch.no_grad()
def test_computes_what_its_net_computes(
    made: MakeOne,
    checkpoints: Mapping[Role, Checkpoint],
    tmp_path: Path,
    *,
    role: Role,
    form: Format,
    precision: Precision,
) -> None:
    one = made(form, precision, role)
    (tmp_path / one.artifact.file).write_bytes(one.content)
    net = load_net(tmp_path, one.artifact, EXPORTERS[form].runtime)
    inputs = np.concatenate([golden_inputs(role), varied_inputs(role, 100, seed=1)])
    expected = to_logits(restore(checkpoints[role])(to_input(inputs))).numpy()
    logits = net.logits(inputs)
    tolerance = {"fp32": 1e-4, "fp16": 1e-2, "int8": 4 * one.artifact.output.scale}[precision]
    assert np.abs(logits - expected).mean() < tolerance
    # Rounding may swap two classes with almost equal logits.
    clear = np.diff(np.sort(expected)[..., -2:])[..., 0] > (0 if precision == "int8" else 10 * tolerance)
    assert clear.mean() > 0.8
    assert (logits.argmax(axis=-1) == expected.argmax(axis=-1))[clear].mean() >= (0.95 if precision == "int8" else 1)


@every_format
@every_precision
@torch.no_grad()
def test_a_recogniser_computes_what_its_net_computes_at_any_width(
    made: MakeOne, checkpoints: Mapping[Role, Checkpoint], tmp_path: Path, *, form: Format, precision: Precision
) -> None:
    one = made(form, precision, "recogniser")
    (tmp_path / one.artifact.file).write_bytes(one.content)
    net = load_net(tmp_path, one.artifact, EXPORTERS[form].runtime)
    tolerance = {"fp32": 1e-3, "fp16": 5e-2, "int8": 12 * one.artifact.output.scale}[precision]
    nominal = varied_inputs("recogniser", 5)
    for width in (96, 128, 256):
        strips = np.tile(nominal, 2)[..., :width]
        expected = to_logits(restore(checkpoints["recogniser"])(to_input(strips))).numpy()
        logits = net.logits(strips)
        assert logits.shape == expected.shape == (5, width // 2, 23)
        np.testing.assert_allclose(logits, expected, atol=tolerance)
        singles = np.concatenate([net.logits(strips[i : i + 1]) for i in range(len(strips))])
        np.testing.assert_allclose(singles, logits, atol=1e-4)


@every_role
@every_format
@every_precision
def test_is_described_in_the_manifest(
    made: MakeOne, checkpoints: Mapping[Role, Checkpoint], role: Role, form: Format, precision: Precision
) -> None:
    artifact, content = made(form, precision, role).artifact, made(form, precision, role).content
    net = checkpoints[role].net
    assert (artifact.file, artifact.role, artifact.tier) == (f"{net}-{precision}.{form}", role, net)
    assert (artifact.bytes, artifact.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (artifact.recipe, artifact.seed) == ("test", 0)
    cost = measure_cost(fold(restore(checkpoints[role])), to_input(golden_inputs(role)[:1]))
    assert Cost(artifact.parameters, artifact.macs) == cost
    assert artifact.versions["torch"].startswith("2.")
    assert artifact.accuracy is None
    assert (artifact.input.name, artifact.output.name) == (INPUT_NAMES[role], "logits")
    assert artifact.input.shape == LAYOUTS[role, form]
    assert artifact.output.shape == OUTPUTS.get((role, form), (11,))
    if role == "recogniser":
        assert np.shape(artifact.golden.logits) == (6, 64 // GOLDEN_STEP * 23)
    else:
        assert np.argmax(artifact.golden.logits, axis=1).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]


@every_role
@every_format
def test_int8_input_is_the_pixels_minus_128(made: MakeOne, role: Role, form: Format) -> None:
    given = made(form, "int8", role).artifact.input
    assert (given.dtype, given.zero_point) == ("int8", -128)
    assert given.scale == pytest.approx(1 / 255)


@every_role
def test_both_formats_agree_in_int8(made: MakeOne, role: Role) -> None:
    onnx, tflite = made("onnx", "int8", role).artifact, made("tflite", "int8", role).artifact
    assert onnx.output.zero_point == tflite.output.zero_point
    assert onnx.output.scale == pytest.approx(tflite.output.scale)
    np.testing.assert_allclose(onnx.golden.logits, tflite.golden.logits, atol=onnx.golden.tolerance)


@every_format
def test_smaller_precisions_are_smaller(made: MakeOne, form: Format) -> None:
    fp32, fp16, int8 = (made(form, precision).artifact.bytes for precision in PRECISIONS)
    assert fp16 < 0.55 * fp32
    assert int8 < 0.30 * fp32


@every_format
def test_the_same_checkpoint_gives_the_same_files(made: MakeOne, checkpoint_file: Path, form: Format) -> None:
    before = [made(form, precision) for precision in PRECISIONS]
    _source.cache_clear()
    again = [
        make_artifact(checkpoint_file, ArtifactKind(format=form, precision=precision), None) for precision in PRECISIONS
    ]
    assert before == again


@every_format
def test_wrong_ranges_are_detected(checkpoint: Checkpoint, tmp_path: Path, form: Format) -> None:
    narrow = {name: (low / 50, high / 50) for name, (low, high) in checkpoint.ranges.items()}
    save(replace(checkpoint, ranges=narrow), tmp_path / "net.pt")
    with pytest.raises(ConversionError, match=rf"base-int8\.{form} agrees with its net on only \d"):
        make_artifact(tmp_path / "net.pt", ArtifactKind(format=form, precision="int8"), None)


def test_a_missing_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.pt"):
        make_artifact(tmp_path / "gone.pt", ArtifactKind(format="onnx", precision="fp32"), None)
