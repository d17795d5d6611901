"""Choose the best artifact and runtime for each role, by measurements on this machine.

    nets = choose_nets(default_artifacts(), detect_board().profile)
    logits = nets.classifier.logits(glyphs)
    print(nets.classifier.choice.reason)

Files that do not match the manifest, classifiers below the profile's accuracy, and artifacts that fail their golden
vectors are refused. The other variants are timed with interleaved calls and ranked by the profile's objective.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from agent.choice.cache import cache_file, load_cached, save_cached
from agent.choice.choice import Choice, no_usable_artifact
from agent.choice.crash_guard import crash_guard, has_crashed
from agent.choice.fallback import NO_ADJUSTMENTS, ChosenNets, FallbackNet
from agent.choice.learned import Matrix
from agent.choice.measure import BATCHES, TIMING_S, measure
from agent.choice.measurement import Measurement
from agent.choice.rank import Ranking, rank, split_accurate
from agent.choice.variants import Refusal, find_variants, split_intact
from agent.paths import cache_folder
from profiles.errors import NoArtifactError
from profiles.manifest import INPUT_SHAPES, Artifact, Role, load_manifest
from profiles.profile import Profile

log = logging.getLogger(__name__)
MAX_REPEATS = 2
"""Number of times that tied variants are measured again, each time twice as long. Then the profile's order decides."""


def choose_nets(
    folder: Path,
    profile: Profile,
    *,
    cache: Path | None = None,
    seconds: float = TIMING_S,
    progress: Callable[[str], None] = log.info,
    adjustments: Mapping[str, Matrix] = NO_ADJUSTMENTS,
) -> ChosenNets:
    """Choose and load the best variant of each role.

    The arguments are those of `choose`, and `adjustments` as in `FallbackNet`.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: no classifier can be used; without a usable net of another role there is only a warning.
    """

    def best(role: Role) -> FallbackNet:
        mark = (cache or cache_folder()) / f"loading-{role}"
        if refresh := has_crashed(mark):
            log.warning("the last start crashed while it loaded the %s; all variants are tried again", role)
        choose_role = partial(choose, folder, profile, role, cache=cache, seconds=seconds, progress=progress)
        choice = choose_role(refresh=refresh)
        with crash_guard(mark):
            try:
                return _ready(choice, adjustments)
            except NoArtifactError:
                log.warning("nothing of the cached choice of a %s works; all variants are tried again", role)
                return _ready(choose_role(refresh=True), adjustments)

    def best_optional(role: Role, consequence: str) -> FallbackNet | None:
        if all(artifact.role != role for artifact in load_manifest(folder).artifacts):
            return None
        try:
            return best(role)
        except NoArtifactError as error:
            log.warning("%s, because no %s can be used: %s", consequence, role, error)
            return None

    return ChosenNets(
        best("classifier"),
        best_optional("verifier", "candidates are read without their surroundings"),
        best_optional("recogniser", "lines are read digit by digit only"),
    )


def _ready(choice: Choice, adjustments: Mapping[str, Matrix]) -> FallbackNet:
    """Load a chosen net, and compute something with it."""
    net = FallbackNet(choice, adjustments)
    net.logits(np.zeros((1, *INPUT_SHAPES[choice.best.variant.artifact.role]), np.uint8))
    return net


def choose(
    folder: Path,
    profile: Profile,
    role: Role = "classifier",
    *,
    cache: Path | None = None,
    seconds: float = TIMING_S,
    refresh: bool = False,
    progress: Callable[[str], None] = log.info,
) -> Choice:
    """Return the ranking of the variants of a role, from the cache or from a new measurement.

    Args:
        folder: folder of the artifacts and their manifest.
        profile: profile of this board, with the runtimes to try, the minimum accuracy, and the objective.
        role: role to choose for.
        cache: folder of cached choices; None means the folder in the user's cache.
        seconds: time to spend on timing, without loading.
        refresh: whether to ignore the cache.
        progress: called with progress messages; the first choice takes seconds, with TensorRT minutes.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: no artifact can be used; the message lists every reason.
    """
    folder = folder.absolute()
    manifest = load_manifest(folder)
    good, damaged = split_intact(folder, [artifact for artifact in manifest.artifacts if artifact.role == role])
    for refusal in damaged:
        log.warning("not used: %s", refusal.explanation)
    accurate, inaccurate = split_accurate(good, profile.budget.min_accuracy)
    path = cache_file(cache or cache_folder(), folder, profile, manifest, good)
    cached = None if refresh else load_cached(path, folder, profile, accurate)
    if cached is not None:
        return cached
    energy = profile.budget.objective == "energy"
    measured, failed = measure_variants(folder, accurate, profile, seconds=seconds, energy=energy, progress=progress)
    for refusal in (*inaccurate, *failed):
        log.info("not used: %s", refusal)
    refused = (*damaged, *inaccurate, *failed)
    if not measured:
        raise no_usable_artifact(folder, refused)
    ranking = _rank_until_significant(folder, measured, profile, seconds, progress)
    choice = Choice(str(folder), ranking.ranked, refused, ranking.reason, significant=not ranking.tied)
    save_cached(path, choice)
    return choice


def measure_variants(
    folder: Path,
    artifacts: Sequence[Artifact],
    profile: Profile,
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = TIMING_S,
    energy: bool = False,
    progress: Callable[[str], None] = log.info,
) -> tuple[list[Measurement], list[Refusal]]:
    """Try artifacts on every runtime of a profile, and measure the variants that work.

    Args:
        folder: folder of the artifacts.
        artifacts: artifacts whose files are intact.
        profile: profile of this board.
        batches: numbers of digits in one call.
        seconds: time to spend on timing.
        energy: whether to measure the energy too, if there is a sensor.
        progress: called with progress messages.

    Returns:
        The measurements, in the profile's order, and refusals of the other artifacts and variants.
    """
    kinds: list[tuple[str, str]] = [(kind.format, kind.precision) for kind in profile.artifacts]
    ordered = sorted(artifacts, key=lambda a: _index(kinds, (a.format, a.precision)))
    variants, refused = find_variants(folder, ordered, profile, progress)
    progress(f"timing {len(variants)} variants")
    power = profile if energy else None
    limit = profile.memory_bytes
    measured, failed = measure(folder, variants, batches=batches, seconds=seconds, power=power, memory_bytes=limit)
    failures = [Refusal(str(variant), failure.what, failure.advice) for variant, failure in failed]
    return measured, [*refused, *failures]


def _rank_until_significant(
    folder: Path, measured: Sequence[Measurement], profile: Profile, seconds: float, progress: Callable[[str], None]
) -> Ranking:
    """Rank measured variants. Variants that tie are measured again for longer, without the other variants."""
    objective = profile.budget.objective
    power = profile if objective == "energy" else None
    ranking = rank(measured, objective)
    for repeat in range(1, MAX_REPEATS + 1):
        if not ranking.tied:
            break
        progress(f"timing {len(ranking.tied)} variants again, because their difference is not significant yet")
        tied = [m.variant for m in ranking.tied]
        longer_s = seconds * 2**repeat
        again, failed = measure(folder, tied, seconds=longer_s, power=power, memory_bytes=profile.memory_bytes)
        if failed:
            break  # a variant that fails only sometimes is handled at its use: the next best one takes over
        worse = [m for m in ranking.ranked if m not in ranking.tied]
        ranking = rank(again, objective, worse)
    return ranking


def _index(kinds: Sequence[tuple[str, str]], kind: tuple[str, str]) -> int:
    return kinds.index(kind) if kind in kinds else len(kinds)
