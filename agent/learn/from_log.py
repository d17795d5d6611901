"""Learn from the corrected readings of a log, and keep what was learned beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from agent.choice.choose import choose_nets
from agent.choice.fallback import ChosenNets
from agent.choice.learned import Adjustment, Learned, save_learned
from agent.learn.examples import KnownNumber
from agent.learn.learn import Lesson, learn
from agent.paths import learned_file
from agent.telemetry.corrections_export import corrected_readings
from agent.vision.box import Box
from profiles.errors import OutputError, SourceError
from profiles.manifest import load_manifest
from profiles.profile import Profile


def learn_from_log(log: Path, artifacts: Path, profile: Profile, progress: Callable[[str], None]) -> Lesson:
    """Learn from the corrected readings of a log, and keep it beside the log if numbers are read better then.

    Args:
        log: the log.
        artifacts: folder of the artifacts to adjust.
        profile: profile of this board.
        progress: called with what is being done.

    Raises:
        SourceError: the log cannot be read, or has no corrected reading with a cut-out.
        ManifestError: the manifest of the artifacts is missing or damaged.
        NoArtifactError: no artifact can be used.
        OutputError: what was learned cannot be written.
    """
    known = load_corrected(log)
    nets = choose_nets(artifacts, profile, progress=progress)
    lesson = learn(known, nets, progress)
    if lesson.is_kept:
        save_learned(learned_file(log), _to_save(lesson, nets))
    return lesson


def forget(log: Path) -> bool:
    """Delete what was learned from a log.

    Returns:
        Whether anything had been learned.

    Raises:
        OutputError: the file cannot be deleted.
    """
    path = learned_file(log)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{path} cannot be deleted ({error.strerror})", advice="check its permissions") from error
    return True


def load_corrected(log: Path) -> list[KnownNumber]:
    """Return the corrected and confirmed readings of which the log has a cut-out.

    Raises:
        SourceError: the log cannot be read, or has no corrected reading with a cut-out.
    """
    known = []
    for name, jpeg, truth in corrected_readings(log):
        image = None if jpeg is None else cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if jpeg is not None and image is None:
            raise SourceError(f"the cut-out {name} of {log} is damaged", advice="correct it as 'cannot tell'")
        if image is not None:
            known.append(KnownNumber(np.asarray(image, np.uint8), Box(*truth.box), truth.text))
    if not known:
        raise SourceError(f"{log} has no corrected reading with a picture", advice="correct readings on the web page")
    return known


def _to_save(lesson: Lesson, nets: ChosenNets) -> Learned:
    """Return what was learned; it holds for all artifacts with the weights of the nets that are in use."""
    adjustments = {}
    for net in (nets.classifier, nets.verifier, nets.recogniser):
        if net is None or net.choice.best.variant.artifact.role not in lesson.adjustments:
            continue
        used = net.choice.best.variant.artifact
        same = [
            a for a in load_manifest(Path(net.choice.folder)).artifacts if (a.role, a.tier) == (used.role, used.tier)
        ]
        rows = tuple(tuple(row) for row in lesson.adjustments[used.role].tolist())
        adjustments[used.role] = Adjustment(tier=used.tier, files=tuple(one.sha256 for one in same), matrix=rows)
    judged = lesson.corrections
    return Learned(
        corrections=judged.count,
        right_before=judged.right_before,
        right_after=judged.right_after,
        adjustments=adjustments,
    )
