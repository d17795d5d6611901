"""A recipe: everything that decides what a training run does, but its seed. `converters/recipes/*.toml` ship."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from converters.nets import DIGITS_ALONE, ROLES
from profiles.errors import UsageError

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class VerifierRecipe(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="role", tag="verifier"
):
    """How to train a net that looks around: which net, how long, in what steps, from what."""

    name: str
    net: str
    epochs: Positive
    expand: Positive = 1
    """How many times as wide each convolution is in its middle while it learns."""
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
    scenes_watched: Positive
    """Scenes of held-out digits that are drawn to watch the training, and to temper the net after it."""

    @property
    def teachers(self) -> tuple[str, ...]:
        """None: a verifier learns from labels alone."""
        return ()


class Mix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an epoch is made of, in glyphs; each is chosen anew, and varied anew where it says so."""

    plain: Count
    """Digits of MNIST, as they are."""
    varied: Count
    """Digits of MNIST, varied."""
    mild: Count = 0
    """Digits of MNIST, varied a little."""
    stroked: Count = 0
    """Ones with a flag and sevens with a bar, varied."""
    outliers: Count = 0
    """Drawn glyphs that are no digits, varied."""
    scenes: Count = 0
    """Candidates cut out of drawn scenes, half of them digits, varied a little."""
    pictures: Count = 0
    """Candidates cut out of real pictures, half of them digits, varied a little; none where no pictures are given."""
    isolated: Count = 0
    """Digits that others have cut out, varied; none where none are given."""
    outliers_drawn: Count = 0
    """Outliers that are drawn, once, to choose from."""
    scenes_drawn: Count = 0
    """Scenes that are drawn, once, before the first epoch."""


class Distil(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Learn from teachers' soft labels, too (Hinton et al., Distilling the knowledge in a neural network, 2015)."""

    teachers: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Recipes; all their checkpoints teach together."""
    temperature: Annotated[float, Meta(gt=0)]
    trust: Annotated[float, Meta(ge=0, le=1)]
    """What the teachers' word counts; the labels' counts the rest."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """A change of the net, and how long it learns after it."""

    epochs: Count
    learning_rate: Annotated[float, Meta(gt=0)]
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0


class Fit(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="fit"):
    """Learn; the net stays as it is."""

    expand: Positive = 1
    """How many times as wide each convolution is in its middle while it learns."""


class Prune(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="prune"):
    """Take channels out for good: those with the smallest weights."""

    channels: Annotated[float, Meta(gt=0, lt=1)]
    """Share of each layer's channels that go."""


class Sparsify(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sparsify"):
    """Set two of every four weights to 0, where an Orin's tensor cores leave them out."""


class Cluster(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cluster"):
    """Let each layer's weights share fifteen values, which ONNX files store in half a byte a weight.

    After it, learning with rounded weights would part them again.
    """


class Quantize(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="quantize"):
    """Round weights and activations as int8 files do, and learn to live with it; with 0 epochs only round."""


class StepsRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="role", tag="steps"):
    """How to train a classifier in steps, each a change of the net and some epochs."""

    name: str
    net: str
    batch: Positive
    outlier_weight: Annotated[float, Meta(ge=0)] = 1.0
    """What a mistake on an outlier counts, where one on a digit counts 1."""
    mix: Mix
    decks: Count = 0
    """Epochs that are varied and shown to the teachers once, and then come again in another order; 0 for fresh ones."""
    distil: Distil | None = None
    start: str = ""
    """A recipe whose net is taken further; a fresh one where there is none."""
    steps: Annotated[tuple[Fit | Prune | Sparsify | Cluster | Quantize, ...], Meta(min_length=1)]

    @property
    def epochs(self) -> int:
        """Of all steps."""
        return sum(step.epochs for step in self.steps)

    @property
    def teachers(self) -> tuple[str, ...]:
        """Recipes whose checkpoints teach."""
        return self.distil.teachers if self.distil else ()

    @property
    def scenes_drawn(self) -> int:
        """Scenes that are drawn before the first epoch."""
        return self.mix.scenes_drawn


Recipe = VerifierRecipe | StepsRecipe


def load_recipe(name: str) -> Recipe:
    """A recipe that ships, by its name, or one of your own: a name that ends in .toml is a path.

    Raises:
        UsageError: there is none of that name, or it does not say what it must.
    """
    folder = files("converters") / "recipes"
    file = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    try:
        recipe: Recipe = msgspec.toml.decode(file.read_bytes(), type=Recipe)
    except FileNotFoundError:
        known = ", ".join(sorted(p.name.removesuffix(".toml") for p in folder.iterdir()))
        raise UsageError(f"there is no recipe {name!r}; name a .toml file, or one of: {known}") from None
    except OSError as error:
        raise UsageError(f"recipe {file} cannot be read ({error.strerror}); name another") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"recipe {file} is wrong: {error}; correct it") from error
    if wrong := _contradiction(recipe):
        raise UsageError(f"recipe {file} is wrong: {wrong}; correct it")
    return recipe


def _contradiction(recipe: Recipe) -> str | None:
    """What its parts make impossible together."""
    if recipe.net not in ROLES:
        return f"no net is called {recipe.net!r}; there are: {', '.join(ROLES)}"
    own: tuple[tuple[object, str], ...] = ()
    if isinstance(recipe, VerifierRecipe):
        kind, scenes, epoch = "verifier", recipe.scenes, recipe.scenes  # without real pictures there are no others
    else:
        mix, own = recipe.mix, _of_a_mix(recipe.net, recipe.mix)
        kind, scenes = "classifier", mix.scenes
        epoch = mix.plain + mix.mild + mix.varied + mix.stroked + mix.outliers + mix.scenes
    wrong = (
        (ROLES[recipe.net] != kind, f"net {recipe.net!r} is no {kind}"),
        *own,
        (scenes and not recipe.scenes_drawn, "it learns from scenes, and scenes_drawn is 0"),
        (epoch < recipe.batch, f"an epoch holds {epoch} examples, fewer than a batch of {recipe.batch}"),
    )
    return next((told for is_so, told in wrong if is_so), None)


def _of_a_mix(net: str, mix: Mix) -> tuple[tuple[object, str], ...]:
    """What may be wrong with a mix of glyphs: whether it is so, and what to say of it."""
    has_none = mix.outliers or mix.scenes or mix.pictures
    return (
        (net in DIGITS_ALONE and has_none, f"net {net!r} tells digits alone, and its mix holds what is none"),
        (mix.outliers and not mix.outliers_drawn, "its mix has outliers, and outliers_drawn is 0"),
    )
