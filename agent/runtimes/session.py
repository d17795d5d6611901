"""What every runtime's module gives: a model that is loaded, and the runtime's row in the table of `net`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from profiles.manifest import Artifact, Format
from profiles.profile import RuntimeName

MAX_BATCH = 256
"""More images than this go through a net in several calls, which bounds its memory and a GPU engine's shapes."""


class Session(Protocol):
    """A model, loaded into a runtime."""

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Raw outputs of raw inputs, both in the artifact's own dtype and layout, with the batch axis first."""
        ...


@dataclass(frozen=True)
class Runtime:
    """One runtime: what it runs, and how it is found, opened and installed."""

    name: RuntimeName
    """What profiles call it."""
    format: Format
    module: str
    """What Python imports."""
    distributions: tuple[str, ...]
    """What pip may have installed it as."""
    install: str
    """What to type where it is missing."""
    open: Callable[[bytes, Artifact, int, str], Session]
    """(content of the model file, its artifact, threads, execution provider or "") -> session."""
    first_time: Mapping[str, str] = field(default_factory=dict)
    """What a provider does for minutes when it first meets a model, for people; by provider."""


def one_line(error: BaseException) -> str:
    """The message of an error's first cause, on one line of at most 200 characters; its type where it has none."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
