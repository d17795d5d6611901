"""docs/troubleshooting.md explains every message that a board can show, in the words of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/troubleshooting.md"
PACKAGES = ("agent", "deploy", "profiles")
"""Packages that run on a board."""
ERRORS = {
    "ArtifactError", "BundleError", "BusyError", "ConfigError", "FormError", "FormNotFoundError", "InstallError",
    "ManifestError", "NoArtifactError", "OutputError", "PictureError", "ProfileError", "RuntimeUnusableError",
    "SourceError",
}  # fmt: skip
"""Errors that the page must explain. A wrong use (exit code 2) is explained by its own message."""
WARNINGS = {"Failure", "_fail", "_report", "_report_failure", "_say", "_warn", "warn", "warning"}
"""Functions and classes whose first argument is a message that is reported without the end of the program."""
MIN_LETTERS = 6
"""Literal letters that a message must have; shorter ones only pass on other messages."""


@dataclass(frozen=True)
class Message:
    """A message of the code, with … for each inserted value."""

    where: str
    what: str
    advice: str
    """Empty if there is none."""
    is_error: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the message with any values, with or without its advice."""
        advice = f"(; {_pattern(self.advice)})?" if self.advice else ""
        return re.compile(_pattern(self.what) + advice)


def _pattern(text: str) -> str:
    return ".+".join(map(re.escape, text.split("…")))


def assignments(module: ast.Module) -> dict[str, list[ast.expr]]:
    """Return everything that is assigned to each name of a module."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
    return values


def texts(expression: ast.expr, assigned: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Give the literal of a message, with … for each inserted value.

    Args:
        expression: the argument of a call. If it is a variable, all literals that are assigned to it are given.
        assigned: result of `assignments`.
    """
    for value in assigned.get(expression.id, []) if isinstance(expression, ast.Name) else [expression]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield re.sub("%[sd]", "…", value.value)
        elif isinstance(value, ast.JoinedStr):
            yield re.sub("…+", "…", "".join(_part(part, assigned) for part in value.values))


def _part(part: ast.expr, assigned: dict[str, list[ast.expr]]) -> str:
    """Return a part of an f-string: a literal, the value of a constant, or … for any other value."""
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name) and part.value.id.isupper():
        return next(texts(part.value, assigned), "…")
    return str(part.value) if isinstance(part, ast.Constant) else "…"


@cache
def messages() -> tuple[Message, ...]:
    """Return the errors and warnings of all packages that run on a board."""
    found: list[Message] = []
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        module = ast.parse(path.read_text())
        assigned = assignments(module)
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name not in ERRORS | WARNINGS:
                continue
            advice = next((keyword.value for keyword in node.keywords if keyword.arg == "advice"), None)
            advice_text = next(texts(advice, assigned), "…") if advice is not None else ""
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            found += [Message(where, what, advice_text, name in ERRORS) for what in texts(node.args[0], assigned)]
    return tuple(found)


@cache
def distinct() -> tuple[Message, ...]:
    """Return the messages with enough literal text to be recognised."""
    return tuple(message for message in messages() if len(re.sub(r"\W", "", message.what)) >= MIN_LETTERS)


@cache
def spans() -> tuple[str, ...]:
    """Return all code spans of the page."""
    return tuple(re.findall("`([^`\n]+)`", PAGE.read_text()))


def listed() -> list[str]:
    """Return the code spans in the first column of the tables whose first column is "message"."""
    tables = re.findall(r"^\| message \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE)
    cells = [row.split(" | ")[0] for table in tables for row in table.splitlines()]
    return [span for cell in cells for span in re.findall("`([^`]+)`", cell)]


@pytest.mark.parametrize("message", [pytest.param(m, id=f"{m.where} {m.what}") for m in distinct()])
def test_the_page_explains_every_message(message: Message) -> None:
    assert any(map(message.pattern.fullmatch, spans())), f"docs/troubleshooting.md lacks `{message.what}`"


@pytest.mark.parametrize("text", listed())
def test_the_code_has_every_message_of_the_page(text: str) -> None:
    assert any(message.pattern.fullmatch(text) for message in distinct()), f"no code prints `{text}`"


@pytest.mark.parametrize("message", [pytest.param(m, id=f"{m.where} {m.what}") for m in messages() if m.is_error])
def test_every_error_has_advice_or_passes_on_a_reason(message: Message) -> None:
    assert message.advice or message.what.endswith("…"), f"{message.where}: say what to do next"


def test_messages_and_tables_are_found() -> None:
    assert len(messages()) > 100
    assert len(listed()) > 80
