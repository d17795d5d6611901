"""Explain the lines that the line recogniser read: the strip, what the net says along it, and the proposals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.explain.figures import DARK, PALE, Figure
from agent.explain.markup import Html, element, table
from agent.vision.box import Box
from agent.vision.join import WEIGHTS
from agent.vision.line_text import BLANK, CHARACTERS, STEP_PX
from agent.vision.overlay import FONT
from agent.vision.recognised_line import Proposal, RecognisedLine

ZOOM = 4
"""Pixels of the drawing per pixel of the strip."""
ROW_PX = 22
"""Height of the row of a character, in pixels of the drawing."""
NAMES_PX = 28
"""Width of the column with the characters' names."""
MIN_DRAWN = 0.05
"""A character is drawn if one step gives it at least this probability. Lowering it adds rows."""
MAX_PROPOSALS = 8
"""Largest number of proposals in the table of a line."""


def draw_line(line: RecognisedLine) -> Figure:
    """Draw a strip, and below it the probability of each character along the strip; a darker cell is more probable."""
    all_ink, written = (255 - _enlarge(channel) for channel in line.strip.image)
    probabilities = np.exp(line.log_probs[0])
    shown = [c for c in range(BLANK) if probabilities[:, c].max(initial=0) >= MIN_DRAWN]
    rows = [_draw_row(probabilities[:, c], CHARACTERS[c]) for c in shown]
    strips = [cv2.copyMakeBorder(one, 4, 0, NAMES_PX, 0, cv2.BORDER_CONSTANT, value=255) for one in (all_ink, written)]
    drawing = np.asarray(cv2.cvtColor(np.vstack([*strips, *rows]), cv2.COLOR_GRAY2BGR), np.uint8)
    top = sum(one.shape[0] for one in strips)
    for x in _digit_edges(line):
        cv2.line(drawing, (NAMES_PX + x, 0), (NAMES_PX + x, top), PALE, 1)
    return Figure(drawing, _CAPTION, tuple(_spots(probabilities, shown, top)))


_CAPTION = (
    "The strip of a line: all ink, and the ink without ruled lines. Vertical lines: the digits of the segmentation. "
    "Below: what the line recogniser says at each place; a darker cell is more probable, and a character counts once."
)


def list_proposals(line: RecognisedLine) -> Html:
    """Return a table of the most probable proposals of a line, with the evidence for each of them."""
    ranked = sorted(zip(line.probabilities, line.proposals, strict=True), key=lambda pair: -pair[0])[:MAX_PROPOSALS]
    head = ("text", "probability", "line recogniser", "candidates", "same as the segmentation")
    return table(head, [_row(probability, proposal) for probability, proposal in ranked])


def explain_weights() -> Html:
    """Return a sentence that says how the evidence becomes a probability."""
    return element(
        "p",
        "The score of a text is the sum of these figures times their weights; each figure is a natural logarithm of a "
        f"probability. Weights: line recogniser {WEIGHTS.recogniser:g}, candidates {WEIGHTS.candidates:g}, "
        f"same as the segmentation {WEIGHTS.agreement:g}; all other texts together have the score "
        f"{WEIGHTS.score_of_others(1):.1f} in a line of one digit, and {WEIGHTS.score_of_others(6):.1f} in one of six.",
        class_="note",
    )


def _row(probability: float, proposal: Proposal) -> Sequence[str]:
    evidence = proposal.evidence
    figures = (evidence.recogniser, evidence.candidates)
    agrees = "yes" if evidence.agrees else "no"
    return (proposal.text or "no digit", f"{probability:.3f}", *(f"{figure:.2f}" for figure in figures), agrees)


def _enlarge(channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    h, w = channel.shape
    return np.asarray(cv2.resize(channel, (w * ZOOM, h * ZOOM), interpolation=cv2.INTER_CUBIC), np.uint8)


def _draw_row(probability: NDArray[np.float32], character: str) -> NDArray[np.uint8]:
    """Draw the probability of a character along the strip, uint8 (ROW_PX, w), with the character's name before it."""
    cells = np.repeat(255 * (1 - probability), STEP_PX * ZOOM)
    row = np.full((ROW_PX, NAMES_PX + len(cells)), 255, np.uint8)
    row[:, NAMES_PX:] = cells
    row[0] = 200
    cv2.putText(row, character, (8, ROW_PX - 6), FONT, 0.5, DARK[0], 1, cv2.LINE_AA)
    return row


def _digit_edges(line: RecognisedLine) -> list[int]:
    """Return the left and right edges of the segmentation's digits, in pixels of the drawing."""
    return [round(float(x) * ZOOM) for span in line.spans(line.boxes) for x in span]


def _spots(probabilities: NDArray[np.float32], shown: Sequence[int], top: int) -> Iterator[tuple[Box, str]]:
    """Yield a spot for each cell that is darker than the paper, with its character and probability."""
    width = STEP_PX * ZOOM
    for row, c in enumerate(shown):
        for step in np.flatnonzero(probabilities[:, c] >= MIN_DRAWN).tolist():
            text = f"{CHARACTERS[c]} ({math.floor(100 * probabilities[step, c]) / 100:.2f})"
            yield Box(NAMES_PX + step * width, top + row * ROW_PX, width, ROW_PX), text
