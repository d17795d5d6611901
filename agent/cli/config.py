"""`digit-agent config`: show the settings and their origins, and check a configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile
from agent.cli.run import run
from agent.config.options import OPTIONS, TYPES, Config, option_name
from profiles import foreign_text
from profiles.command_group import CommandGroup

if TYPE_CHECKING:
    from rich.table import Table

    from agent.config.document import Document, Problem
    from agent.config.layers import Settings

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, rich_markup_mode="markdown")


@app.command()
def show(
    options: Annotated[
        list[str] | None, typer.Argument(metavar="-- OPTION", help="Options of `digit-agent run`, after two dashes.")
    ] = None,
    *,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object: value and from by option.")] = False,
) -> None:
    """Show the settings that `digit-agent run` would use here, and where each value comes from.

    The first place that sets an option wins: the command line, /etc/digit-agent/config.toml, the installed bundle's
    configuration, the board's profile, the default.

    Example: `digit-agent config show`, or `digit-agent config show -- --camera 0`
    """
    from rich.console import Console

    from agent.config.layers import config_files, resolve_settings
    from profiles.board import detect_board

    settings = resolve_settings(_parse_run_options(options or []), config_files(config), detect_board().profile)
    if json:
        rows = {name: {"value": value, "from": origin} for name, value, origin in option_rows(settings)}
        typer.echo(foreign_text.to_json(rows))
    else:
        Console().print(_table(settings))


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File to check. Default: those that `digit-agent run` reads.")
    ] = None,
) -> None:
    """Check a configuration file: list every mistake with its line, and exit with 1 if there is one.

    Example: `digit-agent config check /etc/digit-agent/config.toml`
    """
    from agent.config.layers import config_files, read_document
    from agent.paths import CONFIG_FILE
    from profiles.errors import ConfigError

    files, any_problem = config_files(file), False
    for path in files:
        try:
            document = read_document(path)
        except ConfigError as error:
            typer.echo(f"digit-agent: {foreign_text.show(error)}", err=True)
            raise typer.Exit(1) from error
        problems = sorted(
            [*document.problems, *_source_problems(document), *_mounting_problems(document), *_path_problems(document)]
        )
        any_problem |= bool(problems)
        for problem in problems:
            typer.echo(foreign_text.show(f"{path}:{problem.line}: {problem.text}"))
        if not problems:
            typer.echo(f"{path} is valid; it sets {', '.join(map(option_name, document.lines)) or 'no option'}")
    if not files:
        typer.echo(f"there is no {CONFIG_FILE}: every option has its default")
    if any_problem:
        raise typer.Exit(1)


def _source_problems(document: Document) -> Iterator[Problem]:
    """Yield the mistakes in `source` and `camera`; a file that does not exist yet is not one."""
    from agent.capture.uri import parse_source
    from agent.config.document import Problem
    from profiles.errors import UsageError

    for name in ("source", "camera"):
        if (text := getattr(document.config, name)) is not None:
            try:
                parse_source(text)
            except UsageError as error:
                yield Problem(document.lines[name], str(error))


def _mounting_problems(document: Document) -> Iterator[Problem]:
    """Yield the mistakes in `roi` and `rotate`."""
    from agent.capture.mounting import parse_mounting
    from agent.config.document import Problem
    from profiles.errors import UsageError

    given = document.config
    for name, roi, rotate_deg in (("roi", given.roi, None), ("rotate", None, given.rotate)):
        try:
            parse_mounting(roi, rotate_deg, None)
        except UsageError as error:  # noqa: PERF203 (two options)
            yield Problem(document.lines[name], str(error))


def _path_problems(document: Document) -> Iterator[Problem]:
    """Yield the paths at which there is something else; a file that does not exist yet is not a mistake."""
    from agent.config.document import Problem

    log, password, artifacts = document.config.log, document.config.password_file, document.config.artifacts
    if log is not None and log.is_dir():
        yield Problem(document.lines["log"], f"log is a file, but {log} is a folder", f"name {log / 'agent.db'}")
    if password is not None and password.is_dir():
        yield Problem(document.lines["password_file"], f"password-file is a file, but {password} is a folder")
    if artifacts is not None and artifacts.is_file():
        yield Problem(document.lines["artifacts"], f"artifacts is a folder, but {artifacts} is a file")


def _parse_run_options(words: list[str]) -> Config:
    """Parse options as `digit-agent run` parses its command line."""
    app = typer.Typer(add_completion=False)
    app.command()(run)
    values = typer.main.get_command(app).make_context("digit-agent run", words).params
    return Config(**{name: TYPES[name](values[name]) for name in OPTIONS if values[name] is not None})


def option_rows(settings: Settings) -> list[tuple[str, str | float | None, str]]:
    """Return the name, the value and the origin of each option. Secrets in values are replaced by `***`."""
    from profiles.redact import redact, redact_addresses

    rows = list[tuple[str, str | float | None, str]]()
    for name, origin in settings.origins.items():
        value = getattr(settings, name)
        hide = redact if name in ("source", "mqtt", "webhook") else redact_addresses
        shown = hide(str(value)) if isinstance(value, str | Path) else value
        rows.append((option_name(name), shown, origin))
    return rows


def _table(settings: Settings) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from agent.views.foreign import foreign

    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("option", no_wrap=True, style="bold")
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for name, value, origin in option_rows(settings):
        text = "–" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        table.add_row(name, foreign(text), foreign(origin), style="bright_black" if origin == "default" else None)
    return table
