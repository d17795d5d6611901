"""Adapt the nets that ship to corrections, judge the result, and write it only if it is better."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from agent.learn.examples import KnownNumber
from agent.learn.judge import PairedComparison, compare
from agent.learn.learn import TESTED, AdjustedNets, Lesson, is_right, learn
from agent.learn.remember import draw_numbers
from agent.runtimes.net import load_net
from agent.vision.classify import Nets
from agent.vision.pipeline import read_page
from converters.adapt.corrections import load_corrections
from converters.adapt.head import fold_adjustment
from converters.adapt.page import ChangedReading, write_page
from converters.checkpoint import SHIPPED, Checkpoint, load, save
from converters.convert import convert
from converters.data.mnist import load_mnist
from converters.nets import ROLES
from profiles.errors import OutputError, TrainingError, UsageError
from profiles.manifest import Artifact, Role, load_manifest
from profiles.profile import Profile

MAX_MNIST_LOSS = 0.001
"""Largest loss of accuracy on MNIST's test images, 0..1. Raising it forgets more."""
KIND = ("onnx", "int8")
"""Format and precision of the files that are judged."""
RUNTIME = "onnxruntime"
CHECKPOINTS, PAGE = "checkpoints", "page.html"


@dataclass(frozen=True)
class Adapted:
    """What was adapted, and how it was judged."""

    cross_validated: PairedComparison
    """Corrected numbers, each read by nets that did not learn from it."""
    drawn: PairedComparison
    """Drawn numbers, read with the int8 files before and after."""
    mnist: Mapping[str, tuple[float, float]]
    """Accuracy of each int8 classifier on MNIST's test images, before and after."""


