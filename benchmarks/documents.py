"""Tables in documents that were typed by nobody: each stands between two marks that its readers do not see."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MEASURED = ROOT / "docs" / "measured.md"
"""All that is too long for the README."""


def put(name: str, lines: Iterable[str], document: Path) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- end of name -->`, each a line of its own.

    Args:
        name: of the table.
        lines: Markdown.
        document: what it stands in.

    Raises:
        ValueError: the document has no such marks.
    """
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, opened, rest = document.read_text().partition(first)
    _, closed, after = rest.partition(last)
    if not opened or not closed:
        raise ValueError(f"{document} has no marks around '{name}'; add {first.strip()} and {last.strip()}")
    table = "".join(f"{line}\n" for line in lines)
    document.write_text(f"{before}{first}\n{table}\n{last}{after}")
