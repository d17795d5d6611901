"""Which artifacts of a folder run rightly on which runtimes; nothing is timed yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agent.runtimes.net import RUNTIMES, LoadedNet, load_net
from agent.runtimes.probe import Probe, probe
from profiles.errors import ArtifactError, NoArtifactError
from profiles.manifest import Artifact, read_artifact
from profiles.profile import RuntimeName, RuntimeOption

CPU_PROVIDER = "CPUExecutionProvider"
FORMAT_NAMES = {"onnx": "ONNX", "tflite": "TFLite"}


class Variant(msgspec.Struct, frozen=True):
    """An artifact on a runtime."""

    artifact: Artifact
    runtime: RuntimeName
    provider: str
    """Execution provider; empty means the CPU's."""
    threads: int

    def __str__(self) -> str:
        what = f"{self.artifact.tier} {self.artifact.precision} {FORMAT_NAMES[self.artifact.format]}"
        threads = f" with {self.threads} threads" if self.threads > 1 else ""
        return f"{what} on {place(self.runtime, self.provider)}{threads}"

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it from all others of its folder."""
        return self.artifact.file, self.runtime, self.provider, self.threads

    def load(self, folder: Path) -> LoadedNet:
        """Load it; see `load_net` for what it raises."""
        return load_net(folder, self.artifact, self.runtime, threads=self.threads, provider=self.provider)


class Refusal(msgspec.Struct, frozen=True):
    """What cannot be used here, and why."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


def intact(folder: Path, artifacts: Sequence[Artifact]) -> tuple[list[Artifact], list[Refusal]]:
    """The artifacts whose file is the one that the manifest describes, and the others.

    Raises:
        NoArtifactError: not one of them is.
    """
    good, refused = list[Artifact](), list[Refusal]()
    for artifact in artifacts:
        try:
            read_artifact(folder, artifact)
            good.append(artifact)
        except ArtifactError as error:  # noqa: PERF203
            refused.append(Refusal(artifact.file, str(error)))
    if refused and not good:
        raise NoArtifactError(f"no file of {folder} is intact: {refused[0].reason}")
    return good, refused


def find_variants(
    folder: Path,
    artifacts: Sequence[Artifact],
    options: Sequence[RuntimeOption],
    tell: Callable[[str], None],
) -> tuple[list[Variant], list[Refusal]]:
    """Probe every artifact on every runtime that takes its format, in child processes.

    Args:
        folder: where the artifacts lie.
        artifacts: those whose file is intact.
        options: the runtimes to try, from a profile.
        tell: told of each runtime before it is tried.
    """
    found, refused = list[Variant](), list[Refusal]()
    for option in options:
        provider, row = provider_of(option), RUNTIMES[option.name]
        slowly = f"; the first time {row.first_time[provider]}" if provider in row.first_time else ""
        tell(f"trying {place(option.name, provider)}{slowly}")
        takes = [artifact for artifact in artifacts if artifact.format == row.format]
        probes = probe(folder, takes, option.name, provider, tell=tell)
        found += [Variant(p.artifact, p.runtime, provider, t) for p in probes if p.ok for t in option.threads]
        refused += _refusals(probes)
    return found, refused


def _refusals(probes: Sequence[Probe]) -> list[Refusal]:
    """The probes that failed, those with the same reason in one line."""
    files: dict[tuple[str, str], list[str]] = {}
    for failed in (p for p in probes if not p.ok):
        files.setdefault((place(failed.runtime, failed.provider), failed.reason), []).append(failed.artifact.file)
    return [Refusal(f"{', '.join(names)} on {where}", reason) for (where, reason), names in files.items()]


def provider_of(option: RuntimeOption) -> str:
    """The provider that an option asks for: its first, whose successors only take what it cannot do."""
    first = option.providers[0] if option.providers else CPU_PROVIDER
    return "" if first == CPU_PROVIDER else first


def place(runtime: str, provider: str) -> str:
    """A runtime's name for people, with its execution provider where that is not the CPU's."""
    return f"{runtime} ({provider.removesuffix('ExecutionProvider')})" if provider else runtime
