"""The code uses the words of docs/glossary.md: retired words do not come back as names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
PACKAGES = ("agent", "benchmarks", "converters", "deploy", "profiles", "tests", "tools")
RETIRED = {
    "admit", "album", "away", "bake", "brief", "circumstances", "contest", "decks", "doubt",
    "fainter", "fates", "gather", "gaze", "jury", "latencies", "lasting", "lay_out", "leave_out", "looked", "notices",
    "sieve", "stillness", "stopwatch", "surest", "surroundings", "survey", "told", "trial", "upright_lines",
    "workshop",
}  # fmt: skip
"""Words of the glossary's table of retired words that have no other meaning, so no name may contain them."""
CONTRACTS = {"surroundings"}
"""Names in files that ship: the input of the verifier is called so in checkpoints and artifacts."""


def names(path: Path) -> Iterator[str]:
    """Every name that a file defines: modules, classes, functions, parameters, constants, fields, variables."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def words(name: str) -> set[str]:
    """The lower-case words of a name, and the name itself: `MaskResult` has `mask` and `result`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    return {snake, *snake.split("_")}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_retired_word_is_a_name(package: str) -> None:
    wrong = sorted(
        {
            f"{path.relative_to(ROOT)}: {name}"
            for path in (ROOT / package).rglob("*.py")
            for name in names(path)
            if (words(name) & RETIRED) - (CONTRACTS if name in CONTRACTS else set())
        }
    )
    assert not wrong, "docs/glossary.md has the words that replace these"


def test_each_term_has_a_meaning_and_stands_once() -> None:
    terms, _, retired = GLOSSARY.partition("## Retired words")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", terms, re.MULTILINE)
    names = [term.strip() for term, _ in rows if term.strip() not in {"term", "---"}]
    assert len(names) > 80
    assert len(names) == len(set(names))
    assert all(meaning.strip().endswith(".") for term, meaning in rows if term.strip() not in {"term", "---"})
    assert "| retired | now |" in retired


def test_each_class_name_stands_once() -> None:
    found: dict[str, list[str]] = {}
    for package in set(PACKAGES) - {"tests"}:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in found.items() if len(paths) > 1}
