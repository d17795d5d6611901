"""Which artifact, on which runtime: what proved right and best on this very machine.

    nets = choose_nets(default_artifacts(), detect_board().profile)
    logits = nets.classifier.logits(glyphs)
    print(nets.classifier.choice.reason)

Each role is chosen for by itself, and a folder without a verifier is none the worse for it.

Refused at first: what is not the file that its manifest describes, what is below the profile's accuracy, what does
not run its golden vectors here. The others are timed by turns, and ranked by the profile's objective.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from agent.choice.choice import Choice, nothing_usable
from agent.choice.crash_guard import died, trial
from agent.choice.fallback import ChosenNets, FallbackNet
from agent.choice.measure import SECONDS
from agent.choice.rank import accurate
from agent.choice.survey import settle, survey
from agent.choice.variants import intact
from agent.paths import cache_folder
from agent.runtimes.net import distribution_version, runtime_version
from profiles.atomic_write import write_atomic
from profiles.board import detect_board, processor
from profiles.errors import NoArtifactError
from profiles.manifest import INPUT_SHAPES, Artifact, Manifest, Role, load_manifest, manifest_hash
from profiles.profile import Profile

log = logging.getLogger(__name__)
DOUBT_S = 24 * 3600.0
"""A choice that noise left open is made anew after so long, when the machine may be calmer."""


def choose_nets(
    folder: Path,
    profile: Profile,
    *,
    cache: Path | None = None,
    seconds: float = SECONDS,
    tell: Callable[[str], None] = log.info,
) -> ChosenNets:
    """The best of each role, loaded; arguments as in `choose`.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: no classifier can be used; a verifier that cannot costs only a warning.
    """

    def best(role: Role) -> FallbackNet:
        mark = (cache or cache_folder()) / f"loading-{role}"
        if anew := died(mark):
            log.warning("the last start died while it loaded its %s; everything is tried anew", role)
        choice = choose(folder, profile, role, cache=cache, seconds=seconds, anew=anew, tell=tell)
        with trial(mark):
            net = FallbackNet(choice)
            net.logits(np.zeros((1, *INPUT_SHAPES[role]), np.uint8))
        return net

    classifier = best("classifier")
    if all(artifact.role != "verifier" for artifact in load_manifest(folder).artifacts):
        return ChosenNets(classifier, None)
    try:
        verifier = best("verifier")
    except NoArtifactError as error:
        log.warning("candidates are judged by their own ink alone, because the verifier cannot be used: %s", error)
        return ChosenNets(classifier, None)
    return ChosenNets(classifier, verifier)


def choose(
    folder: Path,
    profile: Profile,
    role: Role = "classifier",
    *,
    cache: Path | None = None,
    seconds: float = SECONDS,
    anew: bool = False,
    tell: Callable[[str], None] = log.info,
) -> Choice:
    """Find the best artifact and runtime, or remember them from the last time on this machine.

    Args:
        folder: artifacts and their manifest.
        profile: of this board: runtimes to try, accuracy that a classifier must keep, objective.
        role: what is looked for.
        cache: where choices are kept; None is the user's cache.
        seconds: to spend on timing, over and above loading.
        anew: whether to forget what is remembered.
        tell: told what is being done, because the first time takes seconds, and minutes where TensorRT is used.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: nothing can be used; the message lists every reason.
    """
    folder = folder.absolute()
    manifest = load_manifest(folder)
    good, damaged = intact(folder, [artifact for artifact in manifest.artifacts if artifact.role == role])
    for refusal in damaged:
        log.warning("not used: %s", refusal.reason)
    path = (cache or cache_folder()) / f"choice-{_key(folder, profile, manifest, good)}.json"
    remembered = None if anew else _recall(path)
    if remembered is not None:
        return remembered
    fit, poor = accurate(good, profile.budget.min_accuracy)
    energy = profile.budget.objective == "energy"
    measured, broken = survey(folder, fit, profile, seconds=seconds, energy=energy, tell=tell)
    for refusal in (*poor, *broken):
        log.info("not used: %s", refusal)
    refused = (*damaged, *poor, *broken)
    if not measured:
        raise nothing_usable(folder, refused)
    ranking = settle(folder, measured, profile, seconds, tell)
    choice = Choice(str(folder), ranking.ranked, refused, ranking.reason, settled=not ranking.doubtful)
    _remember(path, choice)
    return choice


def _key(folder: Path, profile: Profile, manifest: Manifest, good: Sequence[Artifact]) -> str:
    """A name that changes with whatever could change the choice."""
    board = detect_board().model, processor(), platform.machine(), platform.release()
    runtimes = {option.name: runtime_version(option.name) for option in profile.runtimes}
    ours = distribution_version("digit-agent"), np.__version__
    facts = (str(folder), profile, manifest_hash(manifest), [artifact.file for artifact in good], board, runtimes, ours)
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]


def _recall(path: Path) -> Choice | None:
    """The choice that was made the last time; None where there is none, it cannot be read, or it was made in doubt."""
    try:
        choice = msgspec.json.decode(path.read_bytes(), type=Choice)
        in_doubt = not choice.settled and time.time() - path.stat().st_mtime > DOUBT_S
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read (%s); measuring again", path, getattr(error, "strerror", None) or error)
        return None
    return None if in_doubt else choice


def _remember(path: Path, choice: Choice) -> None:
    """Keep a choice for the next time; where that fails, the next time measures again."""
    try:
        write_atomic(path, msgspec.json.encode(choice))
    except OSError as error:
        log.warning("the choice cannot be kept in %s (%s); the next start measures again", path.parent, error.strerror)
