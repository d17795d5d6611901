"""Learn from corrected readings: adjust what the nets say, and judge whether the numbers are read better then.

Everything is fitted in closed form or by a few passes in NumPy on what the nets say, so a board can do it. What was
learned is judged on pictures that it was not learned from: the pictures are split into `FOLDS` parts, and each part is
read by nets that learned from the other parts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from agent.choice.learned import Matrix, adjust
from agent.learn.align import align_steps, near
from agent.learn.examples import Examples, KnownNumber, find_examples
from agent.learn.fit import fit_adjustment
from agent.learn.judge import PairedComparison, compare
from agent.learn.remember import Replay, draw_numbers, remember
from agent.vision.classify import Net, Nets, log_softmax
from agent.vision.line_text import BLANK, LINE_CLASSES, digits_of
from agent.vision.page import Page
from agent.vision.pipeline import Trace, read_page, trace_page
from profiles.manifest import Role

FOLDS = 5
"""Number of parts into which the pictures are split to judge. Raising it learns from more of them, and costs time."""
MAX_FORGOTTEN = 0.01
"""What was learned is not kept if this share of the drawn numbers is read worse than before. Raising it forgets
more."""
BLANKS_PER_CHARACTER = 3
"""Blank steps that are learned from, for each other step. Raising it costs time. A guess that was never measured."""
REMEMBERED, TESTED = (1, 48), (2, 100)
"""Seed and count of the drawn numbers to remember from, and of those to test on. Raising a count costs time."""


@dataclass(frozen=True, eq=False)
class LogitsOfPicture:
    """What the nets say about the examples of one picture, and the right answers."""

    classes: NDArray[np.intp]
    """intp (n,): right classes of the candidates."""
    logits: Mapping[Role, NDArray[np.float32]]
    """Logits of classifier and verifier, float32 (n, 11) each, and of steps of the line recogniser, float32 (m, 23)."""
    step_classes: NDArray[np.intp]
    """intp (m,): right classes of the steps."""


@dataclass(frozen=True)
class Lesson:
    """What was learned, and how it was judged."""

    adjustments: Mapping[Role, Matrix]
    """Matrix for the logits of each role; see `fit_adjustment`."""
    corrections: PairedComparison
    not_aligned: int
    """Pictures whose digits could not be found; they were judged but not learned from."""
    replay: Replay
    """What the nets said about drawn numbers before."""
    drawn: PairedComparison
    """Drawn numbers, on which it was tested whether something was forgotten."""

    @property
    def has_forgotten(self) -> bool:
        """Whether drawn numbers are read too much worse."""
        return self.drawn.right_before - self.drawn.right_after > MAX_FORGOTTEN * self.drawn.count

    @property
    def is_kept(self) -> bool:
        """Whether numbers are read better, and nothing was forgotten."""
        return self.corrections.is_better and not self.has_forgotten


@dataclass(frozen=True)
class AdjustedNet:
    """A net whose logits are adjusted."""

    net: Net
    matrix: Matrix

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the adjusted logits; see `Net`."""
        return adjust(self.net.logits(images), self.matrix)


@dataclass(frozen=True)
class AdjustedNets:
    """The nets of all roles, adjusted."""

    classifier: Net
    verifier: Net | None
    recogniser: Net | None


