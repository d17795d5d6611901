"""Numbers in 25 notations, composed of characters of the held-out writers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.numbers.case import Case
from benchmarks.numbers.handwriting import HeldOutHandwriting, Rng, write_number
from benchmarks.numbers.sheet import WrittenSheet, draw_sheet

SEED = 42
EACH = 10
"""Numbers in each notation."""
PATTERNS: Mapping[str, str] = {
    "decimal point": "#.##",
    "decimal comma": "##,#",
    "thousands' point": "##.###",
    "thousands' comma": "##,###",
    "thousands' apostrophe": "##'###",
    "thousands' points": "#.###.###",
    "point and decimal comma": "##.###,##",
    "comma and decimal point": "##,###.##",
    "apostrophe and decimal point": "#'###.##",
    "minus": "-##",
    "minus and decimal point": "-#.#",
    "plus": "+##",
    "slash": "#/#",
    "date with slashes": "##/##/##",
    "date with points": "##.##.####",
    "date with dashes": "####-##-##",
    "time": "##:##",
    "time with seconds": "##:##:##",
    "telephone number": "###-####",
    "telephone number with area": "###-###-####",
    "telephone number with brackets": "(###)###-####",
    "per cent": "##%",
    "per cent and decimal point": "#.#%",
    "currency before": "$##.##",
    "currency behind": "###$",
}
"""The notations; # stands for a digit."""


def notations(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield `EACH` numbers in each notation in turn, on plain paper."""
    for number in range(EACH):
        for index, pattern in enumerate(PATTERNS.values()):
            rng = np.random.default_rng((SEED, index, number))
            text = fill(rng, pattern)
            image, line = draw_sheet(rng, WrittenSheet(write_number(rng, text, handwriting)))
            yield Case("notation in 25 ways", image, text, has_signs=True, line=line)


def fill(rng: Rng, pattern: str) -> str:
    """Return a pattern with a random digit for each #."""
    return "".join(str(rng.integers(0, 10)) if character == "#" else character for character in pattern)
