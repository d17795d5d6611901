"""The outlets of a run, put together from their parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from agent.events import RunInfo
from agent.outlets.broker import Broker
from agent.outlets.home_assistant import Discovery, HomeAssistantOptions
from agent.outlets.message import MessageMaker
from agent.outlets.outbox import Outbox
from agent.outlets.outlet import FIRST_PAUSE_S, Outlet
from agent.outlets.picture import CameraPicture
from agent.outlets.sink import CONFIDENCE, OutletSink
from agent.outlets.state import FREQUENT, RunState
from agent.outlets.webhook import Hook, WebhookOutlet

HEALTH_S = 60.0
"""Time after which the health is sent again if only the last reading and the confidence in it are new, in seconds."""


@dataclass(frozen=True)
class OutletOptions:
    """Where messages go."""

    board: str
    """Name of the board."""
    outbox: Path
    """The database of the outbox."""
    broker: Broker | None = None
    hook: Hook | None = None
    """The web service that gets a POST for each reading; None sends none."""
    home_assistant: HomeAssistantOptions | None = None
    """What Home Assistant is told of the board; None describes nothing."""
    picture_s: float | None = None
    """Time between two pictures of the camera for the broker, in seconds; None sends none."""
    machine: str = ""
    """The same in every run on this machine, and on no other."""
    first_pause_s: float = FIRST_PAUSE_S
    """Pause after the first failure of an outlet, in seconds."""
    checked: Callable[[], Mapping[str, int]] = dict
    """Counts the readings that people checked, for the health; empty where nobody does."""


class KeptTopics:
    """What the broker shall keep at this moment, by topic; called by one thread only.

    Args:
        broker: the broker.
        machine: name of this machine for machines.
        state: sums up the run.
        discovery: describes the board to Home Assistant.
        checked: counts the readings that people checked.
        clock_s: current time, in seconds.
    """

    def __init__(
        self,
        broker: Broker,
        machine: str,
        state: RunState,
        discovery: Discovery,
        checked: Callable[[], Mapping[str, int]],
        *,
        clock_s: Callable[[], float],
    ) -> None:
        self._broker, self._machine, self._state, self._clock_s = broker, machine, state, clock_s
        self._discovery, self._checked = discovery, checked
        self._health: dict[str, object] = {}
        self._made_s = float("-inf")

    def __call__(self) -> dict[str, bytes]:
        """Return the body of each topic."""
        health, now_s = self._state.health(), self._clock_s()
        changed = {name for name, value in health.items() if self._health.get(name) != value}
        known_before = {name for name, value in self._health.items() if value}
        if changed - (FREQUENT & known_before) or now_s - self._made_s >= HEALTH_S:
            self._health, self._made_s = {**health, **self._checked()}, now_s
        body = {"board": self._broker.board, "machine": self._machine, **self._health}
        return {f"{self._broker.root}/health": msgspec.json.encode(body), **self._discovery(self._state.vitals)}


def open_outlets(
    options: OutletOptions,
    info: Callable[[], RunInfo],
    commands: Mapping[str, Callable[[], None]],
    warn: Callable[[str], None],
    *,
    wait: bool,
) -> OutletSink:
    """Open the outbox, and start the outlets.

    Args:
        options: where messages go.
        info: describes the run at this moment.
        commands: what is done for the text of a command.
        warn: called when something fails, and when it works again.
        wait: whether a run waits while its messages cannot be stored.
    """
    given = {"mqtt": options.broker, "webhook": options.hook}
    outbox = Outbox(options.outbox, [name for name, value in given.items() if value is not None], warn)
    state = RunState(info, outbox.note(CONFIDENCE))
    outlets = list[Outlet]()
    picture = None if options.picture_s is None else CameraPicture(options.picture_s, time.monotonic)
    if options.broker is not None:
        from agent.outlets.mqtt import MqttOutlet

        discovery = Discovery(options.broker, options.home_assistant, outbox, time.monotonic)
        kept = KeptTopics(options.broker, options.machine, state, discovery, options.checked, clock_s=time.monotonic)
        machine, pause_s = options.machine, options.first_pause_s
        of_run = partial(MqttOutlet, options.broker, outbox, kept, machine, commands, picture=picture)
        outlets.append(of_run(warn=warn, first_pause_s=pause_s))
    if options.hook is not None:
        outlets.append(WebhookOutlet(options.hook, outbox, warn, first_pause_s=options.first_pause_s))
    return OutletSink(outbox, outlets, state, MessageMaker(options.board), warn, picture=picture, wait=wait)