def adapt(
    folders: Sequence[Path],
    out: Path,
    *,
    shipped: Path,
    profiles: Sequence[Profile],
    data: Path,
    progress: Callable[[str], None],
    bases: Collection[str] = (),
) -> Adapted:
    """Adapt the nets that ship to corrections, and write artifacts, checkpoints and a page.

    Args:
        folders: exported corrections.
        out: new folder.
        shipped: folder of the artifacts that ship.
        profiles: boards to make artifacts for.
        data: folder with MNIST.
        progress: called with what is being done.
        bases: names of the nets that learn; all if empty. The others stay as they ship.

    Raises:
        UsageError: a base is not among the nets that ship.
        DatasetError: the corrections or MNIST are missing or damaged.
        TrainingError: the adapted nets do not read the corrections better, or have forgotten something.
        OutputError: the folder is not empty, or cannot be written.
        ConversionError: an export does not compute what its net computes.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is not empty", advice="name a new folder")
    _require_shipped(bases)
    known = load_corrections(folders)
    load_mnist(data, "test")  # fail before minutes are spent
    roles = {ROLES[base] for base in bases} or set(get_args(Role))
    classifiers = _classifiers(shipped)
    # The verifier and the line recogniser learn beside one classifier.
    learning = [tier for tier in classifiers if not bases or tier in bases] or classifiers[:1]
    before = {tier: _load_nets(shipped, tier) for tier in learning}
    first = learning[0]
    lessons = {first: learn(known, before[first], progress, roles=roles)}
    _require_better(lessons[first])
    others = {tier: learn(known, nets, progress, roles=roles) for tier, nets in before.items() if tier != first}
    lessons |= {tier: lesson for tier, lesson in others.items() if _is_no_worse(lesson)}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            staging = Path(folder) / out.name
            files = _write_checkpoints(staging / CHECKPOINTS, lessons)
            progress("converting the adapted nets")
            convert(files, profiles, staging, data, lambda made: progress(f"made {made.artifact.file}"))
            new = staging / profiles[0].name
            progress("reading the corrections and drawn numbers with the adapted files")
            after = _load_nets(new, first)
            adapted = Adapted(lessons[first].corrections, _read_drawn(before[first], after), _mnist(shipped, new))
            _require_nothing_forgotten(adapted)
            write_page(staging / PAGE, _changed(known, before[first], after), adapted.cross_validated)
            if out.exists():
                out.rmdir()
            shutil.move(staging, out)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror})", advice="free space, or choose another --out"
        ) from error
    return adapted


def _require_shipped(bases: Collection[str]) -> None:
    names = [file.stem for file in SHIPPED]
    for base in bases:
        if base not in names:
            raise UsageError(f"there is no base {base!r}", advice=f"the nets that ship are: {', '.join(names)}")


def _classifiers(folder: Path) -> list[str]:
    """Return the tiers of the classifiers, the smallest one first."""
    kinds = [one for one in load_manifest(folder).artifacts if (one.format, one.precision) == KIND]
    return [one.tier for one in sorted(kinds, key=lambda one: one.bytes) if one.role == "classifier"]


def _load_nets(folder: Path, tier: str) -> AdjustedNets:
    """Load the int8 files of a classifier and of the other roles."""
    found: dict[Role, Artifact] = {}
    for one in load_manifest(folder).artifacts:
        if (one.format, one.precision) == KIND and (one.role != "classifier" or one.tier == tier):
            found[one.role] = one
    loaded = {role: load_net(folder, artifact, RUNTIME) for role, artifact in found.items()}
    return AdjustedNets(loaded["classifier"], loaded.get("verifier"), loaded.get("recogniser"))


def _write_checkpoints(folder: Path, lessons: Mapping[str, Lesson]) -> list[Path]:
    """Write the checkpoint of each net; the first lesson is for the verifier and the line recogniser, too.

    A classifier without a lesson stays as it ships.
    """
    first = next(iter(lessons))
    files = []
    for file in SHIPPED:
        checkpoint = load(file)
        role = ROLES[checkpoint.net]
        tier = checkpoint.net if role == "classifier" else first
        lesson = lessons.get(tier)
        if lesson is not None and role in lesson.adjustments:
            adapted = fold_adjustment(checkpoint, lesson.adjustments[role], lesson.replay[role])
            checkpoint = _described(adapted, lesson.corrections)
        save(checkpoint, folder / file.name)
        files.append(folder / file.name)
    return files


def _described(checkpoint: Checkpoint, judged: PairedComparison) -> Checkpoint:
    what = f"{judged.right_before} to {judged.right_after} of {judged.count} corrections right"
    return replace(checkpoint, recipe=f"{checkpoint.recipe}, adapted: {what}")


def _require_better(lesson: Lesson) -> None:
    judged = lesson.corrections
    if not judged.is_better:
        raise TrainingError(
            f"the corrections are not read better beyond chance: {judged.right_before} of {judged.count} right before, "
            f"{judged.right_after} after",
            advice="correct more readings that are wrong",
        )


def _is_no_worse(lesson: Lesson) -> bool:
    """Whether a larger classifier learned with the others: corrections are read at least as well, and drawn numbers."""
    return lesson.corrections.right_after >= lesson.corrections.right_before and not lesson.has_forgotten


def _require_nothing_forgotten(adapted: Adapted) -> None:
    lost = [
        f"{tier} {old:.2%} to {new:.2%}" for tier, (old, new) in adapted.mnist.items() if old - new > MAX_MNIST_LOSS
    ]
    drawn = adapted.drawn
    if drawn.right_before - drawn.right_after > drawn.count / 100:
        lost.append(f"drawn numbers {drawn.right_before} to {drawn.right_after} of {drawn.count}")
    if lost:
        raise TrainingError(f"too much was forgotten: {', '.join(lost)}", advice="correct readings of more writers")


def _read_drawn(before: Nets, after: Nets) -> PairedComparison:
    drawn = draw_numbers(*TESTED)
    old, new = ([is_right(read_page(one.image, nets), one) for one in drawn] for nets in (before, after))
    return compare(old, new)


def _mnist(shipped: Path, new: Path) -> dict[str, tuple[float, float]]:
    """Return the accuracy of each int8 classifier before and after."""

    def accuracies(folder: Path) -> dict[str, float]:
        return {
            one.tier: one.accuracy.value
            for one in load_manifest(folder).artifacts
            if one.role == "classifier" and one.precision == "int8" and one.accuracy is not None
        }

    after = accuracies(new)
    return {tier: (value, after[tier]) for tier, value in accuracies(shipped).items() if tier in after}


def _changed(known: Sequence[KnownNumber], before: Nets, after: Nets) -> list[ChangedReading]:
    """Return the corrections that are read differently now."""
    changed = []
    for one in known:
        texts = [" ".join(reading.text for reading in read_page(one.image, nets).readings) for nets in (before, after)]
        if texts[0] != texts[1]:
            changed.append(ChangedReading(one, *texts))
    return changed
