"""The log's entry about a run: its data, device and training, and the size, accuracy and speed of its exports."""

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
from converters.export.parallel import make_artifacts
from converters.recipe import ClassifierRecipe, Recipe, RecogniserRecipe
from converters.report.log import ExportRow, LogEntry
from converters.train.dataset import Sources
from converters.train.run import TrainingResult
from profiles.manifest import Artifact
from profiles.profile import RuntimeName

if TYPE_CHECKING:
    from converters.export.make import ExportedArtifact

RUNTIMES: dict[str, RuntimeName] = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}
"""Runtime that measures the exports of each format."""
TIMED_BATCH_SIZE = 16
"""Number of images in a batch whose time is measured."""
TIMED_BATCHES = 100
"""Number of measured batches; the log has their median."""
REAL_KINDS = ("picture_candidates", "isolated_digits")
"""Kinds of examples that need a folder of real pictures."""
STROKE_KINDS = ("pen_digits",)
"""Kinds of examples that need a folder of handwriting."""


def log_entry(recipe: Recipe, sources: Sources, result: TrainingResult, teachers: Sequence[Path]) -> LogEntry:
    """Make the log's entry about a run, without measurements of its exports."""
    checkpoint = result.checkpoint
    return LogEntry(
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        recipe=recipe.name,
        net=recipe.net,
        seed=checkpoint.seed,
        data=_describe_data(recipe, sources),
        teachers=tuple(f"{one.recipe} seed {one.seed}" for one in map(load, teachers)),
        device=result.device,
        versions={**checkpoint.versions, "python": platform.python_version()},
        minutes=round(sum(row.minutes for row in result.steps), 2),
        weights=_digest(checkpoint),
        steps=result.steps,
    )


def measure_exports(checkpoint: Checkpoint, data: Path) -> tuple[Checkpoint, tuple[ExportRow, ...]]:
    """Export a checkpoint in all formats and measure the accuracies on MNIST's test images.

    Returns:
        The checkpoint with these accuracies, and a row about each export.

    Raises:
        DigitAgentError: see `converters.export.parallel.make_artifacts`.
    """
    with tempfile.TemporaryDirectory(prefix="digit-convert-") as name:
        folder = Path(name)
        save(checkpoint, folder / "checkpoint.pt")
        (made,) = make_artifacts([folder / "checkpoint.pt"], ALL_KINDS, data, lambda _made: None)
        rows = tuple(_export_row(folder, one) for one in made.values())
    accuracies = {kind: one.artifact.accuracy for kind, one in made.items() if one.artifact.accuracy}
    return replace(checkpoint, accuracy=accuracies), rows


def _export_row(folder: Path, made: ExportedArtifact) -> ExportRow:
    artifact = made.artifact
    assert artifact.accuracy is not None  # it was made with data
    (folder / artifact.file).write_bytes(made.content)
    return ExportRow(
        format=artifact.format,
        precision=artifact.precision,
        bytes=artifact.bytes,
        accuracy=artifact.accuracy.value,
        runtime=artifact.accuracy.runtime,
        us_a_digit=_measure_us_per_image(folder, artifact),
    )


def _measure_us_per_image(folder: Path, artifact: Artifact) -> float:
    """Return the median time per image, in microseconds. Images are computed in batches, on one thread."""
    net = load_net(folder, artifact, RUNTIMES[artifact.format])
    inputs = golden_inputs(artifact.role)
    images = np.resize(inputs, (TIMED_BATCH_SIZE, *inputs.shape[1:]))
    times_ns = []
    for _ in range(TIMED_BATCHES):
        started_ns = time.perf_counter_ns()
        net.logits(images)
        times_ns.append(time.perf_counter_ns() - started_ns)
    return round(float(np.median(times_ns)) / 1000 / TIMED_BATCH_SIZE, 2)


def _describe_data(recipe: Recipe, sources: Sources) -> str:
    """Describe the training data, for people."""
    strokes = "pen strokes of four fifths of the writers"
    if isinstance(recipe, RecogniserRecipe):
        count = recipe.batches_per_epoch * recipe.batch_size
        pictures = f"{recipe.picture_share:.0%} of real pictures, " if sources.pictures else ""
        fields = f"{recipe.field_share:.0%} of {recipe.rendered_fields:,} form fields"
        return f"MNIST train 1-55,000; {strokes}; an epoch: {count:,} strips, {pictures}{fields}"
    counts: dict[str, int]
    if isinstance(recipe, ClassifierRecipe):
        counts = msgspec.structs.asdict(recipe.glyphs_per_epoch)
    else:
        counts = {
            "scene_candidates": recipe.scene_candidates_per_epoch,
            "picture_candidates": recipe.picture_candidates_per_epoch,
        }
    missing = {*(REAL_KINDS if not sources.pictures else ()), *(STROKE_KINDS if not sources.handwriting else ())}
    used = {kind: count for kind, count in counts.items() if count and kind not in missing}
    epoch = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in used.items())
    parts = ["MNIST train 1-55,000", *([strokes] if sources.handwriting else []), f"an epoch: {epoch}"]
    if sources.fonts and recipe.rendered_scenes:
        fonts = [f"{len(list((sources.fonts / kind).glob('*')))} {kind}" for kind in ("hand", "print")]
        parts.append(f"fonts: {', '.join(fonts)}")
    return "; ".join(parts)


def _digest(checkpoint: Checkpoint) -> str:
    """Compute the SHA-256 of names and values of all weights, as hexadecimal digits."""
    packed = io.BytesIO()
    for name, value in sorted(checkpoint.state.items()):
        packed.write(name.encode() + np.ascontiguousarray(value.cpu().numpy()).tobytes())
    return hashlib.sha256(packed.getvalue()).hexdigest()
