"""What carries readings off the board, from the settings of a run."""

from __future__ import annotations

import hashlib
import logging
import os
import uuid
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from profiles.errors import RuntimeUnusableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.config.layers import Settings
    from agent.outlets.broker import Broker
    from agent.outlets.home_assistant import HomeAssistantOptions
    from agent.outlets.metrics import MetricsSink
    from agent.outlets.sink import OutletSink
    from agent.run import Outlets


def outlets_of(settings: Settings) -> Callable[..., Outlets] | None:
    """Return what makes the sink that sends readings off the board, or None if nothing is sent.

    Raises:
        DigitAgentError: an address or a file cannot be used, or a library is missing.
    """
    messages = _messages(settings)
    if messages is None and settings.metrics is None:
        return None
    serve = None if settings.metrics is None else _metrics(settings)

    def open_all(info: Callable[[], object], commands: Mapping[str, Callable[[], None]], wait: bool) -> Outlets:
        from agent.run import Outlets

        sink = None if messages is None else messages(info, commands, wait)
        counts = None if sink is None else sink.counts
        if serve is None:
            assert sink is not None
            return Outlets(sink, counts, None)
        metrics = serve(info, sink)
        return Outlets(metrics, counts, metrics.figures)

    return open_all


def _metrics(settings: Settings) -> Callable[..., MetricsSink]:
    """Return what makes the sink with the figures, from what describes the run and the sink of messages."""
    if find_spec("prometheus_client") is None:
        raise RuntimeUnusableError(
            "metrics need prometheus-client", advice="install it: pip install 'digit-agent[metrics]'"
        )
    from agent.outlets.metrics import MetricsSink, parse_metrics_address

    address = parse_metrics_address(settings.metrics or "")
    if address is None and settings.web is None:
        raise UsageError("metrics are wanted on the web page, but there is none", advice="give --web 8080, too")
    return lambda info, messages: MetricsSink(address, info, settings.log, messages)


def _messages(settings: Settings) -> Callable[..., OutletSink] | None:
    """Return what makes the sink that sends messages, or None if none are sent."""
    if settings.mqtt is None and settings.webhook is None:
        return None
    from agent.outlets.assemble import OutletOptions, open_outlets
    from agent.outlets.broker import board_name
    from agent.outlets.webhook import parse_hook
    from agent.paths import outbox_file
    from agent.telemetry.corrections import count_checked

    board = board_name(settings.board_name)
    options = OutletOptions(
        board,
        outbox_file(),
        _broker(settings, board),
        None if settings.webhook is None else parse_hook(settings.webhook, settings.webhook_secret_file, os.environ),
        _home_assistant(settings) if settings.home_assistant else None,
        settings.mqtt_picture,
        _machine(),
        checked=partial(count_checked, settings.log) if settings.log else dict,
    )
    warn = logging.getLogger("agent.outlets").warning
    return lambda info, commands, wait: open_outlets(options, info, commands, warn, wait=wait)


def _broker(settings: Settings, board: str) -> Broker | None:
    if settings.mqtt is None:
        return None
    if find_spec("paho") is None:
        raise RuntimeUnusableError("MQTT needs paho-mqtt", advice="install it: pip install 'digit-agent[mqtt]'")
    from agent.config.layers import COMMAND_LINE
    from agent.outlets.broker import BrokerFiles, has_password, parse_broker

    if has_password(settings.mqtt) and settings.origins["mqtt"] == COMMAND_LINE:
        raise UsageError(
            "--mqtt has a password, which every user of this machine can see in the list of processes",
            advice="write it into a file, and name the file: --mqtt-password-file FILE",
        )
    files = BrokerFiles(settings.mqtt_password_file, settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key)
    return parse_broker(settings.mqtt, board, files, os.environ)


def _home_assistant(settings: Settings) -> HomeAssistantOptions:
    from importlib.metadata import version

    from agent.forms.document import load_forms
    from agent.outlets.home_assistant import HomeAssistantOptions
    from profiles.board import detect_board

    board, forms = detect_board(), [] if settings.form is None else load_forms(settings.form)
    fields = tuple((form.name, field.name) for form in forms for field in form.fields)
    return HomeAssistantOptions(
        board.model or board.profile.name, version("digit-agent"), fields, settings.mqtt_picture is not None
    )


def _machine() -> str:
    """Return a name of this machine for machines, from the address of its network card."""
    return hashlib.sha256(uuid.getnode().to_bytes(6, "big")).hexdigest()[:12]
