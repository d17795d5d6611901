"""Ways of joining the segmentation with the line recogniser: `python -m benchmarks.joining --data data/mnist DIR...`.

Each DIR is a folder of pictures with a `truth.json`. Only its held-out pictures are used, together with rendered form
fields and scenes. The weights of each way are fitted to one half of the lines, and measured on the other half. The
last way is that of `agent.vision.join`, and its weights belong there. Exit code 0, or 1 if the data cannot be read or
the artifacts hold no line recogniser.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent.choice.choose import choose_nets
from agent.paths import default_artifacts
from agent.vision.box import Box
from agent.vision.coordinates import in_working
from agent.vision.join import WEIGHTS
from agent.vision.pipeline import trace_page
from agent.vision.recognised_line import Evidence, JoinWeights, RecognisedLine
from agent.vision.strip import Strip
from benchmarks.report import run_benchmark
from benchmarks.string_metrics import calibration_error, coverage_at, risk_at
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from converters.data.pictures import is_for_training, load_labelled_picture, load_truth
from converters.data.scenes import Scene, draw_scene
from converters.data.scenes.fields import draw_field, random_field_style
from profiles.board import detect_board
from profiles.errors import UsageError

HELD_OUT_DIGITS = slice(50_000, None)
"""The training images of MNIST that the rendered strips of the recogniser's training do not show."""
SEED = 31
REACH_PX = 4
"""A strip shows a digit if there is ink within this distance of its middle, in pixels of the strip. Not tuned."""
WAYS: Mapping[str, tuple[str, ...]] = {
    "recogniser alone": ("recogniser",),
    "candidates alone": ("candidates",),
    "agreement": ("agreement",),
    "recogniser and agreement": ("recogniser", "agreement"),
    "recogniser and candidates": ("recogniser", "candidates"),
    "all three": ("recogniser", "candidates", "agreement"),
    "all three and length": ("recogniser", "candidates", "agreement", "length"),
}
"""Ways of joining, each with the weights that are fitted, besides `JoinWeights.other`. The weights of what is not named
are 0."""


@dataclass(frozen=True)
class LabelledLine:
    """The proposals for a line, and the truth."""

    source: str
    truth: str
    segmented: str
    proposals: tuple[tuple[str, Evidence], ...]


def main(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of pictures with a truth.json.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder with MNIST.")],
    rendered: Annotated[
        int, typer.Option(metavar="N", help="Number of rendered fields, and of rendered scenes.")
    ] = 300,
) -> None:
    """Fit and measure the ways of joining."""
    nets = choose_nets(default_artifacts(), detect_board().profile)
    if nets.recogniser is None:
        what = f"{default_artifacts()} holds no line recogniser"
        raise UsageError(what, advice="train one, and convert it into this folder")
    lines = [
        line
        for source, scene in track(list(_scenes(folders, data, rendered)), "reading", console=Console(stderr=True))
        for line in label_lines(source, scene, trace_page(scene.image, nets).lines)
    ]
    fitted, measured = lines[::2], lines[1::2]
    table = Table("way", "exact", "of", "wrong in the best 75 %", "coverage at 1 % wrong", "ECE", box=SIMPLE_HEAD)
    for way, names in WAYS.items():
        weights = fit(fitted, names)
        table.add_row(way, *_row(measured, weights))
    Console().print(table)
    for source in dict.fromkeys(line.source for line in measured):
        part = [line for line in measured if line.source == source]
        segmented = sum(line.segmented == line.truth for line in part)
        Console().print(f"{source}: {segmented} of {len(part)} by the segmentation, {_row(part, weights)[0]} by all")
    Console().print(f"weights of the last way: {weights}\nweights in use: {WEIGHTS}")


def _scenes(folders: Sequence[Path], data: Path, rendered: int) -> Iterator[tuple[str, Scene]]:
    images, labels = load_mnist(data, "train")
    digits = LabelledImages(images[HELD_OUT_DIGITS], labels[HELD_OUT_DIGITS].astype(np.int64))
    for folder in folders:
        for name, truth in sorted(load_truth(folder).items()):
            # A sudoku has no numbers: each cell of a line is one.
            if truth.boxes is not None and truth.kind != "sudoku" and not is_for_training(name):
                image = load_labelled_picture(folder, name)
                yield "picture", Scene(image, tuple((int(d), Box(x, y, w, h)) for d, x, y, w, h in truth.boxes))
    for number in range(rendered):
        rng = np.random.default_rng((SEED, number))
        yield "field", draw_field(rng, random_field_style(rng), digits).scene
        yield "scene", draw_scene(rng, digits)


