"""State file of a run: written atomically beside its checkpoint after every epoch, to resume from."""

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
    """Write the state of a run. An existing file stays unchanged if that fails.

    Raises:
        OutputError: the file cannot be written.
    """
    packed = io.BytesIO()
    torch.save({**content, "recipe": recipe.name, "seed": seed, "digest": _digest(recipe)}, packed)
    try:
        write_atomic(file, packed.getvalue())
    except OSError as error:
        raise OutputError(
            f"{file} cannot be written ({error.strerror})", advice="free space or name another --out"
        ) from error


def load_state(file: Path, recipe: Recipe, seed: int) -> dict[str, Any] | None:
    """Read the state of a run; None if the file does not exist.

    Raises:
        TrainingError: the file is damaged or belongs to another run, or the recipe has changed since.
    """
    if not file.exists():
        return None
    with resuming(file):
        content: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
        name, number, digest = str(content["recipe"]), int(content["seed"]), content["digest"]
    if (name, number) != (recipe.name, seed):
        raise TrainingError(
            f"{file} belongs to recipe {name}, seed {number}, not to {recipe.name}, seed {seed}", advice=_advice(file)
        )
    if digest != _digest(recipe):
        raise TrainingError(
            f"recipe {name} has changed since {file} was written", advice=f"change it back, or {_advice(file)}"
        )
    return content


@contextmanager
def resuming(file: Path) -> Iterator[None]:
    """Turn errors inside the block into one error that says what to do with the state file.

    Raises:
        TrainingError: the state file is damaged, or is of another net.
    """
    try:
        yield
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise TrainingError(f"{file} cannot be resumed from ({type(error).__name__})", advice=_advice(file)) from error


def _digest(recipe: Recipe) -> str:
    return hashlib.sha256(msgspec.json.encode(recipe)).hexdigest()


def _advice(file: Path) -> str:
    return f"remove {file} to start again"
