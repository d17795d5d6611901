"""Recall: what the verifier said about a context a few looks ago is not computed again for a context that looks alike.

From one frame of a video to the next, most candidates are the same marks, moved. A context shows a candidate in the
middle of its surroundings, so it hardly changes when the page moves. The verifier is asked about what is new or looks
different, three times about each mark, so that the first votes of a track are independent, and then again at every
fifth look.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.classify import Net, Nets
from agent.vision.digits import CLASSES
from agent.vision.pipeline import Depth

MAX_DIFFERENCE = 13.0
"""Largest mean difference of the pixels of two contexts that look alike, in grey levels 0..255, at half their size.
Raising it asks the verifier less often. Chosen with `MAX_LOCAL_DIFFERENCE`."""
MAX_LOCAL_DIFFERENCE = 50
"""Largest mean difference of 3 x 3 pixels of the own ink of two contexts that look alike, in grey levels 0..255, at
half their size: a stroke more or less exceeds it. Raising it asks the verifier less often, and overlooks digits that
were exchanged for similar ones. Measured: 125 drawn digits that were exchanged for a similar one, such as 3 for 8,
differed by 60 or more; a limit of 8 on the mean difference alone noticed 10 % of them. With both limits 6 to 8 % fewer
contexts are known than with this one. The verifier gave another label to 0.3 % of the known ones in the demo, at 20
looks a second, and to 1.8 % in a rendered video with blur, at 10 looks a second."""
MIN_ASKED = 3
"""The verifier is asked about a mark in at least this many looks; raising it asks more often. Fixed by
`agent.vision.track.CONFIRM_LOOKS`, which is as many."""
MAX_RECALLED = 4
"""An answer is used for at most this many looks before the verifier is asked again. Raising it asks less often, and
keeps wrong answers longer. A guess that was never measured."""


@dataclass(frozen=True, eq=False)
class _Answers:
    """What a net answered for n images; each array has one row for each image."""

    shrunk: NDArray[np.uint8]
    """uint8 (n, d): pixels of the images at half their size."""
    logits: NDArray[np.float32]
    """The net's answers, float32 (n, 11)."""
    asked: NDArray[np.intp]
    """Number of looks in which the net was asked about the image or about one that looks alike, intp (n,)."""
    recalled: NDArray[np.intp]
    """Number of looks since then that used the answer without asking the net, intp (n,)."""


class RecallingNet:
    """A verifier for the frames of a video: it is not asked again about contexts like those of the look before.

    Args:
        net: net for contexts, uint8 (n, c, h, w), h and w even.
    """

    def __init__(self, net: Net) -> None:
        self._net = net
        self._known: list[_Answers] = []
        self._given: list[_Answers] = []

    def begin_look(self) -> None:
        """Begin another look: the answers of the last one are known from now on, older ones are forgotten."""
        self._known, self._given = self._given, []

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits of images, float32 (n, 11): asked now, or known from an image that looked alike."""
        if not len(images):
            return self._net.logits(images)
        shrunk = _shrink(images)
        answers = self._recall(shrunk, images.shape)
        ask = (answers.asked < MIN_ASKED) | (answers.recalled >= MAX_RECALLED)
        answers.logits[ask] = self._net.logits(images[ask])
        # Answers that become old at the same time would be asked for in the same look, so they start with other ages.
        start = np.where(answers.asked == MIN_ASKED - 1, np.arange(len(images)) % (MAX_RECALLED + 1), 0)
        self._given.append(
            _Answers(
                np.where(ask[:, None], shrunk, answers.shrunk),
                answers.logits,
                answers.asked + ask,
                np.where(ask, start, answers.recalled + 1),
            )
        )
        return answers.logits

    def _recall(self, shrunk: NDArray[np.uint8], shape: tuple[int, ...]) -> _Answers:
        """Return for each image the known answer to the image most like it.

        If this image does not look alike, `asked` and `recalled` are 0, so that the net is asked.

        Args:
            shrunk: pixels of the images at half their size, uint8 (n, d).
            shape: shape (n, c, h, w) of the images.
        """
        if not self._known:
            none = np.zeros(len(shrunk), np.intp)
            return _Answers(shrunk, np.zeros((len(shrunk), CLASSES), np.float32), none, none)
        parts = ((a.shrunk, a.logits, a.asked, a.recalled) for a in self._known)
        known, logits, asked, recalled = (np.concatenate(rows) for rows in zip(*parts, strict=True))
        distances, indices = cv2.batchDistance(shrunk, known, cv2.CV_32S, normType=cv2.NORM_L1, K=1)
        nearest = indices[:, 0]
        alike = distances[:, 0] <= MAX_DIFFERENCE * shrunk.shape[1]
        alike &= _local_difference(shrunk, known[nearest], shape) <= MAX_LOCAL_DIFFERENCE
        return _Answers(known[nearest], logits[nearest], asked[nearest] * alike, recalled[nearest] * alike)


def _shrink(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels of images, uint8 (n, c, h, w), at half their size, uint8 (n, c * h * w / 4)."""
    column = images.reshape(-1, images.shape[-1])  # all in one picture: OpenCV scales it in one call
    half = column.shape[1] // 2, column.shape[0] // 2
    return np.asarray(cv2.resize(column, half, interpolation=cv2.INTER_AREA), np.uint8).reshape(len(images), -1)


def _local_difference(one: NDArray[np.uint8], other: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the largest mean difference of 3 x 3 pixels in the first channels of images, uint8 (n,).

    Args:
        one: pixels of images at half their size, uint8 (n, d).
        other: pixels of as many other images.
        shape: shape (n, c, h, w) of the images.
    """
    count, channels, _, width = shape
    own = slice(one.shape[1] // channels)
    difference = cv2.absdiff(one[:, own], other[:, own]).reshape(-1, width // 2)
    return np.asarray(cv2.blur(difference, (3, 3)).reshape(count, -1).max(axis=1), np.uint8)


@dataclass(frozen=True)
class _LookNets:
    """The nets of a quick look."""

    classifier: Net
    verifier: Net | None
    recogniser: Net | None


class Recall:
    """Gives each look at a video its nets.

    Args:
        nets: nets that read pictures.
    """

    def __init__(self, nets: Nets) -> None:
        self._nets = nets
        self._verifier = None if nets.verifier is None else RecallingNet(nets.verifier)

    def nets(self, depth: Depth) -> Nets:
        """Return the nets of the next look: for a quick one with a verifier that recalls, for others as they are."""
        if depth.extra_steps or self._verifier is None:
            return self._nets
        self._verifier.begin_look()
        return _LookNets(self._nets.classifier, self._verifier, self._nets.recogniser)
