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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.choice.candidates import Refusal, find_candidates, intact
from agent.choice.measure import BATCHES, SECONDS, Measured, measure
from agent.choice.rank import accurate, rank
from agent.folders import cache_folder
from agent.runtimes.net import LoadedNet, distribution_version, runtime_version
from profiles.errors import ArtifactError, NoArtifactError, RuntimeUnusableError
from profiles.manifest import Artifact, Manifest, Role, load_manifest, manifest_hash
from profiles.profile import Profile
from profiles.whole import write_whole

log = logging.getLogger(__name__)


class Choice(msgspec.Struct, frozen=True):
    """What can be used here in one role, the best first."""

    folder: str
    """Where the artifacts lie."""
    ranked: Annotated[tuple[Measured, ...], msgspec.Meta(min_length=1)]
    refused: tuple[Refusal, ...]
    reason: str
    """Why the first is the best, for people."""

    @property
    def best(self) -> Measured:
        return self.ranked[0]

    def load(self) -> LoadedNet:
        """Load the best; see `load_net` for what it raises."""
        return self.best.candidate.load(Path(self.folder))

    def fallback(self, failure: str) -> Choice:
        """The choice without its best, which failed.

        Raises:
            NoArtifactError: nothing is left.
        """
        failed = self.best.candidate
        refused = (*self.refused, Refusal(str(failed), failure))
        if not self.ranked[1:]:
            raise nothing_usable(Path(self.folder), refused)
        reason = f"{self.ranked[1].candidate}: took over, because {failed} failed ({failure})"
        return Choice(self.folder, self.ranked[1:], refused, reason)


class BestNet:
    """The net of a choice's best; when it fails, the next best takes over, and the log says so.

    Raises:
        NoArtifactError: at the start or later: every candidate failed.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice, self._net = _load(choice)

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (n, 11), of images, uint8 (n, 28, 28) or (n, 2, 32, 48) as the role asks."""
        try:
            return self._net.logits(images)
        except RuntimeUnusableError as error:
            self.choice, self._net = _load(_next(self.choice, error))
            return self.logits(images)


@dataclass(frozen=True)
class Nets:
    """What reads: the best of each role."""

    classifier: BestNet
    verifier: BestNet | None
    """None where the folder has none that can be used here."""


def choose_nets(
    folder: Path,
    profile: Profile,
    *,
    cache: Path | None = None,
    seconds: float = SECONDS,
    tell: Callable[[str], None] = log.info,
) -> Nets:
    """The best of each role, loaded; arguments as in `choose`.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: no classifier can be used; a verifier that cannot costs only a warning.
    """
    classifier = BestNet(choose(folder, profile, cache=cache, seconds=seconds, tell=tell))
    if all(artifact.role != "verifier" for artifact in load_manifest(folder).artifacts):
        return Nets(classifier, None)
    try:
        verifier = BestNet(choose(folder, profile, "verifier", cache=cache, seconds=seconds, tell=tell))
    except NoArtifactError as error:
        log.warning("candidates are judged by their own ink alone, because the verifier cannot be used: %s", error)
        return Nets(classifier, None)
    return Nets(classifier, verifier)


def choose(
    folder: Path,
    profile: Profile,
    role: Role = "classifier",
    *,
    cache: Path | None = None,
    seconds: float = SECONDS,
    tell: Callable[[str], None] = log.info,
) -> Choice:
    """Find the best artifact and runtime, or remember them from the last time on this machine.

    Args:
        folder: artifacts and their manifest.
        profile: of this board: runtimes to try, accuracy that a classifier must keep, objective.
        role: what is looked for.
        cache: where choices are kept; None is the user's cache.
        seconds: to spend on timing, over and above loading.
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
    if (remembered := _recall(path)) is not None:
        return remembered
    fit, poor = accurate(good, profile.budget.min_accuracy)
    measured, broken = survey(folder, fit, profile, seconds=seconds, tell=tell)
    for refusal in (*poor, *broken):
        log.info("not used: %s", refusal)
    refused = (*damaged, *poor, *broken)
    if not measured:
        raise nothing_usable(folder, refused)
    ranked, reason = rank(measured, profile.budget.objective)
    choice = Choice(str(folder), ranked, refused, reason)
    _remember(path, choice)
    return choice


def survey(
    folder: Path,
    artifacts: Sequence[Artifact],
    profile: Profile,
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = SECONDS,
    tell: Callable[[str], None] = log.info,
) -> tuple[list[Measured], list[Refusal]]:
    """Try artifacts on every runtime of a profile, and measure those that are right; arguments as in `choose`."""
    candidates, refused = find_candidates(folder, artifacts, profile.runtimes, tell)
    tell(f"timing {len(candidates)} candidates")
    power = profile if profile.budget.objective == "energy" else None
    measured, failed = measure(folder, candidates, batches=batches, seconds=seconds, power=power)
    return measured, [*refused, *(Refusal(str(candidate), reason) for candidate, reason in failed)]


def nothing_usable(folder: Path, refused: Sequence[Refusal]) -> NoArtifactError:
    """The error that lists every reason."""
    reasons = " | ".join(map(str, refused)) or "its manifest lists none"
    return NoArtifactError(f"no artifact of {folder} can be used here: {reasons} | see 'digit-agent doctor'")


def _load(choice: Choice) -> tuple[Choice, LoadedNet]:
    """The best that loads, and the choice that it is the best of."""
    try:
        return choice, choice.load()
    except (ArtifactError, RuntimeUnusableError) as error:
        return _load(_next(choice, error))


def _next(choice: Choice, error: Exception) -> Choice:
    following = choice.fallback(str(error))
    log.warning("%s", following.reason)
    return following


def _key(folder: Path, profile: Profile, manifest: Manifest, good: Sequence[Artifact]) -> str:
    """A name that changes with whatever could change the choice."""
    runtimes = {option.name: runtime_version(option.name) for option in profile.runtimes}
    ours = distribution_version("digit-agent"), np.__version__, platform.machine(), platform.release()
    facts = (str(folder), profile, manifest_hash(manifest), [artifact.file for artifact in good], runtimes, ours)
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]


def _recall(path: Path) -> Choice | None:
    """The choice that was made the last time; None where there is none, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Choice)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read (%s); measuring again", path, getattr(error, "strerror", None) or error)
        return None


def _remember(path: Path, choice: Choice) -> None:
    """Keep a choice for the next time; where that fails, the next time measures again."""
    try:
        write_whole(path, msgspec.json.encode(choice))
    except OSError as error:
        log.warning("the choice cannot be kept in %s (%s); the next start measures again", path.parent, error.strerror)
