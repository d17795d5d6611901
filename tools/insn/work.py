"""What is counted, run by the board's Python: `python work.py FRAME.npy`, on one thread.

Every piece of work is done TIMES times, with a mark before, between and after; the first times also do what is done
once. The names of the pieces, an artifact's file and what it does, are printed as a JSON list, in the order of their
marks.
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
"""As in insn.c."""
TIMES = 5
BATCHES = (1, 16)
FRAME = "frame"
RUNTIME: dict[str, RuntimeName] = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}

PieceOfWork = tuple[str, Callable[[], object]]


@dataclass(frozen=True)
class ReaderNets:
    """What reads a frame."""

    classifier: LoadedNet
    verifier: LoadedNet | None


def main(arguments: Sequence[str]) -> int:
    """Do all the work there is."""
    cv2.setNumThreads(1)
    frame = np.load(arguments[0])
    manifest = load_manifest(default_artifacts())
    nets = [load_net(default_artifacts(), artifact, RUNTIME[artifact.format]) for artifact in manifest.artifacts]
    works = [*_digits(nets, manifest), *_frames(nets, frame)]
    for number, (_, work) in enumerate(works):
        _mark(number)
        for _ in range(TIMES):
            work()
            _mark(number)
    sys.stdout.write(msgspec.json.encode([name for name, _ in works]).decode())
    return 0


def _digits(nets: Sequence[LoadedNet], manifest: Manifest) -> Iterator[PieceOfWork]:
    """Every artifact with calls of one digit and of several."""
    for net in nets:
        inputs = golden_inputs(manifest, net.artifact.role)
        for batch in BATCHES:
            images = np.resize(inputs, (batch, *inputs.shape[1:]))
            yield f"{net.artifact.file} {batch}", partial(net.logits, images)


def _frames(nets: Sequence[LoadedNet], frame: NDArray[np.uint8]) -> Iterator[PieceOfWork]:
    """A frame, looked at quickly, with each classifier and the verifier of its format and precision."""
    verifiers = {_kind(net): net for net in nets if net.artifact.role == "verifier"}
    for net in nets:
        if net.artifact.role == "classifier":
            pair = ReaderNets(net, verifiers.get(_kind(net)))
            yield f"{net.artifact.file} {FRAME}", partial(read_page, frame, pair, QUICK)


def _kind(net: LoadedNet) -> tuple[str, str]:
    return net.artifact.format, net.artifact.precision


def _mark(number: int) -> None:
    try:
        os.getpgid(MARKS + number)
    except ProcessLookupError:
        return  # as it must be: no process has such a number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
