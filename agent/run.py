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

from agent.capture.opener import open_or_wait, open_source
from agent.capture.outage import Outage
from agent.capture.uri import PicturesSpec, parse_source
from agent.choice.choose import choose_nets
from agent.choice.variants import place
from agent.config.layers import Settings
from agent.events import RunInfo
from agent.live.feed import feed
from agent.live.health import HealthFile
from agent.live.heartbeat import Heartbeat
from agent.live.log_capture import capture_warnings
from agent.live.loop import Limits, loop
from agent.live.reload import NetsInUse, asked_by_signal, load_nets, reloads
from agent.live.sampler import Sampler, measure_vitals
from agent.live.sinks import Queued, Sink
from agent.live.summary import Summary
from agent.live.throttle import Throttle, steps
from agent.live.watch import VideoWatch, watch_stills
from agent.sensors.power import find_power_reader
from agent.sensors.sample import PowerReader
from agent.sensors.throttling import find_throttling_reader
from agent.telemetry.sink import LogSink
from agent.views.dashboard import Dashboard
from agent.views.jsonl import JsonLines
from agent.views.plain import Plain
from agent.views.screenshot import Screenshot
from profiles.board import detect_board
from profiles.profile import Profile
from profiles.terminal import WARNING, in_journal

log = logging.getLogger(__name__)
HELD_NOTICES = 20
View = Literal["dashboard", "plain", "json"]


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked for."""

    settings: Settings
    view: View
    screenshot: Path | None


def run(
    options: RunOptions, settle_again: Callable[[], Settings], out: Console, err: Console
) -> tuple[RunInfo, Summary]:
    """Read numbers until the source ends, a limit is reached, or a signal asks to stop; SIGHUP reloads.

    Args:
        options: what is asked for.
        settle_again: gives the settings anew, for a reload.
        out: where readings are shown.
        err: where warnings and progress are shown.

    Returns:
        What ran, and what it came to; its `failure` is what broke the source off.

    Raises:
        DigitAgentError: the source, or the artifacts, cannot be used.
    """
    profile, settings = detect_board().profile, options.settings
    spec = parse_source(settings.source)
    say = partial(err.print, style="yellow", markup=False, highlight=False, soft_wrap=True)
    warn: Callable[[str], None] = (lambda text: say(f"{WARNING}{text}")) if in_journal(err.file) else say
    reopen = partial(open_source, spec, width=settings.width, height=settings.height)
    heartbeat = Heartbeat(os.environ)
    with ExitStack() as cleanup:
        asked = cleanup.enter_context(asked_by_signal())
        with capture_warnings([warn]), err.status("looking for the best net") as status, ExitStack() as opened:
            source = opened.enter_context(open_or_wait(spec, reopen) if heartbeat.heard else reopen())
            tell = status.update if err.is_terminal else log.info
            nets = NetsInUse(choose_nets(settings.artifacts.resolve(), profile, tell=tell))
            opened.pop_all()  # from now on the feed closes it
        power = find_power_reader(profile)
        throttle = Throttle(profile.sensors.slow_down_c, steps(profile.budget.frame_ms), nets.spare, log.warning)
        info = partial(_info, source.title, profile.name, nets, power, throttle)
        sampler = Sampler(partial(measure_vitals, profile.sensors, power, find_throttling_reader(profile.sensors)))
        cleanup.callback(sampler.close)
        stop = cleanup.enter_context(_stop_by_signal())
        health = HealthFile(os.environ, nets.folder)
        cleanup.enter_context(capture_warnings([health.fault]))
        views = cleanup.enter_context(_sinks(options, info, out, warn, wait=not source.live))
        sinks: list[Sink] = [heartbeat, health, *views]
        frames = cleanup.enter_context(feed(source, reopen, log.warning, partial(_tell_waiting, sinks)))
        video = VideoWatch(nets.read, profile.budget.frame_ms, live=source.live)
        reload = partial(_reload, settle_again, settings, profile, nets, video)
        cleanup.enter_context(reloads(asked, reload, done=say, refused=log.warning, environ=os.environ))
        summary = loop(
            throttle.pace(frames, sampler.newest, stop),
            watch_stills(nets.read) if isinstance(spec, PicturesSpec) else video,
            sinks,
            stop=stop,
            limits=Limits(settings.frames, settings.seconds),
            vitals=sampler.newest,
        )
        return info(), summary


def _reload(
    settle_again: Callable[[], Settings], before: Settings, profile: Profile, nets: NetsInUse, video: VideoWatch
) -> str:
    """Read with the artifacts that are configured now; what came of it, in words."""
    settings = settle_again()
    nets.take_over(load_nets(settings.artifacts.resolve(), profile))
    video.look_anew()
    waiting = ", ".join(name for name in before.changed(settings) if name != "artifacts")
    later = f"; what else was changed waits for a restart: {waiting}" if waiting else ""
    return f"reloaded: {nets.classifier.choice.best.candidate} of {nets.folder()} reads from now on{later}"


def _info(source: str, board: str, nets: NetsInUse, power: PowerReader | None, throttle: Throttle) -> RunInfo:
    """What runs at this moment: another artifact takes over when one fails, or the board is hot."""
    choice = nets.classifier.choice
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


def _tell_waiting(sinks: Sequence[Sink], away: Outage) -> None:
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
    with capture_warnings(listeners):
        if options.settings.log is not None:
            store = LogSink(options.settings.log, info, log.warning, wait=wait)
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
