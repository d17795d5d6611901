"""A model file, verified, loaded into a runtime, and asked about images."""

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
from agent.runtimes.session import MAX_BATCH, Runtime, Session, one_line
from agent.runtimes.tensors import decode, encoder
from agent.vision.digits import CLASSES
from profiles.errors import RuntimeUnusableError
from profiles.manifest import Artifact, read_artifact
from profiles.profile import RuntimeName


def _find_runtimes() -> dict[RuntimeName, Runtime]:
    """What the modules of `agent.runtimes.backends` bring, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(backends.__path__))
    modules = [importlib.import_module(f"{backends.__name__}.{name}") for name in names]
    return {runtime.name: runtime for module in modules for runtime in module.RUNTIMES}


RUNTIMES: Mapping[RuntimeName, Runtime] = _find_runtimes()


@dataclass(frozen=True, eq=False)
class LoadedNet:
    """A net, ready to be asked."""

    artifact: Artifact
    runtime: RuntimeName
    threads: int
    provider: str
    """Execution provider; empty means the CPU's."""
    session: Session
    encode: Callable[[NDArray[np.uint8]], NDArray[Any]]

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (n, 11), of images, uint8 (n, 28, 28) or (n, 3, 32, 48) as the role asks; n may be 0.

        Raises:
            RuntimeUnusableError: the runtime failed; another one may still work.
        """
        parts = [self._run(images[start : start + MAX_BATCH]) for start in range(0, len(images), MAX_BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, CLASSES), np.float32)

    def _run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            output = self.session.run(self.encode(images))
        except Exception as error:  # the runtimes' errors have no base in common
            raise RuntimeUnusableError(
                f"{self.runtime} failed on {self.artifact.file} with {len(images)} images ({one_line(error)}); "
                "use another runtime or artifact"
            ) from error
        return decode(output, self.artifact.output)


def load_net(
    folder: Path, artifact: Artifact, runtime: RuntimeName, *, threads: int = 1, provider: str = ""
) -> LoadedNet:
    """Verify an artifact's file and load the very bytes that were verified.

    Args:
        folder: where the file lies.
        artifact: its row of the manifest.
        runtime: what shall run it.
        threads: how many the runtime may use.
        provider: execution provider, onnxruntime only; empty means the CPU's.

    Raises:
        ArtifactError: the file is missing, or not the one that the manifest describes.
        RuntimeUnusableError: the runtime is not installed, is none for this format, or cannot load the file.
    """
    row = RUNTIMES[runtime]
    if row.format != artifact.format:
        raise RuntimeUnusableError(f"{runtime} runs {row.format} files, not {artifact.file}; choose another runtime")
    content = read_artifact(folder, artifact)
    try:
        session = row.open(content, artifact, threads, provider)
    except RuntimeUnusableError:
        raise
    except ImportError as error:
        raise RuntimeUnusableError(f"{runtime} cannot be imported ({one_line(error)}); {row.install}") from error
    except Exception as error:  # the runtimes' errors have no base in common
        raise RuntimeUnusableError(
            f"{runtime} cannot load {folder / artifact.file} ({one_line(error)}); convert it again or {row.install}"
        ) from error
    return LoadedNet(artifact, runtime, threads, provider, session, encoder(artifact.input))


def runtime_version(runtime: RuntimeName) -> str | None:
    """The version of a runtime, "unknown" where pip did not install it, None where it is missing; imports nothing."""
    row = RUNTIMES[runtime]
    if importlib.util.find_spec(row.module) is None:
        return None
    return next(filter(None, map(distribution_version, row.distributions)), "unknown")


def distribution_version(name: str) -> str | None:
    """The version of what pip installed under a name; None where it did not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
