"""The explanation of a line shows its strip, what the line recogniser says along it, and the proposals."""

from __future__ import annotations

import numpy as np

from agent.explain.outcomes import OutcomeKind, best_of_each_place, find_outcomes
from agent.explain.recognised import NAMES_PX, ZOOM, draw_line, list_proposals
from agent.vision.recognised_line import RecognisedLine
from agent.vision.strip import HEIGHT_PX
from tests.agent.vision.test_join import Spelling, read, texts


def line() -> RecognisedLine:
    return read("247", Spelling("2.41", 5.0)).lines[0]


def test_the_drawing_has_both_channels_and_a_row_for_each_character() -> None:
    drawn = draw_line(line())
    said = {text.split()[0] for _, text in drawn.spots}
    assert said == {"2", ".", "4", "1"}
    assert drawn.pixels.shape[0] > 2 * ZOOM * HEIGHT_PX
    assert drawn.pixels.shape[1] == NAMES_PX + ZOOM * line().strip.image.shape[2]


def test_spots_are_dark_where_the_recogniser_is_certain() -> None:
    drawn = draw_line(line())
    for box, text in drawn.spots:
        middle = int(drawn.pixels[box.y + box.h // 2, box.x + box.w // 2, 0])
        assert (middle < 128) == (float(text.split("(")[1].rstrip(")")) > 0.5), text


def test_spots_lie_over_the_ink_of_their_digit() -> None:
    drawn = draw_line(line())
    strip = drawn.pixels[: ZOOM * HEIGHT_PX, NAMES_PX:, 0]
    dark = np.flatnonzero((strip < 100).any(axis=0)) + NAMES_PX
    first, last = drawn.spots[0][0], drawn.spots[-1][0]
    for box in (first, last):
        assert dark[0] - ZOOM <= box.x <= dark[-1] + ZOOM


def test_a_digit_that_the_line_recogniser_reads_otherwise_has_this_outcome() -> None:
    trace = read("247", Spelling("241", 20.0))
    assert texts(trace) == ["241"]
    kinds = {o.digit: o.kind for o in best_of_each_place(find_outcomes(trace)) if o.probability > 0.9}
    assert (kinds[2], kinds[7]) == (OutcomeKind.READ, OutcomeKind.LINE)


def test_the_table_has_the_string_of_each_view() -> None:
    table = list_proposals(line())
    assert ">247<" in table
    assert ">2.41<" in table
    assert ">yes<" in table
