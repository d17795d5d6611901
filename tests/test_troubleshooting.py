"""docs/troubleshooting.md has each error that the field can meet, in the words of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIELD = (
    "agent/capture", "agent/choice", "agent/config", "agent/live", "agent/runtimes", "agent/telemetry", "deploy",
    "profiles",
)  # fmt: skip
ERRORS = {
    "ArtifactError", "BundleError", "ConfigError", "InstallError", "ManifestError", "NoArtifactError", "OutputError",
    "PictureError", "ProfileError", "RuntimeUnusableError", "SourceError",
}  # fmt: skip
DESKTOP = ("deploy/sign.py", "deploy/pack.py")
"""What only the desktop does with keys and files says what to do itself."""
LEAST = 8


def pieces(message: ast.expr) -> list[str]:
    """The literal pieces of a message, up to what is to be done about it."""
    parts = message.values if isinstance(message, ast.JoinedStr) else [message]
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in parts)
    return [piece.strip(" (") for piece in re.split(r";| \|", text)[0].split("\0")]


def errors() -> Iterator[tuple[str, str]]:
    """(where, the longest literal piece) of each error of ours that is made in the field's code."""
    for path in sorted(path for folder in FIELD for path in (ROOT / folder).rglob("*.py")):
        where = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if where in DESKTOP or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ERRORS and node.args and (piece := max(pieces(node.args[0]), key=len)):
                yield f"{where}:{node.lineno}", piece


@pytest.mark.parametrize(("where", "piece"), [pytest.param(*error, id=error[0]) for error in errors()])
def test_the_page_has_every_error(where: str, piece: str) -> None:
    page = re.sub(r"\s+", " ", (ROOT / "docs/troubleshooting.md").read_text())
    assert len(piece) < LEAST or piece in page, f"docs/troubleshooting.md does not say when {where} occurs: {piece!r}"
