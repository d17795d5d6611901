"""Drawn numbers in many hands: the nets must read them as well after they learned as before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import INK_COLOURS, RULINGS, apply_ink, light_sheet, print_ruling
from agent.learn.examples import KnownNumber
from agent.vision.box import Box, union
from agent.vision.classify import Nets
from agent.vision.context import place_in_context
from agent.vision.glyph import normalise_each, own_ink
from agent.vision.line_text import BLANK
from agent.vision.pipeline import trace_page
from profiles.manifest import Role

PAPER_PX = (520, 130)
"""Width and height of the paper on which a number is drawn."""
MARGIN_PX = 60
"""Width of the paper that is shown beside a number."""
PAPER_COLOUR = (232, 238, 242)
"""Colour of the paper, BGR."""
START_PX = 150
"""Left edge of a number: right of the margin line of ruled paper."""
BASELINE_PX = 92
ROWS_PX = 96
"""Distance of two rows of a ruling."""
HEIGHTS_PX = 36, 56
"""Smallest and largest height of the digits."""
LENGTHS = 2, 6
"""Smallest and largest number of digits."""
BLANKS = 8
"""Of the line recogniser's steps that are surely blank, one in so many is remembered. Raising it saves time. A guess
that was never measured."""
MIN_BLANK = 0.9
"""A step is surely blank if the blank is at least this probable. A guess that was never measured."""


Replay = Mapping[Role, NDArray[np.float32]]
"""What the nets of each role say about drawn numbers before they learn: logits of candidates, float32 (n, 11), and of
steps of a line recogniser, float32 (m, 23)."""


def draw_numbers(seed: int, count: int) -> list[KnownNumber]:
    """Return drawn numbers, each in a hand of its own; another seed gives others."""
    return list(starmap(_draw_number, ((np.random.default_rng((seed, n)), n) for n in range(count))))


def _draw_number(rng: np.random.Generator, index: int) -> KnownNumber:
    paper = np.full((PAPER_PX[1], PAPER_PX[0], 3), PAPER_COLOUR, np.uint8)
    print_ruling(paper, RULINGS[index % len(RULINGS)], BASELINE_PX, ROWS_PX)
    handwriting, height_px = random_handwriting(rng), float(rng.uniform(*HEIGHTS_PX))
    colour = list(INK_COLOURS.values())[int(rng.integers(len(INK_COLOURS)))]
    length = int(rng.integers(LENGTHS[0], LENGTHS[1] + 1))
    digits, boxes, x = rng.integers(0, 10, length).tolist(), list[Box](), START_PX
    for digit in digits:
        ink = draw_digit(rng, digit, height_px, handwriting)
        h, w = ink.shape
        apply_ink(paper, ink, x, BASELINE_PX - h, colour)
        boxes.append(Box(x, BASELINE_PX - h, w, h))
        x += w + round(height_px * float(rng.uniform(0.13, 0.28)))
    left = START_PX - MARGIN_PX
    box, image = union(boxes), light_sheet(rng, paper)[:, left : x + MARGIN_PX]
    return KnownNumber(image, box._replace(x=box.x - left), "".join(map(str, digits)))


def remember(numbers: Iterable[KnownNumber], nets: Nets) -> Replay:
    """Return what the nets say about numbers."""
    said: dict[Role, list[NDArray[np.float32]]] = {"classifier": [], "verifier": [], "recogniser": []}
    for number in numbers:
        trace = trace_page(number.image, nets)
        for mask in trace.masks:
            own = [own_ink(mask.ink, candidate) for candidate in mask.candidates]
            said["classifier"].append(nets.classifier.logits(normalise_each(own)))
            if nets.verifier is not None:
                said["verifier"].append(nets.verifier.logits(place_in_context(mask.ink, mask.candidates, own)))
        if nets.recogniser is not None:
            logits = [nets.recogniser.logits(line.strip.image[None])[0] for line in trace.lines]
            said["recogniser"] += map(_some_steps, logits, [line.log_probs[0] for line in trace.lines])
    return {role: np.concatenate(parts) for role, parts in said.items() if parts}


def _some_steps(logits: NDArray[np.float32], log_probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the steps that are not surely blank, and some of the others."""
    is_blank = log_probs[:, BLANK] >= np.log(MIN_BLANK)
    return np.concatenate([logits[~is_blank], logits[is_blank][::BLANKS]])
