"""Parse a configuration file: TOML, one option per line; every mistake is reported with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec

from agent.config.options import OPTIONS, TYPES, Config, conflicts, option_name

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
NAMES = {option_name(name): name for name in OPTIONS}
"""The field of `Config` for each option name."""


@dataclass(frozen=True, order=True)
class Problem:
    """A mistake in a configuration file."""

    line: int
    what: str
    advice: str = ""

    @property
    def text(self) -> str:
        """The mistake and the advice."""
        return f"{self.what}; {self.advice}" if self.advice else self.what


@dataclass(frozen=True)
class Document:
    """A parsed configuration file."""

    config: Config
    """The options without mistakes."""
    lines: Mapping[str, int]
    """The line of each option, counted from 1."""
    problems: tuple[Problem, ...]
    """The mistakes, from the first line to the last."""


def parse(content: bytes, folder: Path) -> Document:
    """Parse the content of a configuration file; mistakes in it are returned, never raised.

    Args:
        content: TOML 1.0 in UTF-8.
        folder: the folder at which relative paths start.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        raw = msgspec.toml.decode(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Document(Config(), {}, (Problem(line, "the file is not UTF-8 text", "save it as UTF-8"),))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Document(Config(), {}, (_syntax_problem(str(error), text),))
    lines = {key: places.start for key, places in key_lines(text).items()}
    values, problems = dict[str, Any](), list[Problem]()
    for key, value in raw.items():
        name = NAMES.get(key)
        if name is None:
            problems.append(_unknown_option(lines[key], key, value))
        elif (converted := _convert(name, value, folder)) is None:
            problems.append(Problem(lines[key], f"{key} must be {_expected(name, value)}"))
        else:
            values[name] = converted
    config = Config(**values)
    for one, other, why in conflicts(config):
        first, second = sorted((lines[option_name(one)], lines[option_name(other)]))
        what = f"{option_name(one)} and {option_name(other)} {why} (see line {first})"
        problems.append(Problem(second, what, "keep one of them"))
    return Document(config, {name: lines[option_name(name)] for name in values}, tuple(sorted(problems)))


def _convert(name: str, value: object, folder: Path) -> object:
    """Return a value converted to the type of its option, or None if it is not valid."""
    kind, option = TYPES[name], OPTIONS[name]
    limits = msgspec.Meta(ge=option.minimum, le=option.maximum) if kind in (int, float) else TEXT
    wanted = bool if kind is bool else Annotated[str if kind is Path else kind, limits]
    try:
        converted: Any = msgspec.convert(value, wanted)
    except msgspec.ValidationError:
        return None
    if option.choices and converted not in option.choices:
        return None
    if name in {"source", "camera"} or kind is Path:
        converted = os.path.expanduser(converted)  # noqa: PTH111 (a source need not be a path)
    return folder / converted if kind is Path else converted


def _expected(name: str, value: object) -> str:
    """Describe the values that an option accepts, and the type of the given value if it is a different one."""
    kind, option = TYPES[name], OPTIONS[name]
    if option.choices:
        return f"one of {', '.join(map(repr, option.choices))}"
    wanted = KINDS[kind]
    fits = (kind is Path and isinstance(value, str)) or (kind is float and type(value) is int)
    given = wanted if fits else KINDS.get(type(value), "a date or time")
    limit = "" if option.minimum is None else f" from {option.minimum}"
    limit += "" if option.maximum is None else f" to {option.maximum}"
    example = "" if kind is bool else f", such as {msgspec.json.encode(option.example).decode()}"
    instead = "" if given == wanted else f", not {given}"
    return f"{wanted}{limit}{example}{instead}"


def _unknown_option(line: int, key: str, value: object) -> Problem:
    if isinstance(value, dict):
        what = f"{key!r} is a table, but options are not in tables"
        return Problem(line, what, "write name = value, one option per line")
    close = get_close_matches(key.lower().replace("_", "-"), NAMES, n=1)
    advice = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(sorted(NAMES))}"
    return Problem(line, f"there is no option {key!r}", advice)


def _syntax_problem(message: str, text: str) -> Problem:
    """Return the problem for an error message of the parser.

    The message ends in "(at line 3, column 9)" or "(at end of document)".
    """
    at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = int(at[1]) if at and at[1] else text.rstrip("\n").count("\n") + 1
    what = message[: at.start()] if at else message.partition(":")[0]
    return Problem(line, f"the file is not valid TOML ({what})", "write name = value, with text in quotes")


def key_lines(text: str) -> dict[str, range]:
    """Return the lines of each key of a valid document, counted from 1.

    Lines are collected until the parser accepts them: the statement ends there.
    """
    lines, statement, in_table = dict[str, range](), list[str](), False
    for number, line in enumerate(text.split("\n"), 1):
        statement.append(line)
        try:
            keys = msgspec.toml.decode("\n".join(statement))
        except msgspec.DecodeError:  # the statement continues on the next line
            continue
        header = statement[0].lstrip().startswith("[")
        in_table = in_table or header
        for key in keys if header or not in_table else ():
            lines.setdefault(key, range(number - len(statement) + 1, number + 1))
        statement.clear()
    return lines
