"""Variants: artifacts on runtimes that compute the right logits on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agent.runtimes.net import RUNTIMES, LoadedNet, load_net
from agent.runtimes.probe import Probe, memory_for_test, probe
from profiles.errors import ArtifactError, NoArtifactError
from profiles.manifest import Artifact, read_artifact
from profiles.profile import Profile, RuntimeName, RuntimeOption

CPU_PROVIDER = "CPUExecutionProvider"
FORMAT_NAMES = {"onnx": "ONNX", "tflite": "TFLite"}


class Variant(msgspec.Struct, frozen=True):
    """An artifact on a runtime, with an execution provider and a number of threads."""

    artifact: Artifact
    runtime: RuntimeName
    provider: str
    """Execution provider; empty means the CPU."""
    threads: int

    def __str__(self) -> str:
        net = f"{self.artifact.tier} {self.artifact.precision} {FORMAT_NAMES[self.artifact.format]}"
        threads = f" with {self.threads} threads" if self.threads > 1 else ""
        return f"{net} on {runtime_title(self.runtime, self.provider)}{threads}"

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Key that is unique among the variants of a folder."""
        return self.artifact.file, self.runtime, self.provider, self.threads

    def load(self, folder: Path) -> LoadedNet:
        """Load the artifact; raises the same errors as `load_net`."""
        return load_net(folder, self.artifact, self.runtime, threads=self.threads, provider=self.provider)


class Refusal(msgspec.Struct, frozen=True):
    """An artifact or a variant that cannot be used on this machine."""

    what: str
    """Name of the artifact or the variant."""
    reason: str
    advice: str = ""
    """What to do next; empty if unknown."""

    def __str__(self) -> str:
        return f"{self.what}: {self.explanation}"

    @property
    def explanation(self) -> str:
        """The reason and the advice."""
        return f"{self.reason}; {self.advice}" if self.advice else self.reason


def split_intact(folder: Path, artifacts: Sequence[Artifact]) -> tuple[list[Artifact], list[Refusal]]:
    """Return the artifacts whose files match the manifest, and refusals of the other artifacts.

    Raises:
        NoArtifactError: no file matches.
    """
    good, refused = list[Artifact](), list[Refusal]()
    for artifact in artifacts:
        try:
            read_artifact(folder, artifact)
            good.append(artifact)
        except ArtifactError as error:  # noqa: PERF203
            refused.append(Refusal(artifact.file, error.what, error.advice))
    if refused and not good:
        raise NoArtifactError(f"no file of {folder} is intact: {refused[0].reason}", advice=refused[0].advice)
    return good, refused


def find_variants(
    folder: Path,
    artifacts: Sequence[Artifact],
    profile: Profile,
    progress: Callable[[str], None],
    options: Sequence[RuntimeOption] | None = None,
) -> tuple[list[Variant], list[Refusal]]:
    """Test every artifact on every runtime that runs its format, in child processes.

    Args:
        folder: folder of the artifacts.
        artifacts: artifacts whose files are intact.
        profile: profile of this board; it has the runtimes, and limits the memory of a test.
        progress: called with a message before each runtime.
        options: runtimes to try; None means all of the profile.

    Returns:
        The variants that work, and refusals of the artifacts that do not.
    """
    found, refused = list[Variant](), list[Refusal]()
    for option in profile.runtimes if options is None else options:
        provider, row = provider_of(option), RUNTIMES[option.name]
        preparation = f"; the first time {row.first_time[provider]}" if provider in row.first_time else ""
        progress(f"trying {runtime_title(option.name, provider)}{preparation}")
        runnable = [artifact for artifact in artifacts if artifact.format == row.format]
        # What a GPU's libraries need is not known; more than the board has never works.
        limit = profile.memory_bytes if provider else memory_for_test(profile)
        probes = probe(folder, runnable, option.name, provider, memory_bytes=limit, progress=progress)
        found += [Variant(p.artifact, p.runtime, provider, t) for p in probes if p.ok for t in option.threads]
        refused += _refusals(probes)
    return found, refused


def _refusals(probes: Sequence[Probe]) -> list[Refusal]:
    """Return a refusal for each reason of a failed probe; files with the same reason share one."""
    files: dict[tuple[str, str, str], list[str]] = {}
    for failed in (p for p in probes if not p.ok):
        title = runtime_title(failed.runtime, failed.provider)
        files.setdefault((title, failed.reason, failed.advice), []).append(failed.artifact.file)
    return [
        Refusal(f"{', '.join(names)} on {title}", reason, advice) for (title, reason, advice), names in files.items()
    ]


def provider_of(option: RuntimeOption) -> str:
    """Return the first provider of an option, empty for the CPU.

    The other providers compute the operations that the first one does not support.
    """
    first = option.providers[0] if option.providers else CPU_PROVIDER
    return "" if first == CPU_PROVIDER else first


def runtime_title(runtime: str, provider: str) -> str:
    """Return a runtime's name for messages, with the execution provider unless it is the CPU."""
    return f"{runtime} ({provider.removesuffix('ExecutionProvider')})" if provider else runtime
