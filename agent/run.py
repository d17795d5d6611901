"""A run, put together from its parts: board, source, nets, sensors, sinks, and the loop that connects them."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from agent.capture.address import DEFAULT_EVERY_S, DEFAULT_PATIENCE_S, StreamOptions, StreamSpec
from agent.capture.controls import parse_controls
from agent.capture.mounting import MountedSource, Mounting, parse_mounting
from agent.capture.opener import open_or_wait, open_source
from agent.capture.outage import Outage
from agent.capture.password import read_password
from agent.capture.periodic import MIN_CLOSED_S, PeriodicSource
from agent.capture.source import Source
from agent.capture.uri import DemoSpec, LiveSpec, PicturesSpec, SourceSpec, parse_source
from agent.choice.choose import choose_nets
from agent.choice.variants import runtime_title
from agent.config.layers import Settings
from agent.events import Event, FaultEvent, OutageEvent, RunInfo
from agent.forms.demo import open_form_demo
from agent.forms.document import load_forms
from agent.forms.locate import FormFinder
from agent.live.feed import feed
from agent.live.health import HealthFile
from agent.live.heartbeat import Heartbeat
from agent.live.loop import Limits, loop
from agent.live.pause import Pause
from agent.live.reload import NetsInUse, handle_reloads, load_nets, sighup_requests
from agent.live.sampler import Sampler, measure_vitals
from agent.live.sinks import QueuedSink, Sink, capture_warnings
from agent.live.stop import stop_on_signal
from agent.live.throttle import Throttle, steps
from agent.live.watch import ReadPicture, VideoWatch, Watch, watch_region, watch_stills
from agent.live.watch_forms import STILL_S, FormWatch, watch_form_pictures
from agent.sensors.load import LoadReader
from agent.sensors.power import find_power_reader
from agent.sensors.power_sample import PowerReader
from agent.sensors.throttling import find_throttling_reader
from agent.summary import Summary
from agent.telemetry.pictures import KeepPictures
from agent.telemetry.sink import LogSink
from agent.views.dashboard import QUIT, Command, Dashboard
from agent.views.lines import JsonLines, PlainLines
from agent.views.progress import progress
from agent.views.screenshot import Screenshot
from profiles.board import detect_board
from profiles.foreign_text import show
from profiles.profile import Profile
from profiles.terminal import WARNING, in_journal

log = logging.getLogger(__name__)
MAX_REPEATED_WARNINGS = 20
"""Warnings that are repeated on the terminal after the dashboard has closed; of more, only the latest."""
View = Literal["dashboard", "plain", "json"]


@dataclass(frozen=True)
class RunOptions:
    """Options of a run."""

    settings: Settings
    view: View
    screenshot: Path | None
    """SVG file for a picture of the dashboard; None draws none."""
    page: Callable[[Callable[[], RunInfo]], Sink] | None = None
    """Makes the sink that shows the run on its web page, from what describes the run; None serves none."""
    outlets: Callable[[Callable[[], RunInfo], Mapping[str, Callable[[], None]], bool], Sink] | None = None
    """Makes the sink that sends readings off the board, from what describes the run, what is done for a command by its
    name, and whether the run waits while they cannot be stored; None sends nothing."""


def run(
    options: RunOptions, reconfigure: Callable[[], Settings], out: Console, err: Console
) -> tuple[RunInfo, Summary]:
    """Read numbers until the source ends, a limit is reached, or a signal asks to stop; SIGHUP reloads the artifacts.

    Args:
        options: options of the run.
        reconfigure: resolves the settings again, for a reload.
        out: console for readings.
        err: console for warnings and progress.

    Returns:
        Description and summary of the run; the summary holds the failure of the source, if it failed.

    Raises:
        DigitAgentError: the source or the artifacts cannot be used.
    """
    profile, settings = detect_board().profile, options.settings
    spec = parse_source(settings.source, _stream_options(settings))
    mounting = parse_mounting(settings.roi, settings.rotate, settings.flip)
    finders = [] if settings.form is None else [FormFinder(form) for form in load_forms(settings.form)]
    priority = WARNING if in_journal(err.file) else ""

    def say(text: str) -> None:
        err.print(Text(show(text), style="yellow"), highlight=False, soft_wrap=True)

    def warn(text: str) -> None:
        err.print(Text(f"{priority}{show(text)}", style="yellow"), highlight=False, soft_wrap=True)

    reopen = partial(_open, spec, settings, mounting)
    heartbeat = Heartbeat(os.environ)
    with ExitStack() as cleanup:
        requests = cleanup.enter_context(sighup_requests())
        with capture_warnings([warn]), progress(err, "looking for the best net") as report_step, ExitStack() as opened:
            source = opened.enter_context(open_or_wait(spec, reopen) if heartbeat.in_service else reopen())
            nets = NetsInUse(choose_nets(settings.artifacts.resolve(), profile, progress=report_step))
            opened.pop_all()  # from here on the feed closes it
        power = find_power_reader(profile)
        throttle = Throttle(
            profile.sensors.slow_down_c, steps(profile.budget.frame_ms), nets.set_power_saving, log.warning
        )
        stop = cleanup.enter_context(stop_on_signal())
        pause = Pause(stop)
        info = partial(_describe, source.title, profile.name, nets, power, throttle=throttle, pause=pause)
        throttling = find_throttling_reader(profile.sensors)
        sampler = Sampler(partial(measure_vitals, profile.sensors, power, throttling, load=LoadReader()))
        cleanup.callback(sampler.close)
        sinks: list[Sink] = [heartbeat, HealthFile(os.environ, nets.folder)]

        def send(event: Event) -> None:
            for sink in sinks:
                sink.take(event)

        cleanup.enter_context(capture_warnings([lambda text: send(FaultEvent(show(text)))]))
        read = partial(nets.read, decimal_comma=settings.decimal_comma)
        video = _video_watch(read, finders, spec, settings, profile)
        commands = _commands(stop, pause, video)
        add_outputs = partial(_add_outputs, commands=commands, stop=stop, wait=not source.live)
        cleanup.enter_context(add_outputs(sinks, options, info, out, warn))
        if options.outlets is not None:
            remote = {"read": video.force_look, "pause": pause.pause, "resume": pause.resume}
            sinks.append(options.outlets(info, remote, not source.live))
        frames = cleanup.enter_context(feed(source, reopen, log.warning, lambda outage: send(_outage_event(outage))))
        reload = partial(_reload, reconfigure, settings, profile, nets, video)
        cleanup.enter_context(handle_reloads(requests, reload, done=say, refused=log.warning, environ=os.environ))
        summary = loop(
            throttle.pace(pause.hold(frames), sampler.newest, stop),
            _watch_region(_watch(read, finders, spec, settings, video), mounting),
            sinks,
            stop=stop,
            limits=Limits(settings.frames, settings.seconds),
            vitals=sampler.newest,
        )
        return info(), summary


def _open(spec: SourceSpec, settings: Settings, mounting: Mounting) -> Source:
    """Open the source, so that it gives a frame as often as wanted, and turned as the camera is mounted."""
    if isinstance(spec, DemoSpec) and spec.form:
        opening: Callable[[], Source] = partial(open_form_demo, spec)
    else:
        controls = parse_controls(settings.control)
        opening = partial(open_source, spec, width=settings.width, height=settings.height, controls=controls)
    source, is_http = opening(), isinstance(spec, StreamSpec) and spec.scheme in ("http", "https")
    if settings.every is not None and not is_http and not isinstance(spec, PicturesSpec):
        source = PeriodicSource(source, opening, settings.every)
    return (
        source
        if mounting == Mounting()
        else MountedSource(source, mounting, one_size=not isinstance(spec, PicturesSpec))
    )


def _is_stills(spec: SourceSpec, settings: Settings) -> bool:
    """Return whether each frame counts by itself: pictures, and looks so rare that a page is seen once."""
    rare = isinstance(spec, LiveSpec) and settings.every is not None and settings.every >= MIN_CLOSED_S
    return isinstance(spec, PicturesSpec) or rare


def _video_watch(
    read: ReadPicture, finders: Sequence[FormFinder], spec: SourceSpec, settings: Settings, profile: Profile
) -> VideoWatch | FormWatch:
    """Return what watches frames that follow each other: for sheets if there are forms, and for numbers otherwise."""
    if finders:
        return FormWatch(finders, read, still_s=0.0 if _is_stills(spec, settings) else STILL_S)
    return VideoWatch(read, profile.budget.frame_ms)


def _watch(
    read: ReadPicture,
    finders: Sequence[FormFinder],
    spec: SourceSpec,
    settings: Settings,
    video: VideoWatch | FormWatch,
) -> Watch:
    """Return what watches the frames of a source."""
    if finders:
        return watch_form_pictures(finders, read, log.warning) if isinstance(spec, PicturesSpec) else video
    return watch_stills(read) if _is_stills(spec, settings) else video


def _watch_region(watch: Watch, mounting: Mounting) -> Watch:
    return watch if mounting.region is None else watch_region(watch, mounting.box)


def _stream_options(settings: Settings) -> StreamOptions:
    """Return how a camera in the network is read."""
    return StreamOptions(
        patience_s=DEFAULT_PATIENCE_S if settings.patience is None else settings.patience,
        every_s=DEFAULT_EVERY_S if settings.every is None else settings.every,
        one_each=settings.every is not None,
        verify=not settings.insecure,
        password=read_password(settings.password_file, os.environ),
    )


def _reload(
    reconfigure: Callable[[], Settings],
    initial: Settings,
    profile: Profile,
    nets: NetsInUse,
    video: VideoWatch | FormWatch,
) -> str:
    """Switch to the artifacts that are configured now, and return a line that says so."""
    settings = reconfigure()
    nets.switch_to(load_nets(settings.artifacts.resolve(), profile))
    video.force_look()
    changed = ", ".join(name for name in initial.changed(settings) if name != "artifacts")
    hint = f"; restart the agent to apply the other changed options: {changed}" if changed else ""
    return f"reloaded: {nets.classifier.choice.best.variant} of {nets.folder()} is in use now{hint}"


def _commands(stop: threading.Event, pause: Pause, video: VideoWatch | FormWatch) -> dict[str, Command]:
    """Return what the keys of the dashboard do to the run."""
    return {
        QUIT: Command("quit", "Stop the run and show its summary, as Ctrl-C does.", stop.set),
        "p": Command("pause", "Stop reading for a while, or go on.", pause.toggle),
        "r": Command("read now", "Read the next frame thoroughly, even if it shows nothing new.", video.force_look),
    }


def _outage_event(outage: Outage) -> OutageEvent:
    return OutageEvent(replace(outage, reason=show(outage.reason)))


def _describe(
    source: str, board: str, nets: NetsInUse, power: PowerReader | None, *, throttle: Throttle, pause: Pause
) -> RunInfo:
    """Describe the run at this moment."""
    choice = nets.classifier.choice
    best = choice.best.variant
    threads = f", {best.threads} threads" if best.threads > 1 else ""
    return RunInfo(
        source=show(source),
        board=board,
        artifact=best.artifact.file,
        runtime=show(f"{runtime_title(best.runtime, best.provider)}{threads}"),
        reason=show(choice.reason.removeprefix(f"{best}: ")),
        power_sensor=power.description if power is not None else None,
        slowed=str(throttle.step) if throttle.step.frame_ms else "",
        paused=pause.paused,
    )


@contextmanager
def _add_outputs(
    sinks: list[Sink],
    options: RunOptions,
    info: Callable[[], RunInfo],
    out: Console,
    warn: Callable[[str], None],
    *,
    commands: Mapping[str, Command],
    stop: threading.Event,
    wait: bool,
) -> Iterator[None]:
    """Add the sinks that show and keep the readings, and show warnings until the `with` block ends.

    The loop closes the sinks.

    The dashboard has the whole terminal, so warnings are printed after it has closed.
    """
    late_warnings: deque[str] = deque(maxlen=MAX_REPEATED_WARNINGS)
    queued = None
    if options.view == "dashboard":
        keyboard = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        sinks.append(Dashboard(info, out, commands, keyboard=keyboard))
        keep: Callable[[str], None] = late_warnings.append
    else:
        lines: Sink = PlainLines(out.file)
        if options.view == "json":
            lines = JsonLines(out.file, sightings=options.settings.sightings)
        queued = QueuedSink(lines, options.view, wait=wait, stop=stop)
        sinks.append(queued)
        keep = warn
    with capture_warnings([keep]):
        if options.settings.log is not None:
            pictures = KeepPictures(options.settings.keep_pictures, options.settings.pictures_mib * 2**20)
            sinks.append(LogSink(options.settings.log, info, log.warning, wait=wait, pictures=pictures))
        if options.screenshot is not None:
            sinks.append(Screenshot(info, options.screenshot))
        if options.page is not None:
            sinks.append(options.page(info))
        yield
        if queued is not None and queued.dropped:
            log.warning("%d frames never reached the %s output, which was too slow", queued.dropped, queued.name)
    for text in late_warnings:
        warn(text)