def learn(
    known: Sequence[KnownNumber],
    nets: Nets,
    progress: Callable[[str], None],
    *,
    roles: Collection[Role] = get_args(Role),
) -> Lesson:
    """Learn from pictures whose text is known.

    Args:
        known: the pictures, at least one.
        nets: the nets as they are.
        progress: called with what is being done.
        roles: nets that learn; the others stay as they are.
    """
    progress("reading drawn numbers, to remember what the nets know")
    remembered = remember(draw_numbers(*REMEMBERED), nets)
    replay = {role: logits for role, logits in remembered.items() if role in roles}
    before, pictures = [], list[LogitsOfPicture | None]()
    for number, one in enumerate(known, 1):
        progress(f"reading corrected picture {number} of {len(known)}")
        trace = trace_page(one.image, nets)
        before.append(is_right(trace.page, one))
        pictures.append(logits_of_picture(trace, one, nets))
    after = [False] * len(known)
    for part in range(FOLDS):
        progress(f"reading with what was learned from the other corrections, part {part + 1} of {FOLDS}")
        others = [one for index, one in enumerate(pictures) if index % FOLDS != part and one is not None]
        adjusted = with_adjustments(nets, fit(others, replay))
        for index in range(part, len(known), FOLDS):
            after[index] = is_right(read_page(known[index].image, adjusted), known[index])
    adjustments = fit([one for one in pictures if one is not None], replay)
    progress("reading drawn numbers, to test what was forgotten")
    drawn = draw_numbers(*TESTED)
    old, new = (
        [is_right(read_page(one.image, using), one) for one in drawn]
        for using in (nets, with_adjustments(nets, adjustments))
    )
    not_aligned = sum(one is None for one in pictures)
    return Lesson(adjustments, compare(before, after), not_aligned, replay, compare(old, new))


def is_right(page: Page, known: KnownNumber) -> bool:
    """Whether the digits in a number's box, or a little outside, are read as they are known."""
    return digits_of("".join(one.text for one in page.readings if near(one.box, known.box))) == known.digits


def fit(pictures: Sequence[LogitsOfPicture], replay: Replay) -> dict[Role, Matrix]:
    """Fit the adjustment of each role to the examples of pictures."""
    fitted: dict[Role, Matrix] = {}
    for role, remembered in replay.items():
        logits = [one.logits[role] for one in pictures if role in one.logits]
        classes = [one.step_classes if role == "recogniser" else one.classes for one in pictures if role in one.logits]
        if sum(map(len, logits)):
            fitted[role] = fit_adjustment(np.concatenate(logits), np.concatenate(classes), remembered)
    return fitted


def with_adjustments(nets: Nets, adjustments: Mapping[Role, Matrix]) -> AdjustedNets:
    """Return the nets with adjusted logits."""

    def adjusted(net: Net, role: Role) -> Net:
        return AdjustedNet(net, adjustments[role]) if role in adjustments else net

    return AdjustedNets(
        adjusted(nets.classifier, "classifier"),
        nets.verifier and adjusted(nets.verifier, "verifier"),
        nets.recogniser and adjusted(nets.recogniser, "recogniser"),
    )


def logits_of_picture(trace: Trace, known: KnownNumber, nets: Nets) -> LogitsOfPicture | None:
    """Return what the nets say about a picture's examples; None if its digits could not be found."""
    examples = find_examples(trace, known)
    if examples is None:
        return None
    logits: dict[Role, NDArray[np.float32]] = {"classifier": nets.classifier.logits(examples.glyphs)}
    if nets.verifier is not None:
        logits["verifier"] = nets.verifier.logits(examples.contexts)
    step_classes = np.zeros(0, np.intp)
    if nets.recogniser is not None and examples.strips:
        logits["recogniser"], step_classes = _steps(examples, nets.recogniser)
    return LogitsOfPicture(examples.labels, logits, step_classes)


def _steps(examples: Examples, recogniser: Net) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the logits and the classes of steps: all characters, and some of the blanks between them."""
    steps, classes = [np.zeros((0, LINE_CLASSES), np.float32)], [np.zeros(0, np.intp)]
    for views, text in examples.strips:
        for logits in recogniser.logits(views):
            path = align_steps(log_softmax(logits), text)
            if path is None:
                continue
            written, blank = np.flatnonzero(path != BLANK), np.flatnonzero(path == BLANK)
            stride = max(1, len(blank) // max(1, BLANKS_PER_CHARACTER * len(written)))
            kept = np.concatenate([written, blank[::stride]])
            steps.append(logits[kept])
            classes.append(path[kept])
    return np.concatenate(steps), np.concatenate(classes)
