"""The result of reading one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.overlay import draw_readings
from agent.vision.pixels import Pixels, to_bgr
from profiles.errors import UsageError

STAGES = ("ink", "candidates", "classify", "lines")
"""Stages of the pipeline, in their order; `Page.stage_ms` has the time of each one."""


@dataclass(frozen=True)
class Page:
    """The digits and readings that were found in one picture."""

    width: int
    """Width of the picture in pixels."""
    height: int
    """Height of the picture in pixels."""
    digits: tuple[Digit, ...]
    """All digits that belong to a reading; their boxes are in pixels of the picture."""
    readings: tuple[Reading, ...]
    """The readings, in reading order: lines from top to bottom, each from left to right."""
    stage_ms: Mapping[str, float]
    """Wall time of each of `STAGES`, in milliseconds."""
    angle_deg: float = 0.0
    """Angle by which the page is turned clockwise in the picture, 0 to 360; 180 is upside down. It is 0 if
    deskewing can correct the angle. The page was turned upright to read it."""

    def to_dict(self) -> dict[str, object]:
        """Return the page as plain types, ready for JSON; `digit-agent read --json` prints the same.

        Returns:
            `width` and `height` of the picture in pixels; `angle_deg`, by which the page is turned clockwise, 0 if it
            is upright or deskewing is enough; `digits`, a list of `digit` (0..9), `probability` (0..1) and
            `box`; and `readings`, a list with these keys:

            - `text` as written, `digits_text` without signs, `box`, and `digits` as above;
            - `value`, a decimal number as text, so that no digit is rounded, or None; `value_note`, why it is None;
            - `confidence` (0..1) that the text is right, `digits_confidence` that its digits are, with any signs;
            - `alternatives`: other texts, each with `text` and `probability`;
            - `undecided`, the number of places where ink may be a digit and was not read;
            - `cut_by_edge`, whether digits may be outside the picture.

            A box is a list [x, y, width, height] in pixels of the picture as its EXIF tag turns it; on a turned page
            it is the box around the turned ink. Shares are rounded to four decimals.
        """
        return {
            "width": self.width,
            "height": self.height,
            "angle_deg": round(self.angle_deg, 1),
            "digits": [digit_to_dict(digit) for digit in self.digits],
            "readings": [reading_to_dict(reading) for reading in self.readings],
        }

    def draw(self, image: object) -> Pixels:
        """Return a copy of the picture with the boxes, the digits and the confidence of each reading drawn on it.

        Args:
            image: the picture that was read, as an array of any kind that `Reader.read` accepts.

        Returns:
            BGR uint8 (H, W, 3).

        Raises:
            UsageError: the image is not such an array, or has another size than the page.
        """
        canvas = to_bgr(image).copy()
        height, width = canvas.shape[:2]
        if (width, height) != (self.width, self.height):
            raise UsageError(
                f"the image has {width}×{height} pixels, but the page has {self.width}×{self.height}",
                advice="pass the picture that was read",
            )
        draw_readings(canvas, self.readings)
        return canvas

    def _repr_html_(self) -> str:
        """Return the readings as an HTML table. Notebooks display it."""
        rows = "".join(
            f"<tr><td>{escape(r.shown_text)}</td><td>{r.confidence:.0%}</td><td>{r.box.x}, {r.box.y}</td>"
            f"<td>{r.box.w} × {r.box.h}</td></tr>"
            for r in self.readings
        )
        head = "<tr><th>number</th><th>confidence</th><th>x, y in px</th><th>size in px</th></tr>"
        caption = f"{len(self.readings)} readings on a picture of {self.width} × {self.height} px"
        return f"<table><caption>{caption}</caption>{head}{rows}</table>"


def reading_to_dict(reading: Reading) -> dict[str, object]:
    """Return a reading as plain types, with the keys that `Page.to_dict` names."""
    return {
        "text": reading.text,
        "digits_text": reading.digits_text,
        "value": None if reading.value is None else str(reading.value),
        "value_note": reading.value_note,
        "box": list(reading.box),
        "confidence": round(reading.confidence, 4),
        "digits_confidence": round(reading.digits_confidence, 4),
        "undecided": len(reading.undecided),
        "cut_by_edge": reading.cut_by_edge,
        "digits": [digit_to_dict(digit) for digit in reading.digits],
        "alternatives": [
            {"text": other.text, "probability": round(other.probability, 4)} for other in reading.alternatives
        ],
    }


def digit_to_dict(digit: Digit) -> dict[str, object]:
    """Return a digit as plain types: `digit`, `probability` and `box`, as in `Page.to_dict`."""
    return {"digit": digit.digit, "probability": round(digit.probability, 4), "box": list(digit.box)}
