"""The work whose instructions are counted: `python work.py FRAME.npy`, in the board's Python, on one thread.

Each piece of work is repeated TIMES times, with a mark before the first repetition and after each one. The names of the
pieces, an artifact's file and what is computed with it, are printed as a JSON list in the order of their marks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.paths import default_artifacts
from agent.runtimes.net import LoadedNet, load_net
from agent.runtimes.tensors import golden_inputs
from agent.vision.pipeline import QUICK, read_page
from profiles.manifest import Manifest, load_manifest
from profiles.profile import RuntimeName

MARKS = 0x7A000000
"""Process number of the first mark; the same as in insn.c."""
TIMES = 5
"""Repetitions of each piece of work. The first ones include initialisation."""
BATCHES = (1, 16)
FRAME = "frame"
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
    frame = np.load(arguments[0])
    manifest = load_manifest(default_artifacts())
    nets = [load_net(default_artifacts(), artifact, RUNTIME[artifact.format]) for artifact in manifest.artifacts]
    pieces = [*_digits(nets, manifest), *_frames(nets, frame)]
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


def _frames(nets: Sequence[LoadedNet], frame: NDArray[np.uint8]) -> Iterator[PieceOfWork]:
    """Yield a quick look at the frame with each classifier and the other nets of its format and precision."""
    others = {(net.artifact.role, *_kind(net)): net for net in nets}
    for net in nets:
        if net.artifact.role == "classifier":
            verifier, recogniser = others.get(("verifier", *_kind(net))), others.get(("recogniser", *_kind(net)))
            reader_nets = ReaderNets(net, verifier, recogniser)
            yield f"{net.artifact.file} {FRAME}", partial(read_page, frame, reader_nets, QUICK)


def _kind(net: LoadedNet) -> tuple[str, str]:
    return net.artifact.format, net.artifact.precision


def _mark(number: int) -> None:
    try:
        os.getpgid(MARKS + number)
    except ProcessLookupError:
        return  # always raised: no process has this number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
