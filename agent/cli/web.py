"""`digit-agent web`: serve a log as a web page; and the page beside a run."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option
from profiles.errors import RuntimeUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.config.layers import Settings
    from agent.web.serve import WebOptions, WebPage


def web(
    *,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The log. [default: the log of 'digit-agent run' here]"),
    ] = None,
    bind: Annotated[
        str,
        typer.Option(metavar="[HOST:]PORT", help="Where the page is served. Only this machine reaches 127.0.0.1."),
    ] = "127.0.0.1:8080",
    web_password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the password. [default: one is made where it is needed]"),
    ] = None,
    web_name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Further name of this machine, such as that of a reverse proxy."),
    ] = None,
    web_cert: Annotated[Path | None, option("web_cert")] = None,
    web_key: Annotated[Path | None, option("web_key")] = None,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Print a new token for programs and exit; the one before ends.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Serve the log as a web page, without a camera, until Ctrl-C is pressed.

    `digit-agent run --web 8080` serves the same page beside a run, with the camera's picture. On other addresses than
    127.0.0.1 the page asks for a password; the first start makes one and shows it.

    Example: `digit-agent web --log agent.db`
    """
    from agent.paths import web_login_file

    _require_extra()
    if new_token:
        from agent.web.credentials import make_token

        typer.echo(make_token(web_login_file()))
        return
    from agent.cli.stats import configured_log
    from agent.telemetry.report import open_log
    from agent.web.serve import WebOptions

    path = log or configured_log(config)
    with open_log(path):
        pass  # a wrong name is reported now, and not to whoever opens the page
    options = WebOptions(bind, web_login_file(), web_password_file, web_name, web_cert, web_key)
    open_page(options, _say).serve(path)


def page_of(
    settings: Settings, config: Path | None, configure: Callable[[], Settings], say: Callable[[str], None]
) -> WebPage | None:
    """Return the page that is served beside a run, or None if none is wanted.

    Args:
        settings: the settings of the run.
        config: the only configuration file; None means the usual ones.
        configure: resolves the settings anew.
        say: tells the user the address, and the password if it is new.

    Raises:
        DigitAgentError: its address cannot be used, or its password cannot be read.
    """
    if settings.web is None:
        return None
    _require_extra()
    from agent.cli.web_options import config_source
    from agent.paths import web_login_file
    from agent.web.serve import WebOptions

    options = WebOptions(
        settings.web,
        web_login_file(),
        settings.web_password_file,
        settings.web_name,
        settings.web_cert,
        settings.web_key,
        config_source(config, configure),
    )
    return open_page(options, say)


def open_page(options: WebOptions, say: Callable[[str], None]) -> WebPage:
    """Take the address of the page."""
    from agent.web.serve import WebPage

    return WebPage(options, os.environ, say)


def _require_extra() -> None:
    if None in map(find_spec, ("starlette", "uvicorn", "segno")):
        raise RuntimeUnusableError(
            "the web page needs Starlette, uvicorn and segno", advice="install them: pip install 'digit-agent[web]'"
        )


def _say(text: str) -> None:
    typer.echo(text, err=True)
