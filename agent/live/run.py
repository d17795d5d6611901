"""A run, put together from its parts: board, source, net, sensors, sinks, and the loop that joins them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console

from agent.capture.away import Away
from agent.capture.opener import open_or_wait, open_source
from agent.capture.uri import PicturesSpec, parse_source
from agent.choice.best import BestNet
from agent.choice.candidates import place
from agent.choice.choose import choose_nets
from agent.folders import default_artifacts
from agent.live.feed import feed
from agent.live.health import HealthFile
from agent.live.heartbeat import Heartbeat
from agent.live.loop import Limits, loop
from agent.live.notices import notices
from agent.live.sampler import Sampler, measure_vitals
from agent.live.sinks import Queued, Sink
from agent.live.summary import Summary
from agent.live.throttle import Throttle, steps
from agent.live.tick import RunInfo
from agent.live.watch import VideoWatch, watch_stills
from agent.sensors.power import find_power_reader
from agent.sensors.sample import PowerReader
from agent.sensors.throttling import find_throttling_reader
from agent.telemetry.store import Store
from agent.views.dashboard import Dashboard
from agent.views.jsonl import JsonLines
from agent.views.plain import Plain
from agent.views.screenshot import Screenshot
from agent.vision.page import read_page
from profiles.board import detect_board

log = logging.getLogger(__name__)
HELD_NOTICES = 20
View = Literal["dashboard", "plain", "json"]


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked for; None is the default."""

    source: str | None
    """None is the camera of the board's profile."""
    artifacts: Path | None
    """None means those that ship with the package."""
    log: Path | None
    """The database to log to; None keeps no log."""
    view: View
    limits: Limits
    width: int | None
    height: int | None
    screenshot: Path | None


def run(options: RunOptions, out: Console, err: Console) -> tuple[RunInfo, Summary]:
    """Read numbers until the source ends, a limit is reached, or a signal asks to stop.

    Args:
        options: what is asked for.
        out: where readings are shown.
        err: where warnings and progress are shown.

    Returns:
        What ran, and what it came to; its `failure` is what broke the source off.

    Raises:
        DigitAgentError: the source, or the artifacts, cannot be used.
    """
    profile = detect_board().profile
    spec = parse_source(profile.camera.source if options.source is None else options.source)
    width, height = options.width or profile.camera.width, options.height or profile.camera.height
    say = partial(err.print, style="yellow", markup=False, highlight=False, soft_wrap=True)
    reopen = partial(open_source, spec, width=width, height=height)
    artifacts = (options.artifacts or default_artifacts()).resolve()
    heartbeat, health = Heartbeat(os.environ), HealthFile(os.environ, lambda: artifacts)
    with ExitStack() as cleanup:
        with notices([say]), err.status("looking for the best net") as status, ExitStack() as opened:
            source = opened.enter_context(open_or_wait(spec, reopen) if heartbeat.heard else reopen())
            tell = status.update if err.is_terminal else log.info
            nets = choose_nets(artifacts, profile, tell=tell)
            opened.pop_all()  # from now on the feed closes it
        power = find_power_reader(profile)
        throttle = Throttle(profile.sensors.slow_down_c, steps(profile.budget.frame_ms), nets.spare, log.warning)
        info = partial(_info, source.title, profile.name, nets.classifier, power, throttle)
        sampler = Sampler(partial(measure_vitals, profile.sensors, power, find_throttling_reader(profile.sensors)))
        cleanup.callback(sampler.close)
        stop = cleanup.enter_context(_stop_by_signal())
        cleanup.enter_context(notices([health.fault]))
        views = cleanup.enter_context(_sinks(options, info, out, say, wait=not source.live))
        sinks: list[Sink] = [heartbeat, health, *views]
        frames = cleanup.enter_context(feed(source, reopen, log.warning, partial(_tell_waiting, sinks)))
        read = partial(read_page, nets=nets)
        stills = isinstance(spec, PicturesSpec)
        summary = loop(
            throttle.pace(frames, sampler.newest, stop),
            watch_stills(read) if stills else VideoWatch(read, profile.budget.frame_ms, live=source.live),
            sinks,
            stop=stop,
            limits=options.limits,
            vitals=sampler.newest,
        )
        return info(), summary


def _info(source: str, board: str, net: BestNet, power: PowerReader | None, throttle: Throttle) -> RunInfo:
    """What runs at this moment: another artifact takes over when one fails, or the board is hot."""
    choice = net.choice
    best = choice.best.candidate
    threads = f", {best.threads} threads" if best.threads > 1 else ""
    return RunInfo(
        source=source,
        board=board,
        artifact=best.artifact.file,
        runtime=f"{place(best.runtime, best.provider)}{threads}",
        reason=choice.reason.removeprefix(f"{best}: "),
        power_sensor=power.describe if power is not None else None,
        slowed=str(throttle.step) if throttle.step.frame_ms else "",
    )


def _tell_waiting(sinks: Sequence[Sink], away: Away) -> None:
    for sink in sinks:
        if isinstance(sink, Heartbeat | Dashboard):
            sink.waiting(away)


@contextmanager
def _sinks(
    options: RunOptions, info: Callable[[], RunInfo], out: Console, say: Callable[[str], None], *, wait: bool
) -> Iterator[list[Sink]]:
    """The sinks of a run, which the loop closes; warnings go to the view and the log while it lasts.

    The dashboard has the terminal for itself, so what was said meanwhile is said again after it.
    """
    held: deque[str] = deque(maxlen=HELD_NOTICES)
    if options.view == "dashboard":
        dashboard = Dashboard(info, out)
        sinks, listeners = list[Sink]([dashboard]), [dashboard.say, held.append]
    else:
        lines = JsonLines(out.file) if options.view == "json" else Plain(out.file)
        sinks, listeners = list[Sink]([Queued(lines, options.view, wait=wait)]), [say]
    with notices(listeners):
        if options.log is not None:
            store = Store(options.log, info, log.warning, wait=wait)
            listeners.append(store.note)
            sinks.append(store)
        if options.screenshot is not None:
            sinks.append(Screenshot(info, options.screenshot))
        yield sinks
        for late in sinks:
            if isinstance(late, Queued) and late.dropped:
                log.warning("%d frames never reached the %s, which was too slow", late.dropped, late.name)
    for text in held:
        say(text)


@contextmanager
def _stop_by_signal() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; a second one ends the process as it always does."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
