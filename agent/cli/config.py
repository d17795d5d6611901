"""`digit-agent config`: what is configured, where each value comes from, and whether a file is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile
from agent.cli.run import run
from agent.config.options import OPTIONS, TYPES, Config, spelling

if TYPE_CHECKING:
    from rich.table import Table

    from agent.config.document import Document, Problem
    from agent.config.layers import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
PASSWORD = re.compile(r"(?<=://)([^/?#:@]*):[^/?#]*@")


@app.command()
def show(
    options: Annotated[
        list[str] | None, typer.Argument(metavar="-- OPTION", help="Options as for `digit-agent run`.")
    ] = None,
    *,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what `digit-agent run` would do here, and where each value comes from.

    The command line wins over /etc/digit-agent/config.toml, that over what came with a bundle, that over the board's
    profile, and the profile over what is built in.

    Example: `digit-agent config show`, or `digit-agent config show -- --camera 0`
    """
    import msgspec
    from rich.console import Console

    from agent.config.layers import config_files, settle
    from profiles.board import detect_board

    settings = settle(_given(options or []), config_files(config), detect_board().profile)
    if json:
        rows = {name: {"value": value, "from": origin} for name, value, origin in _rows(settings)}
        typer.echo(msgspec.json.encode(rows))
    else:
        Console().print(_table(settings))


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Default: what `digit-agent run` takes.")] = None,
) -> None:
    """Say whether a file of options is right; if not, what is wrong on which line, and exit with 1.

    Example: `digit-agent config check /etc/digit-agent/config.toml`
    """
    from agent.config.layers import DEFAULT_FILE, config_files, read_document
    from profiles.errors import ConfigError

    files, wrong = config_files(file), False
    for path in files:
        try:
            document = read_document(path)
        except ConfigError as error:
            typer.echo(f"digit-agent: {error}", err=True)
            raise typer.Exit(1) from error
        problems = sorted([*document.problems, *_no_source(document)])
        wrong |= bool(problems)
        for problem in problems:
            typer.echo(f"{path}:{problem.line}: {problem.text}")
        if not problems:
            typer.echo(f"{path} is right; it sets {', '.join(map(spelling, document.lines)) or 'no option'}")
    if not files:
        typer.echo(f"there is no {DEFAULT_FILE}, so every option is as built in")
    if wrong:
        raise typer.Exit(1)


def _no_source(document: Document) -> Iterator[Problem]:
    """What is wrong with a source, which may name files that are not there."""
    from agent.capture.uri import parse_source
    from agent.config.document import Problem
    from profiles.errors import UsageError

    for name in ("source", "camera"):
        if (text := getattr(document.said, name)) is not None:
            try:
                parse_source(text)
            except UsageError as error:
                yield Problem(document.lines[name], str(error))


def _given(words: list[str]) -> Config:
    """What options say, as `digit-agent run` would take them from its command line."""
    alone = typer.Typer(add_completion=False)
    alone.command()(run)
    said = typer.main.get_command(alone).make_context("digit-agent run", words).params
    return Config(**{name: TYPES[name](said[name]) for name in OPTIONS if said[name] is not None})


def _rows(settings: Settings) -> list[tuple[str, str | float | None, str]]:
    """Each option's spelling, its value without a password, and where it comes from."""
    rows = list[tuple[str, str | float | None, str]]()
    for name, origin in settings.origins.items():
        value = getattr(settings, name)
        shown = PASSWORD.sub(r"\1:***@", str(value)) if isinstance(value, str | Path) else value
        rows.append((spelling(name), shown, origin))
    return rows


def _table(settings: Settings) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("option", no_wrap=True, style="bold")
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for name, value, origin in _rows(settings):
        told = "–" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        table.add_row(name, Text(told), Text(origin), style="bright_black" if origin == "default" else None)
    return table
