"""Reloading while the agent reads, on a thread beside the loop.

SIGHUP requests a reload. The loop never waits for it: between two frames it switches to the new nets, or keeps the
previous ones if the reload is refused.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from agent.choice.choose import choose
from agent.choice.fallback import NO_ADJUSTMENTS, ChosenNets, FallbackNet
from agent.choice.learned import Matrix
from agent.live.recall import Recall
from agent.sd_notify import READY, notify, reloading
from agent.vision.page import Page
from agent.vision.pipeline import Depth, Trace, trace_page
from profiles.errors import DigitAgentError
from profiles.manifest import Role, load_manifest, read_artifact
from profiles.profile import Profile

JOIN_TIMEOUT_S = 2.0
"""Longest wait for the reload thread at the end of a run, in seconds. Raising it delays the end. Not tuned."""
ReloadRequests = SimpleQueue[bool]
"""True requests a reload, False ends the thread. A signal handler may interrupt `put`, unlike `Event.set`."""


class NetsInUse:
    """The nets in use. They can be replaced from any thread; each page is read by one set of nets only.

    Args:
        nets: the first nets.
    """

    def __init__(self, nets: ChosenNets) -> None:
        self._nets, self._recall = nets, Recall(nets)
        self._power_saving, self._lock = False, threading.Lock()
        self.take_trace: Callable[[Trace], object] | None = None
        """Is called with the results of all steps of each page, on the thread that reads; None if nobody wants them."""

    @property
    def classifier(self) -> FallbackNet:
        """The classifier in use."""
        return self._nets.classifier

    def folder(self) -> Path:
        """Return the folder of the artifacts in use."""
        return Path(self._nets.classifier.choice.folder)

    def read(self, image: NDArray[np.uint8], *, depth: Depth, decimal_comma: bool | None = None) -> Page:
        """Read a picture, in a quick look the next frame of a video; the arguments are the same as in `read_page`."""
        trace = trace_page(image, self._recall.nets(depth), depth, decimal_comma=decimal_comma)
        if self.take_trace is not None:
            self.take_trace(trace)
        return trace.page

    def set_power_saving(self, on: bool) -> None:
        """Use the nets that load the board least, or the best ones again."""
        with self._lock:
            self._power_saving = on
            self._nets.set_power_saving(on)

    def switch_to(self, nets: ChosenNets) -> None:
        """Use other nets from the next picture on; `set_power_saving` stays in force."""
        with self._lock:
            nets.set_power_saving(self._power_saving)
            self._nets, self._recall = nets, Recall(nets)


def load_nets(
    folder: Path,
    profile: Profile,
    cache: Path | None = None,
    *,
    adjustments: Mapping[str, Matrix] = NO_ADJUSTMENTS,
) -> ChosenNets:
    """Load the best nets of a folder after a complete check.

    The check is stricter than at the start, because the previous nets can stay in use: each file must match the
    manifest, and each role needs an artifact that computes its golden logits on this board.

    Args:
        folder: artifacts and their manifest.
        profile: profile of this board.
        cache: folder in which choices are kept; None is the user's cache.
        adjustments: what was learned from corrections, as in `FallbackNet`.

    Raises:
        ManifestError: the manifest is missing or damaged.
        ArtifactError: a file is missing, or does not match the manifest.
        NoArtifactError: no artifact of a role can be used.
    """
    artifacts = load_manifest(folder).artifacts
    for artifact in artifacts:
        read_artifact(folder, artifact)
    roles = {artifact.role for artifact in artifacts}

    def best(role: Role) -> FallbackNet | None:
        return FallbackNet(choose(folder, profile, role, cache=cache), adjustments) if role in roles else None

    classifier = FallbackNet(choose(folder, profile, cache=cache), adjustments)
    return ChosenNets(classifier, best("verifier"), best("recogniser"))


@contextmanager
def sighup_requests() -> Iterator[ReloadRequests]:
    """Give a queue into which SIGHUP puts a request. In a terminal SIGHUP is a hang-up, and requests nothing."""
    requests = ReloadRequests()
    if any(map(os.isatty, range(3))):
        yield requests
        return
    previous = signal.signal(signal.SIGHUP, lambda *_: requests.put(True))
    try:
        yield requests
    finally:
        signal.signal(signal.SIGHUP, previous)


@contextmanager
def handle_reloads(
    requests: ReloadRequests,
    reload: Callable[[], str],
    *,
    done: Callable[[str], object],
    refused: Callable[[str], object],
    environ: Mapping[str, str],
) -> Iterator[None]:
    """Reload on a thread of its own whenever it is requested, until the `with` block ends.

    Args:
        requests: requests to reload. Several requests during one reload cause only one more reload.
        reload: reloads, and returns a message about what is in use now. If it raises an error, the reload is refused,
            and later ones are still possible.
        done: called with the message that `reload` returned.
        refused: called with the reason as a message if the reload was refused.
        environ: environment of the process, in which systemd gives the address to notify.
    """
    ended = threading.Event()

    def work() -> None:
        while _next_request(requests):
            notify(environ, *reloading(time.monotonic_ns()))
            try:
                report = partial(done, reload())
            except Exception as error:  # noqa: BLE001 - whatever it is, the next reload must be possible
                reason = error if isinstance(error, (DigitAgentError, OSError)) else repr(error)
                report = partial(refused, f"reload refused, the previous artifacts stay in use: {reason}")
            if not ended.is_set():
                notify(environ, READY)
                report()

    thread = threading.Thread(target=work, name="reload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        requests.put(False)
        thread.join(JOIN_TIMEOUT_S)


def _next_request(requests: ReloadRequests) -> bool:
    """Wait for requests and take all of them. Return False if a request ends the thread."""
    waiting = [requests.get()]
    while not requests.empty():
        waiting.append(requests.get())
    return all(waiting)
