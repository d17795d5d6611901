"""Reloading while the agent reads: SIGHUP asks for it, it is done beside the loop, and what is wrong is refused.

The loop never waits. Between two frames other nets take over, or the old ones go on.
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
from agent.choice.fallback import ChosenNets, FallbackNet
from agent.sd_notify import READY, notify, reloading
from agent.vision.page import Depth, Page, read_page
from profiles.errors import DigitAgentError
from profiles.manifest import load_manifest, read_artifact
from profiles.profile import Profile

JOIN_S = 2.0
Asked = SimpleQueue[bool]
"""True asks for a reload, False for the end. Unlike an Event's, its `put` may be interrupted by a signal's handler."""


class NetsInUse:
    """The nets that read now. Others may take over at any time: a page is read by one or the other.

    Args:
        nets: the first.
    """

    def __init__(self, nets: ChosenNets) -> None:
        self._nets, self._sparing, self._lock = nets, False, threading.Lock()

    @property
    def classifier(self) -> FallbackNet:
        return self._nets.classifier

    def folder(self) -> Path:
        """Where the artifacts lie."""
        return Path(self._nets.classifier.choice.folder)

    def read(self, image: NDArray[np.uint8], *, depth: Depth) -> Page:
        """Read a picture; arguments as in `read_page`."""
        return read_page(image, self._nets, depth)

    def spare(self, on: bool) -> None:
        """Work with what takes the least of the board, or with the best again."""
        with self._lock:
            self._sparing = on
            self._nets.spare(on)

    def take_over(self, nets: ChosenNets) -> None:
        """Read with others from the next picture on, as sparingly as before."""
        with self._lock:
            nets.spare(self._sparing)
            self._nets = nets


def load_nets(folder: Path, profile: Profile, cache: Path | None = None) -> ChosenNets:
    """The best nets of a folder in which all is right.

    It is stricter than at the start, for now there is something to stay with: each file is what its manifest says, and
    each role has an artifact that computes its golden logits here.

    Args:
        folder: artifacts and their manifest.
        profile: of this board.
        cache: where choices are kept; None is the user's cache.

    Raises:
        ManifestError: the manifest is missing or damaged.
        ArtifactError: a file is missing, or not the one that the manifest describes.
        NoArtifactError: no artifact of a role can be used.
    """
    artifacts = load_manifest(folder).artifacts
    for artifact in artifacts:
        read_artifact(folder, artifact)
    classifier = FallbackNet(choose(folder, profile, cache=cache))
    if all(artifact.role != "verifier" for artifact in artifacts):
        return ChosenNets(classifier, None)
    return ChosenNets(classifier, FallbackNet(choose(folder, profile, "verifier", cache=cache)))


@contextmanager
def asked_by_signal() -> Iterator[Asked]:
    """A queue into which SIGHUP puts True; in a terminal it does not, for there it says that the terminal is gone."""
    asked = Asked()
    if any(map(os.isatty, range(3))):
        yield asked
        return
    before = signal.signal(signal.SIGHUP, lambda *_: asked.put(True))
    try:
        yield asked
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def reloads(
    asked: Asked,
    reload: Callable[[], str],
    *,
    done: Callable[[str], object],
    refused: Callable[[str], object],
    environ: Mapping[str, str],
) -> Iterator[None]:
    """While it lasts, reload on a thread of its own whenever that is asked for.

    Args:
        asked: who asks several times during one reload gets one more.
        reload: does it, and says in words what holds now; a DigitAgentError or OSError refuses it.
        done: told what holds now, a line.
        refused: told why all stays as it is, a line.
        environ: the process's environment, where systemd says whom to tell.
    """
    ended = threading.Event()

    def work() -> None:
        while _next(asked):
            notify(environ, *reloading(time.monotonic_ns()))
            try:
                tell = partial(done, reload())
            except (DigitAgentError, OSError) as error:
                tell = partial(refused, f"nothing was reloaded, all goes on as before: {error}")
            if not ended.is_set():
                notify(environ, READY)
                tell()

    thread = threading.Thread(target=work, name="reload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        asked.put(False)
        thread.join(JOIN_S)


def _next(asked: Asked) -> bool:
    """Wait until something is asked for: whether it is a reload."""
    wanted = [asked.get()]
    while not asked.empty():
        wanted.append(asked.get())
    return all(wanted)
