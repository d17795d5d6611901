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

from agent.camera_setup import change_camera, is_stills, parse_spec, set_up
from agent.capture.opener import open_or_wait
from agent.capture.outage import Outage
from agent.capture.uri import PicturesSpec, SourceSpec
from agent.choice.choose import choose_nets
from agent.choice.learned import Matrix, usable_adjustments
from agent.choice.variants import runtime_title
from agent.config.layers import Settings
from agent.events import Event, FaultEvent, OutageEvent, RunInfo, RunLinks, SendingCounts
from agent.forms.document import load_forms
from agent.forms.locate import FormFinder
from agent.live.camera import CameraInUse
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
from agent.paths import default_log, learned_file
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
class Outlets:
    """What carries readings and figures off the board."""

    sink: Sink
    counts: Callable[[], SendingCounts] | None
    """Returns the counters for the dashboard; None if no reading leaves the board."""
    figures: Callable[[], bytes] | None
    """Returns the figures for Prometheus; None if nobody wants them."""


@dataclass(frozen=True)
class RunOptions:
    """Options of a run."""

    settings: Settings
    view: View
    screenshot: Path | None
    """SVG file for a picture of the dashboard; None draws none."""
    page: Callable[[RunLinks, Callable[[], bytes] | None], Sink] | None = None
    """Makes the sink that shows the run on its web page, from its links and the figures; None serves none."""
    outlets: Callable[[Callable[[], RunInfo], Mapping[str, Callable[[], None]], bool], Outlets] | None = None
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
    spec, camera = parse_spec(settings), CameraInUse(set_up(settings))
    finders = [] if settings.form is None else [FormFinder(form) for form in load_forms(settings.form)]
    priority = WARNING if in_journal(err.file) else ""

    def say(text: str) -> None:
        err.print(Text(show(text), style="yellow"), highlight=False, soft_wrap=True)

    def warn(text: str) -> None:
        err.print(Text(f"{priority}{show(text)}", style="yellow"), highlight=False, soft_wrap=True)

    heartbeat = Heartbeat(os.environ)
    with ExitStack() as cleanup:
        requests = cleanup.enter_context(sighup_requests())
        with capture_warnings([warn]), progress(err, "looking for the best net") as report_step, ExitStack() as opened:
            source = opened.enter_context(open_or_wait(spec, camera.open) if heartbeat.in_service else camera.open())
            folder, learned = settings.artifacts.resolve(), _adjustments(settings)
            nets = NetsInUse(choose_nets(folder, profile, progress=report_step, adjustments=learned))
            opened.pop_all()  # from here on the feed closes it
        power = find_power_reader(profile)
        throttle = Throttle(
            profile.sensors.slow_down_c, steps(profile.budget.frame_ms), nets.set_power_saving, log.warning
        )
        stop = cleanup.enter_context(stop_on_signal())
        pause = Pause(stop)
        camera.title = source.title
        info = partial(_describe, camera, profile.name, nets, power, throttle=throttle, pause=pause)
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
        remote = {"read": video.force_look, "pause": pause.pause, "resume": pause.resume}
        change = partial(_change_camera, camera, settings, reconfigure)
        watch, want_dropped = _watch(read, finders, spec, settings, video), _nothing
        if options.page is not None and isinstance(watch, VideoWatch):
            watch, want_dropped = _explained(watch, nets)
        links = RunLinks(info, change, want_dropped)
        add_outputs = partial(_add_outputs, commands=commands, remote=remote, links=links, stop=stop)
        cleanup.enter_context(add_outputs(sinks, options, info, out, warn, wait=not source.live))
        frames_of = partial(feed, source, camera.open, log.warning)
        frames = cleanup.enter_context(frames_of(lambda outage: send(_outage_event(outage))))
        reload = partial(_reload, reconfigure, change, profile, nets, video)
        cleanup.enter_context(handle_reloads(requests, reload, done=say, refused=log.warning, environ=os.environ))
        summary = loop(
            throttle.pace(pause.hold(frames), sampler.newest, stop),
            watch_region(watch),
            sinks,
            stop=stop,
            limits=Limits(settings.frames, settings.seconds),
            vitals=sampler.newest,
        )
        return info(), summary


