"""`digit-agent config`: show the settings and their origins, and check a configuration file."""

from __future__ import annotations

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
    from agent.cli.config_check import find_problems
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
        problems = find_problems(document)
        any_problem |= bool(problems)
        for problem in problems:
            typer.echo(foreign_text.show(f"{path}:{problem.line}: {problem.text}"))
        if not problems:
            typer.echo(f"{path} is valid; it sets {', '.join(map(option_name, document.lines)) or 'no option'}")
    if not files:
        typer.echo(f"there is no {CONFIG_FILE}: every option has its default")
    if any_problem:
        raise typer.Exit(1)


def _parse_run_options(words: list[str]) -> Config:
    """Parse options as `digit-agent run` parses its command line."""
    app = typer.Typer(add_completion=False)
    app.command()(run)
    values = typer.main.get_command(app).make_context("digit-agent run", words).params
    values["control"] = ",".join(values["control"]) or None  # may be given several times, and is () if it is not
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
