"""Load a model file into a runtime, and compute logits of images."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.runtimes import backends
from agent.runtimes.model_file import require_complete
from agent.runtimes.session import MAX_BATCH, Runtime, Session, one_line
from agent.runtimes.tensors import decode, encoder
from agent.vision.digits import CLASSES
from agent.vision.line_text import LINE_CLASSES, STEP_PX
from profiles.errors import RuntimeUnusableError
from profiles.load_failure import NO_MEMORY, load_failure
from profiles.manifest import Artifact, read_artifact
from profiles.profile import RuntimeName


def _find_runtimes() -> dict[RuntimeName, Runtime]:
    """Return the runtimes that the modules of `agent.runtimes.backends` define, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(backends.__path__))
    modules = [importlib.import_module(f"{backends.__name__}.{name}") for name in names]
    return {runtime.name: runtime for module in modules for runtime in module.RUNTIMES}


RUNTIMES: Mapping[RuntimeName, Runtime] = _find_runtimes()


@dataclass(frozen=True, eq=False)
class LoadedNet:
    """A net that is loaded into a runtime."""

    artifact: Artifact
    runtime: RuntimeName
    threads: int
    provider: str
    """Execution provider; empty means the CPU."""
    session: Session
    encode: Callable[[NDArray[np.uint8]], NDArray[Any]]
    """Converts images to the model's input; see `encoder`."""

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits of images.

        Args:
            images: glyphs, uint8 (n, 28, 28), for a classifier; contexts, uint8 (n, 3, 32, 48), for a verifier;
                strips, uint8 (n, 2, 32, w), for a recogniser. n may be 0.

        Returns:
            Logits, float32 (n, 11); of a recogniser float32 (n, w // 2, 23), see `agent.vision.line_text`.

        Raises:
            RuntimeUnusableError: the runtime failed; another one may still work.
            MemoryError: the memory is exhausted.
        """
        parts = [self._run(images[start : start + MAX_BATCH]) for start in range(0, len(images), MAX_BATCH)]
        if not parts:
            strips = self.artifact.role == "recogniser"
            return np.zeros((0, images.shape[-1] // STEP_PX, LINE_CLASSES) if strips else (0, CLASSES), np.float32)
        return np.concatenate(parts)

    def _run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            output = self.session.run(self.encode(images))
        except Exception as error:  # the errors of the runtimes have no common base class
            cause, advice = _cause(error, self.provider, "use another runtime or artifact")
            raise RuntimeUnusableError(
                f"{self.runtime} failed on {self.artifact.file} with {len(images)} images ({cause})", advice=advice
            ) from error
        return decode(output, self.artifact.output)


def load_net(
    folder: Path, artifact: Artifact, runtime: RuntimeName, *, threads: int = 1, provider: str = ""
) -> LoadedNet:
    """Check an artifact's file and load it into a runtime.

    Args:
        folder: folder of the file.
        artifact: the artifact's entry in the manifest.
        runtime: runtime to load it into.
        threads: number of threads that the runtime may use.
        provider: execution provider of onnxruntime; empty means the CPU.

    Raises:
        ArtifactError: the file is missing, does not match the manifest, or needs other files or custom operators.
        RuntimeUnusableError: the runtime is not installed, does not run this format, or cannot load the file.
        MemoryError: the memory is exhausted.
    """
    row = RUNTIMES[runtime]
    if row.format != artifact.format:
        advice = "choose another runtime"
        raise RuntimeUnusableError(f"{runtime} runs {row.format} files, not {artifact.file}", advice=advice)
    content = read_artifact(folder, artifact)
    require_complete(content, artifact.format, artifact.file)
    try:
        session = row.open(content, artifact, threads, provider)
    except RuntimeUnusableError:
        raise
    except ImportError as error:
        cause, advice = _cause(error, provider, row.install)
        raise RuntimeUnusableError(f"{runtime} cannot be imported ({cause})", advice=advice) from error
    except Exception as error:  # the errors of the runtimes have no common base class
        cause, advice = _cause(error, provider, f"convert it again or {row.install}")
        raise RuntimeUnusableError(
            f"{runtime} cannot load {folder / artifact.file} ({cause})", advice=advice
        ) from error
    return LoadedNet(artifact, runtime, threads, provider, session, encoder(artifact.input))


def _cause(error: Exception, provider: str, advice: str) -> tuple[str, str]:
    """Return the cause of a runtime's failure and what to do next.

    Raises:
        MemoryError: the CPU's memory is exhausted: every other variant needs as much.
    """
    cause = load_failure(error) or (one_line(error), advice)
    if cause == NO_MEMORY and not provider:
        raise MemoryError(NO_MEMORY[0]) from error
    return cause


def runtime_version(runtime: RuntimeName) -> str | None:
    """Return the version of a runtime without importing it.

    Returns:
        The version; "unknown" if pip did not install the runtime; None if it is missing.
    """
    row = RUNTIMES[runtime]
    if importlib.util.find_spec(row.module) is None:
        return None
    return next(filter(None, map(distribution_version, row.distributions)), "unknown")


def distribution_version(name: str) -> str | None:
    """Return the version of an installed distribution; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
