"""Files compute the same logits as the net that was trained with int8 rounding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from agent.runtimes.net import load_net
from converters.checkpoint import Checkpoint, restore, save
from converters.compress.quantize import finish_qat, prepare_qat
from converters.export.golden import varied_inputs
from converters.export.make import EXPORTERS, make_artifact
from converters.export.ranges import measure_ranges
from converters.nets.fold import fold
from converters.nets.tensors import to_input
from profiles.manifest import Format
from profiles.profile import ArtifactKind

pytestmark = pytest.mark.slow

IMAGES = varied_inputs("classifier", 300)


@pytest.mark.parametrize("form", get_args(Format))
def test_both_formats_compute_the_logits_of_the_trained_net(
    form: Format, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    folded = fold(restore(checkpoint))
    ranges = measure_ranges(folded, IMAGES)
    trained, output_ranges = finish_qat(prepare_qat(folded, ranges), folded)
    ranges.update(output_ranges)
    ranges["pool"] = ranges["flatten"] = ranges["features_11"]
    save(replace(checkpoint, state=trained.state_dict(), ranges=ranges), tmp_path / "net.pt")
    made = make_artifact(tmp_path / "net.pt", ArtifactKind(format=form, precision="int8"), None)
    (tmp_path / made.artifact.file).write_bytes(made.content)
    actual = load_net(tmp_path, made.artifact, EXPORTERS[form].runtime).logits(IMAGES)
    with torch.no_grad():
        measured = prepare_qat(trained, ranges).eval()(to_input(IMAGES)).numpy()
    difference_steps = np.abs(actual - measured).max() / made.artifact.output.scale
    assert difference_steps < 2.5, "runtimes may only round halves differently"
    first, second = np.sort(measured, axis=1)[:, -1], np.sort(measured, axis=1)[:, -2]
    clear = first - second > 3 * made.artifact.output.scale
    assert clear.mean() > 0.8
    assert np.array_equal(actual.argmax(axis=1)[clear], measured.argmax(axis=1)[clear])
