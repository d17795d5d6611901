"""The cache of choices. It holds keys and measurements only: artifacts are looked up in the manifest.

So nothing in the cache can bring a file, a folder or a runtime into use that the manifest and the profile do not name.
A file that does not fit them, or cannot be read, is ignored, and the variants are measured again.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from agent.choice.choice import Choice
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.variants import Refusal, Variant, provider_of
from agent.runtimes.net import distribution_version, runtime_version
from profiles.atomic_write import write_atomic
from profiles.board import detect_board, processor
from profiles.manifest import Artifact, Manifest, manifest_hash
from profiles.profile import Profile
from profiles.regular_file import read_regular_file

log = logging.getLogger(__name__)
FORMAT = 3
"""Version of the files; a file of another version is ignored."""
MAX_BYTES = 2**20
"""Size from which a file is ignored; a choice among hundred variants has 200 kB."""
MAX_INSIGNIFICANT_AGE_S = 24 * 3600.0
"""Age from which a cached choice is measured again if the measurement was too noisy to decide."""


class CachedVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Key of a variant, and what was measured."""

    file: str
    runtime: str
    provider: str
    threads: int
    timings: Annotated[tuple[Timing, ...], msgspec.Meta(min_length=1)]
    energy: Energy | None


class CachedChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of a file."""

    ranked: Annotated[tuple[CachedVariant, ...], msgspec.Meta(min_length=1)]
    refused: tuple[Refusal, ...]
    reason: str
    significant: bool


def cache_file(cache: Path, folder: Path, profile: Profile, manifest: Manifest, artifacts: Sequence[Artifact]) -> Path:
    """Return the file for a choice; its name is a hash of everything that can change the choice.

    Args:
        cache: folder of the cache.
        folder: folder of the artifacts.
        profile: profile of this board.
        manifest: manifest of the folder.
        artifacts: artifacts of the role whose files are intact.
    """
    board = detect_board().model, processor(), platform.machine(), platform.release()
    runtimes = {option.name: runtime_version(option.name) for option in profile.runtimes}
    packages = distribution_version("digit-agent"), np.__version__
    files = [artifact.file for artifact in artifacts]
    facts = (FORMAT, str(folder), profile, manifest_hash(manifest), files, board, runtimes, packages)
    return cache / f"choice-{hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]}.json"


def load_cached(path: Path, folder: Path, profile: Profile, artifacts: Sequence[Artifact]) -> Choice | None:
    """Return a cached choice.

    Args:
        path: result of `cache_file`.
        folder: folder of the artifacts.
        profile: profile of this board.
        artifacts: artifacts that may be chosen.

    Returns:
        The choice; None if there is none, it cannot be read, it has a variant that may not be chosen, or it is
        insignificant and too old.
    """
    try:
        cached = msgspec.json.decode(read_regular_file(path, MAX_BYTES), type=CachedChoice)
        outdated = not cached.significant and time.time() - path.stat().st_mtime > MAX_INSIGNIFICANT_AGE_S
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        log.warning("%s cannot be read (%s); measuring again", path, getattr(error, "strerror", None) or error)
        return None
    allowed = {
        (artifact.file, option.name, provider_of(option), threads): artifact
        for artifact in artifacts
        for option in profile.runtimes
        for threads in option.threads
    }
    keys = [(one.file, one.runtime, one.provider, one.threads) for one in cached.ranked]
    if not all(key in allowed for key in keys):
        log.warning("%s does not fit the manifest of %s; measuring again", path, folder)
        return None
    ranked = (
        Measurement(Variant(allowed[key], *key[1:]), one.timings, one.energy)
        for key, one in zip(keys, cached.ranked, strict=True)
    )
    choice = Choice(str(folder), tuple(ranked), cached.refused, cached.reason, cached.significant)
    return None if outdated else choice


def save_cached(path: Path, choice: Choice) -> None:
    """Save a choice for the next start; if this fails, the next start measures again."""
    ranked = tuple(CachedVariant(*m.variant.key, m.timings, m.energy) for m in choice.ranked)
    content = msgspec.json.encode(CachedChoice(ranked, choice.refused, choice.reason, choice.significant))
    try:
        write_atomic(path, content)
    except OSError as error:
        log.warning("the choice cannot be saved in %s (%s); the next start measures again", path.parent, error.strerror)
