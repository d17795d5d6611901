"""A recipe: everything that decides what a training run does, but its seed. `converters/recipes/*.toml` ship."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from profiles.errors import UsageError

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="role"):
    """What every recipe says: which net, how long, in what steps, from what."""

    name: str
    net: str
    epochs: Positive
    batch: Positive
    learning_rate: Annotated[float, Meta(gt=0)]
    weight_decay: Annotated[float, Meta(ge=0)]
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)]
    outlier_weight: Annotated[float, Meta(ge=0)]
    """What a mistake on an outlier counts, where one on a digit counts 1: digits are rarer than the mix has them."""
    scenes: Count
    """Candidates an epoch that were cut out of drawn scenes, half of them digits."""
    pictures: Count
    """Candidates an epoch that were cut out of real pictures, half of them digits; none where no pictures are given."""
    scenes_drawn: Count
    """Scenes that are drawn, once, before the first epoch."""


class ClassifierRecipe(Schedule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="classifier"):
    """How to train a net that tells glyphs."""

    plain: Count
    """Digits of MNIST an epoch, as they are."""
    varied: Count
    """Digits of MNIST an epoch, bent and drawn anew."""
    outliers: Count
    """Drawn glyphs an epoch that are no digits."""


class VerifierRecipe(Schedule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="verifier"):
    """How to train a net that looks around."""


def load_recipe(name: str) -> ClassifierRecipe | VerifierRecipe:
    """A recipe that ships, by its name, or one of your own: a name that ends in .toml is a path.

    Raises:
        UsageError: there is none of that name, or it does not say what it must.
    """
    folder = files("converters") / "recipes"
    file = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    try:
        return msgspec.toml.decode(file.read_bytes(), type=ClassifierRecipe | VerifierRecipe)
    except FileNotFoundError:
        known = ", ".join(sorted(p.name.removesuffix(".toml") for p in folder.iterdir()))
        raise UsageError(f"there is no recipe {name!r}; name a .toml file, or one of: {known}") from None
    except OSError as error:
        raise UsageError(f"recipe {file} cannot be read ({error.strerror}); name another") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"recipe {file} is wrong: {error}; correct it") from error
