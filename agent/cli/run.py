"""`digit-agent run`: read numbers from a camera until it is stopped."""

from __future__ import annotations

import logging
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option
from agent.cli.outlets import outlets_of
from agent.cli.web import page_of
from agent.config.options import Config

if TYPE_CHECKING:
    from rich.console import Console

    from agent.config.layers import Settings
    from agent.run import View


def run(
    *,
    source: Annotated[str | None, option("source")] = None,
    camera: Annotated[str | None, option("camera")] = None,
    password_file: Annotated[Path | None, option("password_file")] = None,
    patience: Annotated[float | None, option("patience")] = None,
    every: Annotated[float | None, option("every")] = None,
    insecure: Annotated[bool | None, option("insecure")] = None,
    roi: Annotated[str | None, option("roi")] = None,
    rotate: Annotated[int | None, option("rotate")] = None,
    flip: Annotated[bool | None, option("flip")] = None,
    control: Annotated[list[str] | None, option("control")] = None,
    form: Annotated[Path | None, option("form")] = None,
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    json: Annotated[bool | None, option("json")] = None,
    sightings: Annotated[bool | None, option("sightings")] = None,
    no_dashboard: Annotated[bool | None, option("no_dashboard")] = None,
    decimal_comma: Annotated[bool | None, option("decimal_comma")] = None,
    log: Annotated[Path | None, option("log")] = None,
    no_log: Annotated[bool | None, option("no_log")] = None,
    keep_pictures: Annotated[str | None, option("keep_pictures")] = None,
    pictures_mib: Annotated[int | None, option("pictures_mib")] = None,
    web: Annotated[str | None, option("web")] = None,
    web_password_file: Annotated[Path | None, option("web_password_file")] = None,
    web_name: Annotated[str | None, option("web_name")] = None,
    web_cert: Annotated[Path | None, option("web_cert")] = None,
    web_key: Annotated[Path | None, option("web_key")] = None,
    mqtt: Annotated[str | None, option("mqtt")] = None,
    mqtt_password_file: Annotated[Path | None, option("mqtt_password_file")] = None,
    mqtt_ca: Annotated[Path | None, option("mqtt_ca")] = None,
    mqtt_cert: Annotated[Path | None, option("mqtt_cert")] = None,
    mqtt_key: Annotated[Path | None, option("mqtt_key")] = None,
    mqtt_picture: Annotated[float | None, option("mqtt_picture")] = None,
    home_assistant: Annotated[bool | None, option("home_assistant")] = None,
    webhook: Annotated[str | None, option("webhook")] = None,
    webhook_secret_file: Annotated[Path | None, option("webhook_secret_file")] = None,
    metrics: Annotated[str | None, option("metrics")] = None,
    board_name: Annotated[str | None, option("board_name")] = None,
    frames: Annotated[int | None, option("frames")] = None,
    seconds: Annotated[float | None, option("seconds")] = None,
    width: Annotated[int | None, option("width")] = None,
    height: Annotated[int | None, option("height")] = None,
    config: ConfigFile = None,
    screenshot: Annotated[Path | None, typer.Option(metavar="FILE.svg", hidden=True)] = None,
) -> None:
    """Read numbers from a camera, a stream, a video or pictures, until the source ends or Ctrl-C is pressed.

    A terminal shows a live dashboard with the readings, the latency and the power, and obeys keys: `?` lists them.
    Otherwise each reading is one line of text. A reading is printed once it is steady, not in every frame.

    If a camera or a stream fails, it is reopened until it works again. At the start only a systemd service waits for
    its camera. SIGHUP reloads the configuration and switches to other artifacts.

    With `--form` each sheet of a form becomes one record.

    Example: `digit-agent run --camera 0`, or without a camera `digit-agent run --source demo:`
    """
    given = Config(
        source=source,
        camera=camera,
        password_file=password_file,
        patience=patience,
        every=every,
        insecure=insecure,
        roi=roi,
        rotate=rotate,
        flip=flip,
        control=",".join(control) if control else None,
        form=form,
        artifacts=artifacts,
        json=json,
        sightings=sightings,
        no_dashboard=no_dashboard,
        decimal_comma=decimal_comma,
        log=log,
        no_log=no_log,
        keep_pictures=keep_pictures,
        pictures_mib=pictures_mib,
        web=web,
        web_password_file=web_password_file,
        web_name=web_name,
        web_cert=web_cert,
        web_key=web_key,
        mqtt=mqtt,
        mqtt_password_file=mqtt_password_file,
        mqtt_ca=mqtt_ca,
        mqtt_cert=mqtt_cert,
        mqtt_key=mqtt_key,
        mqtt_picture=mqtt_picture,
        home_assistant=home_assistant,
        webhook=webhook,
        webhook_secret_file=webhook_secret_file,
        metrics=metrics,
        board_name=board_name,
        frames=frames,
        seconds=seconds,
        width=width,
        height=height,
    )
    from rich.console import Console

    from agent.config.layers import config_files, resolve_settings
    from agent.config.replace import restore_config
    from agent.paths import CONFIG_FILE
    from agent.run import RunOptions
    from agent.run import run as run_agent
    from agent.views.summary import summary_table
    from profiles.board import detect_board

    profile = detect_board().profile
    out, err = Console(), Console(stderr=True)

    def configure() -> Settings:
        return resolve_settings(given, config_files(config), profile)

    if restore_config((config or CONFIG_FILE).resolve()):
        logging.getLogger(__name__).warning(
            "the options of the web page had not proved themselves: those before are in use again"
        )
    settings = configure()
    page = page_of(settings, config, configure, partial(err.print, markup=False, highlight=False, soft_wrap=True))
    serve = None if page is None else partial(page.serve_beside, settings.log)
    options = RunOptions(settings, _view(settings, out), screenshot, serve, outlets_of(settings))
    info, summary = run_agent(options, configure, out, err)
    if summary.counts.frames or summary.failure is None:
        (err if settings.json else out).print(summary_table(info, summary))
    if summary.failure is not None:
        raise summary.failure


def _view(settings: Settings, out: Console) -> View:
    live = sys.stdout.isatty() and not out.is_dumb_terminal and out.encoding.startswith("utf")
    if settings.json:
        return "json"
    return "dashboard" if live and not settings.no_dashboard else "plain"
