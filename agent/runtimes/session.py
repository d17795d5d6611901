"""Interface of the runtimes: a loaded model, and the description of a runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from profiles.manifest import Artifact, Format
from profiles.profile import RuntimeName

MAX_BATCH = 256
"""Maximum number of images in one call of a net; it limits the memory, and the input shapes of a GPU engine."""


class Session(Protocol):
    """A model that is loaded into a runtime."""

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Return raw outputs for raw inputs; both have the artifact's dtype and layout, with the batch axis first."""
        ...


@dataclass(frozen=True)
class Runtime:
    """Description of a runtime: which files it runs, and how to find, open and install it."""

    name: RuntimeName
    """Name in the profiles."""
    format: Format
    module: str
    """Name of its Python package."""
    distributions: tuple[str, ...]
    """Names under which pip may have installed it."""
    install: str
    """Command that installs it."""
    open: Callable[[bytes, Artifact, int, str], Session]
    """Open a model: (content of the file, artifact, threads, execution provider or "") -> session."""
    first_time: Mapping[str, str] = field(default_factory=dict)
    """Message about a preparation that takes minutes when a model is used for the first time; by provider."""


def one_line(error: BaseException) -> str:
    """Return the message of an error's first cause on one line of at most 200 characters; its type if it is empty."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
