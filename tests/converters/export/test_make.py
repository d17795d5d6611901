"""What every artifact must hold: it computes what its net computes, says what it is, and comes out the same again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
import torch
from torch import fx

from agent.runtimes.net import load_net
from converters.checkpoint import Checkpoint, save
from converters.export.cost import Cost, measure_cost
from converters.export.golden import golden_glyphs, varied_glyphs
from converters.export.make import EXPORTERS, _source, make
from converters.nets.tensors import to_input
from profiles.errors import ConversionError, UsageError
from profiles.manifest import Format, Precision
from profiles.profile import ArtifactKind

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne

FORMATS: tuple[Format, ...] = get_args(Format)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
every_format = pytest.mark.parametrize("form", FORMATS)
every_precision = pytest.mark.parametrize("precision", PRECISIONS)


@every_format
@every_precision
@torch.no_grad()
def test_computes_what_its_net_computes(
    made: MakeOne, folded: fx.GraphModule, tmp_path: Path, form: Format, precision: Precision
) -> None:
    one = made(form, precision)
    (tmp_path / one.artifact.file).write_bytes(one.content)
    net = load_net(tmp_path, one.artifact, EXPORTERS[form].runtime)
    glyphs = np.concatenate([golden_glyphs(), varied_glyphs(100, seed=1)])
    true = folded(to_input(glyphs)).numpy()
    logits = net.logits(glyphs)
    assert (logits.argmax(axis=1) == true.argmax(axis=1)).mean() >= (0.95 if precision == "int8" else 1)
    assert np.abs(logits - true).mean() < {"fp32": 1e-4, "fp16": 1e-2, "int8": 4 * one.artifact.output.scale}[precision]


@every_format
@every_precision
def test_says_what_it_is(made: MakeOne, folded: fx.GraphModule, form: Format, precision: Precision) -> None:
    artifact, content = made(form, precision).artifact, made(form, precision).content
    assert artifact.file == f"base-{precision}.{form}"
    assert (artifact.bytes, artifact.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (artifact.recipe, artifact.seed) == ("test", 0)
    assert Cost(artifact.parameters, artifact.macs) == measure_cost(folded)
    assert artifact.versions["torch"].startswith("2.")
    assert artifact.accuracy is None
    assert (artifact.input.name, artifact.output.name) == ("glyphs", "logits")
    assert artifact.input.shape == ((1, 28, 28) if form == "onnx" else (28, 28, 1))
    assert artifact.output.shape == (11,)
    assert np.argmax(artifact.golden.logits, axis=1).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]


@every_format
def test_int8_pixels_need_no_arithmetic(made: MakeOne, form: Format) -> None:
    given = made(form, "int8").artifact.input
    assert (given.dtype, given.zero_point) == ("int8", -128)
    assert given.scale == pytest.approx(1 / 255)


def test_both_formats_agree_on_int8(made: MakeOne) -> None:
    onnx, tflite = made("onnx", "int8").artifact, made("tflite", "int8").artifact
    assert onnx.output.zero_point == tflite.output.zero_point
    assert onnx.output.scale == pytest.approx(tflite.output.scale)
    np.testing.assert_allclose(onnx.golden.logits, tflite.golden.logits, atol=onnx.golden.tolerance)


@every_format
def test_smaller_precisions_are_smaller(made: MakeOne, form: Format) -> None:
    fp32, fp16, int8 = (made(form, precision).artifact.bytes for precision in PRECISIONS)
    assert fp16 < 0.55 * fp32
    assert int8 < 0.30 * fp32


@every_format
def test_comes_out_the_same_again(made: MakeOne, checkpoint_file: Path, form: Format) -> None:
    before = [made(form, precision) for precision in PRECISIONS]
    _source.cache_clear()
    again = [make(checkpoint_file, ArtifactKind(format=form, precision=precision), None) for precision in PRECISIONS]
    assert before == again


@every_format
def test_ranges_that_are_wrong_are_found_out(checkpoint: Checkpoint, tmp_path: Path, form: Format) -> None:
    narrow = {name: (low / 50, high / 50) for name, (low, high) in checkpoint.ranges.items()}
    save(replace(checkpoint, ranges=narrow), tmp_path / "net.pt")
    with pytest.raises(ConversionError, match=rf"base-int8\.{form} agrees with its net on \d.* only"):
        make(tmp_path / "net.pt", ArtifactKind(format=form, precision="int8"), None)


def test_a_checkpoint_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.pt"):
        make(tmp_path / "gone.pt", ArtifactKind(format="onnx", precision="fp32"), None)