def _video_watch(
    read: ReadPicture, finders: Sequence[FormFinder], spec: SourceSpec, settings: Settings, profile: Profile
) -> VideoWatch | FormWatch:
    """Return what watches frames that follow each other: for sheets if there are forms, and for numbers otherwise."""
    if finders:
        return FormWatch(finders, read, still_s=0.0 if is_stills(spec, settings) else STILL_S)
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
    return watch_stills(read) if is_stills(spec, settings) else video


def _reload(
    reconfigure: Callable[[], Settings],
    change: Callable[[], list[str]],
    profile: Profile,
    nets: NetsInUse,
    video: VideoWatch | FormWatch,
) -> str:
    """Switch to the artifacts and the camera that are configured now, and return a line that says so."""
    settings = reconfigure()
    found = load_nets(settings.artifacts.resolve(), profile, adjustments=_adjustments(settings))
    changed = ", ".join(name for name in change() if name != "artifacts")
    nets.switch_to(found)
    video.force_look()
    hint = f"; restart the agent to apply the other changed options: {changed}" if changed else ""
    return f"reloaded: {nets.classifier.choice.best.variant} of {nets.folder()} is in use now{hint}"


def _change_camera(camera: CameraInUse, initial: Settings, reconfigure: Callable[[], Settings]) -> list[str]:
    """Use the options of the camera that are configured now, and return the changed options that need a restart."""
    return change_camera(camera, initial, reconfigure())


def _explained(watch: VideoWatch, nets: NetsInUse) -> tuple[Watch, Callable[[], None]]:
    """Return what watches frames and explains what it drops, and what demands such explanations."""
    from agent.live.dropped import DroppedCandidates

    dropped = DroppedCandidates(watch.force_look)
    nets.take_trace = dropped.take
    return dropped.watch(watch), dropped.want


def _nothing() -> None:
    """Explain nothing: what a run of pictures or forms drops is not shown."""


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
    camera: CameraInUse, board: str, nets: NetsInUse, power: PowerReader | None, *, throttle: Throttle, pause: Pause
) -> RunInfo:
    """Describe the run at this moment."""
    choice = nets.classifier.choice
    best = choice.best.variant
    threads = f", {best.threads} threads" if best.threads > 1 else ""
    return RunInfo(
        source=show(camera.title),
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
    remote: Mapping[str, Callable[[], None]],
    links: RunLinks,
    stop: threading.Event,
    wait: bool,
) -> Iterator[None]:
    """Add the sinks that show and keep the readings, and show warnings until the `with` block ends.

    The loop closes the sinks.

    The dashboard has the whole terminal, so warnings are printed after it has closed.
    """
    late_warnings: deque[str] = deque(maxlen=MAX_REPEATED_WARNINGS)
    queued = outlets = None
    keep: Callable[[str], object] = late_warnings.append if options.view == "dashboard" else warn
    with capture_warnings([keep]):
        if options.outlets is not None:
            outlets = options.outlets(info, remote, wait)
            sinks.append(outlets.sink)
        if options.view == "dashboard":
            keyboard = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
            sending = None if outlets is None else outlets.counts
            sinks.append(Dashboard(info, out, commands, keyboard=keyboard, sending=sending))
        else:
            lines: Sink = PlainLines(out.file)
            if options.view == "json":
                lines = JsonLines(out.file, sightings=options.settings.sightings)
            queued = QueuedSink(lines, options.view, wait=wait, stop=stop)
            sinks.append(queued)
        if options.settings.log is not None:
            pictures = KeepPictures(options.settings.keep_pictures, options.settings.pictures_mib * 2**20)
            sinks.append(LogSink(options.settings.log, info, log.warning, wait=wait, pictures=pictures))
        if options.screenshot is not None:
            sinks.append(Screenshot(info, options.screenshot))
        if options.page is not None:
            sinks.append(options.page(links, None if outlets is None else outlets.figures))
        yield
        if queued is not None and queued.dropped:
            log.warning("%d frames never reached the %s output, which was too slow", queued.dropped, queued.name)
    for text in late_warnings:
        warn(text)


def _adjustments(settings: Settings) -> Mapping[str, Matrix]:
    """Return what was learned from the corrections of the log."""
    return usable_adjustments(learned_file(settings.log or default_log()))
