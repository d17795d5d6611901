"""The files of a tier keep their size limits. Sizes do not depend on the weights, so untrained nets are tested."""

from __future__ import annotations

import pytest
import torch

from converters.export.golden import golden_inputs, varied_inputs
from converters.export.make import EXPORTERS
from converters.export.ranges import input_name, measure_ranges, ranges_of_tensors
from converters.nets import ROLES, build_net
from converters.nets.fold import fold
from converters.nets.tensors import to_input
from profiles.manifest import Format

pytestmark = pytest.mark.slow

MAX_BYTES = {
    ("nano", "tflite"): 8_192,
    ("nano", "onnx"): 10_240,
    ("small", "tflite"): 16_384,
    ("small", "onnx"): 20_480,
    ("base", "tflite"): 65_536,
    ("base", "onnx"): 73_728,
    ("recogniser", "tflite"): 150_000,
    ("recogniser", "onnx"): 150_000,
}


@pytest.mark.parametrize(("tier", "form"), MAX_BYTES)
def test_an_int8_file_keeps_the_size_limit_of_its_tier(tier: str, form: Format) -> None:
    torch.manual_seed(0)
    folded = fold(build_net(tier))
    exporter, probe = EXPORTERS[form], golden_inputs(ROLES[tier])[5:6]
    fp32 = exporter.to_fp32(folded, to_input(probe))
    ranges = measure_ranges(folded, varied_inputs(ROLES[tier], 50))
    own = ranges_of_tensors(folded, ranges, exporter.activations(fp32, to_input(probe).numpy()), probe)
    content = exporter.slim(exporter.to_int8(fp32, own), input_name(folded))
    assert 0.85 * MAX_BYTES[tier, form] * (1 if form == "tflite" else 0.8) < len(content) <= MAX_BYTES[tier, form]
