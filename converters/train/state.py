"""What an interrupted run had reached: a file beside its checkpoint, written whole after every epoch."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import torch

from converters.recipe import Recipe
from profiles.atomic_write import write_atomic
from profiles.errors import OutputError, TrainingError


def save_state(file: Path, recipe: Recipe, seed: int, content: Mapping[str, Any]) -> None:
    """Write what a run has reached; what was there stays if it cannot be written.

    Raises:
        OutputError: it cannot be written.
    """
    packed = io.BytesIO()
    torch.save({**content, "recipe": recipe.name, "seed": seed, "digest": _digest(recipe)}, packed)
    try:
        write_atomic(file, packed.getvalue())
    except OSError as error:
        raise OutputError(f"{file} cannot be written ({error.strerror}); free space or name another --out") from error


def load_state(file: Path, recipe: Recipe, seed: int) -> dict[str, Any] | None:
    """What a run had reached; None where there is no file.

    Raises:
        TrainingError: it is damaged, another run's, or of the recipe before it was changed.
    """
    if not file.exists():
        return None
    with resuming(file):
        content: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
        name, number, digest = str(content["recipe"]), int(content["seed"]), content["digest"]
    if (name, number) != (recipe.name, seed):
        raise TrainingError(
            f"{file} belongs to recipe {name}, seed {number}, not to {recipe.name}, seed {seed}; {_advice(file)}"
        )
    if digest != _digest(recipe):
        raise TrainingError(f"recipe {name} has changed since {file} was written; change it back, or {_advice(file)}")
    return content


@contextmanager
def resuming(file: Path) -> Iterator[None]:
    """Tell what goes wrong within in the words of one who must decide what to do with the file.

    Raises:
        TrainingError: it cannot be resumed from: it is damaged, or of another architecture.
    """
    try:
        yield
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise TrainingError(f"{file} cannot be resumed from ({type(error).__name__}); {_advice(file)}") from error


def _digest(recipe: Recipe) -> str:
    return hashlib.sha256(msgspec.json.encode(recipe)).hexdigest()


def _advice(file: Path) -> str:
    return f"remove {file} to start from nothing"
