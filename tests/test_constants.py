"""Each number that the vision or the loop uses by a name says where its value comes from, and what raising it does.

CONTRIBUTING.md lists the accepted sources. They begin a sentence, so that a word by chance is not taken for a source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent/vision", "agent/live")
BEGINS_A_SENTENCE = r"(?:^|[.!?:;] )"
FIXED = (r"Fixed by \S", r"The (?:verifier|line recogniser) is trained with it\.", r"Not tuned[.:]")
"""Sources of numbers that nobody tunes."""
TABLE = r"A guess; `docs/thresholds\.md` has its effect\."
TUNED = (
    r"Chosen by trial\b",
    r"Chosen (?:on|among|with) \S",
    r"Measured: [^.]*\d",
    r"A guess that was never measured\.",
    TABLE,
)
EFFECT = re.compile(r"\b(?:[Rr]aising|[Ll]owering) ")


class Constant(NamedTuple):
    """An assignment at the top level of a module."""

    line: int
    names: tuple[str, ...]
    docstring: str


def find_constants(source: str) -> Iterator[Constant]:
    """Yield the assignments to upper-case names whose value contains a number, with the string below."""
    body = ast.parse(source).body
    for node, below in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = tuple(name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
        numbers = (value for value in ast.walk(node.value) if isinstance(value, ast.Constant))
        if any(name.lstrip("_").isupper() for name in names) and any(type(n.value) in (int, float) for n in numbers):
            text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            yield Constant(node.lineno, names, " ".join(str(text).split()))


def find_missing(docstring: str) -> str | None:
    """Return what a docstring does not say, None if it says all."""
    if any(re.search(BEGINS_A_SENTENCE + source, docstring) for source in FIXED):
        return None
    if not any(re.search(BEGINS_A_SENTENCE + source, docstring) for source in TUNED):
        return "where the value comes from"
    return None if EFFECT.search(docstring) else "what raising it does"


ALL = [
    (path, constant)
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    for constant in find_constants(path.read_text())
]


def test_each_constant_says_where_its_value_comes_from() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{constant.line} {', '.join(constant.names)} does not say {what}"
        for path, constant in ALL
        if (what := find_missing(constant.docstring))
    ]
    assert len(ALL) > 250, "the search must find the constants"
    assert not wrong, "see 'Where numbers come from' in CONTRIBUTING.md:\n" + "\n".join(wrong)


def test_a_constant_that_points_to_the_table_of_thresholds_has_figures_there() -> None:
    rows = re.findall(r"^\| `([\w.]+)[^|]*\|[^|]*\|[^\n]*\d", (ROOT / "docs/thresholds.md").read_text(), re.MULTILINE)
    pointing = [
        f"{path.parent.name}.{path.stem}.{constant.names[0]}"
        for path, constant in ALL
        if re.search(TABLE, constant.docstring)
    ]
    assert pointing
    assert [name for name in pointing if not any(row == name or row.startswith(f"{name}.") for row in rows)] == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("MAX_PX = 9", ("MAX_PX",)),
        ("LOW, HIGH = 0.5, 2", ("LOW", "HIGH")),
        ("_DEPTH: Depth = Depth(px=-8)", ("_DEPTH",)),
        ("SHARE = 1 / 3\n'A share.'", ("SHARE",)),
        ("NAME, FLAG = 'x', True\nsize = 9\ndef f():\n    PX = 9", None),
    ],
)
def test_constants_are_found_by_their_names_and_values(source: str, names: tuple[str, ...] | None) -> None:
    assert [constant.names for constant in find_constants(source)] == ([names] if names else [])


@pytest.mark.parametrize(
    ("docstring", "what"),
    [
        ("Width. Raising it costs time. Chosen by trial.", None),
        ("Width. Raising it costs time. Measured: 9 of 10 are wider.", None),
        ("Width, as in a page. Fixed by the format of PNG.", None),
        ("Width in pixels. Not tuned.", None),
        ("Width. Chosen by trial.", "what raising it does"),
        ("Width, measured from the left, a guess. Raising it costs time.", "where the value comes from"),
        ("Width. Raising it costs time. Measured: it is better.", "where the value comes from"),
        ("", "where the value comes from"),
    ],
)
def test_a_source_is_a_sentence_of_its_own(docstring: str, what: str | None) -> None:
    assert find_missing(docstring) == what