def label_lines(source: str, scene: Scene, lines: Sequence[RecognisedLine]) -> Iterator[LabelledLine]:
    """Yield each line with its truth: the digits of the scene that its strip shows, from left to right.

    Lines of doubtful marks are left out. Most of them are no number, and would say little but "agree with the
    segmentation".
    """
    for line in (one for one in lines if one.digits):
        ink, strip = line.masks[0].ink, line.strip
        found = []
        for digit, box in scene.digits:
            x, y = in_working(box, ink).centre
            on_line = abs(y - strip.middle - strip.slope * x) < line.height / 2
            if on_line and _is_shown(strip, x):
                found.append((x, str(digit)))
        truth = "".join(digit for _, digit in sorted(found))
        proposals = tuple((one.digits_text, one.evidence) for one in line.proposals)
        yield LabelledLine(source, truth, line.segmented, proposals)


def _is_shown(strip: Strip, x: float) -> bool:
    """Whether a strip shows a digit at a column of the working image; it is blank where a neighbour stands."""
    column = round(strip.to_strip(x))
    return bool(strip.image[0, :, max(0, column - REACH_PX) : max(0, column + REACH_PX)].any())


def fit(lines: Sequence[LabelledLine], names: Sequence[str]) -> JoinWeights:
    """Return the weights that make the true strings most probable; the weights that are not named are 0.

    A line whose truth nobody proposed counts for "another string". All sources count the same, however many lines they
    have.
    """
    lines_of = Counter(line.source for line in lines)
    shares = torch.tensor([1 / (len(lines_of) * lines_of[line.source]) for line in lines]).double()
    names = (*names, "other")
    free = torch.zeros(len(names), dtype=torch.float64, requires_grad=True)
    figures = [
        torch.tensor(
            [[_figure(evidence, name) for name in names] for _, evidence in line.proposals]
            + [[_figure_of_others(line, name) for name in names]]
        ).double()
        for line in lines
    ]
    targets = [next((i for i, (t, _) in enumerate(line.proposals) if t == line.truth), -1) for line in lines]
    optimizer = torch.optim.LBFGS([free], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        losses = [-torch.log_softmax(one @ free, 0)[target] for one, target in zip(figures, targets, strict=True)]
        total = (shares * torch.stack(losses)).sum() + 1e-4 * free.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    found = dict(zip(names, (round(value, 2) for value in free.tolist()), strict=True))
    return JoinWeights(**{field.name: found.get(field.name, 0.0) for field in fields(JoinWeights)})


def _figure(evidence: Evidence, weight: str) -> float:
    """Return what a weight is multiplied by in the score of a proposal."""
    return float(getattr(evidence, "agrees" if weight == "agreement" else weight, 0.0))


def _figure_of_others(line: LabelledLine, weight: str) -> float:
    """Return what a weight is multiplied by in the score of all other strings, see `JoinWeights.score_of_others`."""
    return {"other": 1.0, "length": math.log1p(len(line.segmented))}.get(weight, 0.0)


def _row(lines: Sequence[LabelledLine], weights: JoinWeights) -> tuple[str, ...]:
    answers = [_answer(line, weights) for line in lines]
    confidence = np.array([c for c, _ in answers])
    right = np.array([r for _, r in answers])
    return (
        str(int(right.sum())),
        str(len(lines)),
        f"{risk_at(0.75, confidence, right):.1%}",
        f"{coverage_at(0.01, confidence, right):.0%}",
        f"{calibration_error(confidence, right):.3f}",
    )


def _answer(line: LabelledLine, weights: JoinWeights) -> tuple[float, bool]:
    """Return the probability of the most probable string, and whether it is right."""
    others = weights.score_of_others(len(line.segmented))
    scores = np.array([evidence.score(weights) for _, evidence in line.proposals] + [others])
    shares = np.exp(scores - scores.max())
    best = int(scores[:-1].argmax())
    return float(shares[best] / shares.sum()), line.proposals[best][0] == line.truth


if __name__ == "__main__":
    run_benchmark(main, "joining")
