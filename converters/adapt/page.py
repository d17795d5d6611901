"""The page that shows what the nets read in corrected pictures before and after they were adapted."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import cv2

from agent.learn.examples import KnownNumber
from agent.learn.judge import PairedComparison

STYLE = """
:root { color-scheme: light dark; --line: #8886; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .5rem; text-align: left; }
td img { max-height: 5rem; max-width: 18rem; }
.right { color: #17803d; } .wrong { color: #c0392b; }
@media (prefers-color-scheme: dark) { .right { color: #5fd38a; } .wrong { color: #ff8a7a; } }
"""


@dataclass(frozen=True, eq=False)
class ChangedReading:
    """A corrected picture that is read differently now."""

    known: KnownNumber
    before: str
    after: str


def write_page(path: Path, changed: Sequence[ChangedReading], judged: PairedComparison) -> None:
    """Write the page as one HTML file.

    Raises:
        OSError: the file cannot be written.
    """
    rows = "".join(_row(one) for one in changed)
    low, high = (100 * end for end in judged.interval)
    lead = (
        f"Of {judged.count} corrected numbers {judged.right_before} were read right before, and {judged.right_after} "
        f"are now, each by nets that did not learn from it: {judged.mended} mended, {judged.broken} broken; "
        f"{low:+.0f} to {high:+.0f} points (95 % interval). The table has those that the adapted files read "
        "differently."
    )
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    table = f"<table><tr><th>picture</th><th>says</th><th>before</th><th>now</th></tr>{rows}</table>"
    title = "What the adapted nets read"
    path.write_text(
        f'<!doctype html>\n<html lang="en"><head>{head}<title>{title}</title></head>\n'
        f"<body><h1>{title}</h1><p>{lead}</p>{table}</body></html>\n",
        encoding="utf-8",
    )


def _row(changed: ChangedReading) -> str:
    known = changed.known
    picture = b64encode(cv2.imencode(".jpg", known.image)[1].tobytes()).decode()
    cells = "".join(_cell(text, known) for text in (changed.before, changed.after))
    says = escape(known.text) or "not a number"
    return f'<tr><td><img alt="{says}" src="data:image/jpeg;base64,{picture}"></td><td>{says}</td>{cells}</tr>'


def _cell(text: str, known: KnownNumber) -> str:
    digits = "".join(character for character in text if character.isdigit())
    verdict = "right" if digits == known.digits else "wrong"
    return f'<td class="{verdict}">{escape(text) or "nothing"}</td>'
