"""The work whose instructions are counted: `python work.py VIDEO.npy`, in the board's Python, on one thread.

Each piece of work is repeated TIMES times, with a mark before the first repetition and after each one. The names of the
pieces, an artifact's file and what is computed with it, are printed as a JSON list in the order of their marks.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.capture.source import Frame
from agent.live.look_policy import LOOK_PERIOD_S
from agent.live.recall import MAX_RECALLED, Recall
from agent.live.watch import NS_PER_MS, VideoWatch
from agent.paths import default_artifacts
from agent.runtimes.net import LoadedNet, load_net
from agent.runtimes.tensors import golden_inputs
from agent.vision.page import Page
from agent.vision.pipeline import QUICK, Depth, read_page
from profiles.manifest import Manifest, load_manifest
from profiles.profile import RuntimeName

MARKS = 0x7A000000
"""Process number of the first mark; the same as in insn.c."""
TIMES = 5
"""Repetitions of each piece of work. The first ones include initialisation."""
BATCHES = (1, 16)
FRAME = "frame"
VIDEO = "video"
FRAME_MS = 33.0
"""Time from one frame of the video to the next."""
VIDEO_FRAMES = (MAX_RECALLED + 1) * math.ceil(1000 * LOOK_PERIOD_S / FRAME_MS)
"""Number of frames of a video in each repetition: in as many, the verifier is asked once about each mark."""
LOOK_NS = 10**12
"""Time that each look takes on the clock of the watch, in nanoseconds: so long that no look is thorough after the first
one."""
RUNTIME: dict[str, RuntimeName] = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}

PieceOfWork = tuple[str, Callable[[], object]]
"""Name and function."""


@dataclass(frozen=True)
class ReaderNets:
    """Nets that read a frame."""

    classifier: LoadedNet
    verifier: LoadedNet | None
    recogniser: LoadedNet | None


def main(arguments: Sequence[str]) -> int:
    """Do all pieces of work and print their names."""
    cv2.setNumThreads(1)
    video = np.load(arguments[0])
    manifest = load_manifest(default_artifacts())
    nets = [load_net(default_artifacts(), artifact, RUNTIME[artifact.format]) for artifact in manifest.artifacts]
    pieces = [*_digits(nets, manifest), *_frames(nets, video)]
    for number, (_, work) in enumerate(pieces):
        _mark(number)
        for _ in range(TIMES):
            work()
            _mark(number)
    sys.stdout.write(msgspec.json.encode([name for name, _ in pieces]).decode())
    return 0


def _digits(nets: Sequence[LoadedNet], manifest: Manifest) -> Iterator[PieceOfWork]:
    """Yield the work of each artifact on batches of one digit and of several."""
    for net in nets:
        inputs = golden_inputs(manifest, net.artifact.role)
        for batch in BATCHES:
            images = np.resize(inputs, (batch, *inputs.shape[1:]))
            yield f"{net.artifact.file} {batch}", partial(net.logits, images)


def _frames(nets: Sequence[LoadedNet], video: NDArray[np.uint8]) -> Iterator[PieceOfWork]:
    """Yield a quick look at a frame with each classifier and the other nets of its format and precision.

    With the int8 files, which boards use, also yield the work of a run on `VIDEO_FRAMES` frames of the video.
    """
    others = {(net.artifact.role, *_kind(net)): net for net in nets}
    for net in nets:
        if net.artifact.role == "classifier":
            verifier, recogniser = others.get(("verifier", *_kind(net))), others.get(("recogniser", *_kind(net)))
            reader_nets = ReaderNets(net, verifier, recogniser)
            yield f"{net.artifact.file} {FRAME}", partial(read_page, video[0], reader_nets, QUICK)
            if net.artifact.precision == "int8":
                yield f"{net.artifact.file} {VIDEO}", _watching(reader_nets, video)


def _watching(nets: ReaderNets, video: NDArray[np.uint8]) -> Callable[[], object]:
    """Return a function that watches the next `VIDEO_FRAMES` frames of a video."""
    recall = Recall(nets)

    def read(image: NDArray[np.uint8], *, depth: Depth) -> Page:
        return read_page(image, recall.nets(depth), depth)

    clock_ns = partial(next, count(step=LOOK_NS))
    watch, numbers = VideoWatch(read, FRAME_MS, clock_ns=clock_ns), iter(range(len(video)))

    def work() -> None:
        for number in islice(numbers, VIDEO_FRAMES):
            watch(Frame(video[number], round(number * FRAME_MS * NS_PER_MS), number, VIDEO))

    return work


def _kind(net: LoadedNet) -> tuple[str, str]:
    return net.artifact.format, net.artifact.precision


def _mark(number: int) -> None:
    try:
        os.getpgid(MARKS + number)
    except ProcessLookupError:
        return  # always raised: no process has this number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
