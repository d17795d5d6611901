"""A configuration file: TOML, one option a line, each checked by itself, and every mistake told with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec

from agent.config.options import OPTIONS, TYPES, Config, contradictions, spelling

TEXT = msgspec.Meta(min_length=1, pattern=r"^[^\0]*$")
KINDS = {
    bool: "true or false",
    str: "text in quotes",
    Path: "a path in quotes",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}
NAMES = {spelling(name): name for name in OPTIONS}
"""From an option's spelling to its name."""


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong on a line."""

    line: int
    text: str


@dataclass(frozen=True)
class Document:
    """A file, read."""

    said: Config
    """Without what is wrong."""
    lines: Mapping[str, int]
    """On which line each option stands."""
    problems: tuple[Problem, ...]
    """From the first line to the last."""


def parse(content: bytes, folder: Path) -> Document:
    """Read a file; nothing in it is an error of ours, whatever it holds.

    Args:
        content: TOML 1.0 in UTF-8.
        folder: from where relative paths count.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        raw = msgspec.toml.decode(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Document(Config(), {}, (Problem(line, "this is no UTF-8 text; save the file as UTF-8"),))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Document(Config(), {}, (_no_toml(str(error), text),))
    lines = _key_lines(text)
    said, problems = dict[str, Any](), list[Problem]()
    for key, value in raw.items():
        name = NAMES.get(key)
        if name is None:
            problems.append(Problem(lines[key], _unknown(key, value)))
        elif (converted := _convert(name, value, folder)) is None:
            problems.append(Problem(lines[key], f"{key} must be {_expected(name, value)}"))
        else:
            said[name] = converted
    config = Config(**said)
    for one, other, why in contradictions(config):
        first, second = sorted((lines[spelling(one)], lines[spelling(other)]))
        text = f"{spelling(one)} and {spelling(other)} {why} (see line {first}); keep one of them"
        problems.append(Problem(second, text))
    return Document(config, {name: lines[spelling(name)] for name in said}, tuple(sorted(problems)))


def _convert(name: str, value: object, folder: Path) -> object:
    """A value as its option wants it; None where it is none."""
    kind, option = TYPES[name], OPTIONS[name]
    limits = msgspec.Meta(ge=option.least, le=option.most) if kind in (int, float) else TEXT
    wanted = bool if kind is bool else Annotated[str if kind is Path else kind, limits]
    try:
        converted: Any = msgspec.convert(value, wanted)
    except msgspec.ValidationError:
        return None
    return folder / converted if kind is Path else converted


def _expected(name: str, value: object) -> str:
    """What an option wants, and what it was given where that is of another kind."""
    kind, option = TYPES[name], OPTIONS[name]
    wanted, text = KINDS[kind], kind is Path and isinstance(value, str)
    given = wanted if text else KINDS.get(type(value), "a date or time")
    limit = "" if option.least is None else f" from {option.least}"
    limit += "" if option.most is None else f" to {option.most}"
    example = "" if kind is bool else f", such as {msgspec.json.encode(option.example).decode()}"
    instead = "" if given == wanted else f", not {given}"
    return f"{wanted}{limit}{example}{instead}"


def _unknown(key: str, value: object) -> str:
    if isinstance(value, dict):
        return f"{key!r} begins a table, and options stand in none; write name = value, each on a line of its own"
    close = get_close_matches(key.lower().replace("_", "-"), NAMES, n=1)
    advice = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(sorted(NAMES))}"
    return f"there is no option {key!r}; {advice}"


def _no_toml(complaint: str, text: str) -> Problem:
    """The parser's complaint, which ends in "(at line 3, column 9)" or "(at end of document)"."""
    at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", complaint)
    line = int(at[1]) if at and at[1] else text.rstrip("\n").count("\n") + 1
    what = complaint[: at.start()] if at else complaint.partition(":")[0]
    return Problem(line, f"this is no TOML ({what}); write name = value, with text in quotes")


def _key_lines(text: str) -> dict[str, int]:
    """On which line each key of a valid document first stands: the parser tells where one statement ends."""
    lines, statement, in_table = dict[str, int](), list[str](), False
    for number, line in enumerate(text.split("\n"), 1):
        statement.append(line)
        try:
            keys = msgspec.toml.decode("\n".join(statement))
        except msgspec.DecodeError:  # it goes on in the next line
            continue
        header = statement[0].lstrip().startswith("[")
        in_table = in_table or header
        for key in keys if header or not in_table else ():
            lines.setdefault(key, number - len(statement) + 1)
        statement.clear()
    return lines
