"""What a run came to, for the log: where and on what it learnt, and what its exports weigh, reach and take."""

from __future__ import annotations

import hashlib
import io
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from agent.runtimes.net import load_net
from converters.checkpoint import Checkpoint, load, save
from converters.convert import ALL_KINDS
from converters.export.golden import golden_inputs
from converters.export.parallel import make_all
from converters.recipe import Recipe, StepsRecipe
from converters.report.log import Entry, ExportRow
from converters.train.dataset import Sources
from converters.train.run import Trained
from profiles.manifest import Artifact
from profiles.profile import RuntimeName

if TYPE_CHECKING:
    from converters.export.make import Made

RUNTIMES: dict[str, RuntimeName] = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}
BATCH, RUNS = 16, 100
"""Digits at once, and how often they are timed."""


def record(recipe: Recipe, sources: Sources, trained: Trained, teachers: Sequence[Path]) -> Entry:
    """The log's line about a run whose exports are not measured yet."""
    checkpoint = trained.checkpoint
    return Entry(
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        recipe=recipe.name,
        net=recipe.net,
        seed=checkpoint.seed,
        data=_data(recipe, sources),
        teachers=tuple(f"{one.recipe} seed {one.seed}" for one in map(load, teachers)),
        device=trained.device,
        versions={**checkpoint.versions, "python": platform.python_version()},
        minutes=round(sum(row.minutes for row in trained.steps), 2),
        weights=_digest(checkpoint),
        steps=trained.steps,
    )


def measure_exports(checkpoint: Checkpoint, data: Path) -> tuple[Checkpoint, tuple[ExportRow, ...]]:
    """The checkpoint with the accuracy of each of its exports on MNIST's test images, and a row about each.

    Raises:
        DigitAgentError: as `converters.export.parallel.make_all` says.
    """
    with tempfile.TemporaryDirectory(prefix="digit-convert-") as name:
        folder = Path(name)
        save(checkpoint, folder / "checkpoint.pt")
        (made,) = make_all([folder / "checkpoint.pt"], ALL_KINDS, data, lambda _made: None)
        rows = tuple(_row(folder, one) for one in made.values())
    measured = {kind: one.artifact.accuracy for kind, one in made.items() if one.artifact.accuracy}
    return replace(checkpoint, accuracy=measured), rows


def _row(folder: Path, made: Made) -> ExportRow:
    artifact = made.artifact
    assert artifact.accuracy is not None  # it was made with data
    (folder / artifact.file).write_bytes(made.content)
    return ExportRow(
        format=artifact.format,
        precision=artifact.precision,
        bytes=artifact.bytes,
        accuracy=artifact.accuracy.value,
        runtime=artifact.accuracy.runtime,
        us_a_digit=_time_us(folder, artifact),
    )


def _time_us(folder: Path, artifact: Artifact) -> float:
    """Median microseconds a digit, `BATCH` at once, one thread."""
    net = load_net(folder, artifact, RUNTIMES[artifact.format])
    images = np.resize(golden_inputs(artifact.role), (BATCH, *golden_inputs(artifact.role).shape[1:]))
    spent_ns = []
    for _ in range(RUNS):
        started = time.perf_counter_ns()
        net.logits(images)
        spent_ns.append(time.perf_counter_ns() - started)
    return round(float(np.median(spent_ns)) / 1000 / BATCH, 2)


def _data(recipe: Recipe, sources: Sources) -> str:
    """What was there to learn from, for people."""
    mix = msgspec.structs.asdict(recipe.mix if isinstance(recipe, StepsRecipe) else recipe)
    parts = [part for part in PARTS if mix.get(part) and (sources.pictures or part not in REAL)]
    told = ["MNIST train 1-55,000", "an epoch: " + ", ".join(f"{mix[part]:,} {part}" for part in parts)]
    if sources.fonts and recipe.scenes_drawn:
        counts = [f"{len(list((sources.fonts / kind).glob('*')))} {kind}" for kind in ("hand", "print")]
        told.append(f"fonts: {', '.join(counts)}")
    return "; ".join(told)


PARTS = ("plain", "mild", "varied", "stroked", "outliers", "scenes", "pictures", "isolated")
REAL = ("pictures", "isolated")
"""Parts that are there only where a folder of real pictures is."""


def _digest(checkpoint: Checkpoint) -> str:
    packed = io.BytesIO()
    for name, value in sorted(checkpoint.state.items()):
        packed.write(name.encode() + np.ascontiguousarray(value.cpu().numpy()).tobytes())
    return hashlib.sha256(packed.getvalue()).hexdigest()
