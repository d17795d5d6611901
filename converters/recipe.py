"""Recipes: all settings of a training run except its seed. The recipes that ship are `converters/recipes/*.toml`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from converters.nets import DIGITS_ONLY, ROLES
from profiles.errors import UsageError

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class VerifierRecipe(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="role", tag="verifier"
):
    """Settings for training a verifier."""

    name: str
    net: str
    """Family of the net, a name that `converters.nets.build_net` accepts."""
    start_from: str = ""
    """Recipe whose net this one starts from; empty for a net with random weights."""
    epochs: Positive
    expansion_factor: Positive = 1
    """How many times wider the convolutions are during training, see `converters.compress.expand`; 1 turns it off."""
    batch_size: Positive
    learning_rate: Annotated[float, Meta(gt=0)]
    """Highest learning rate of the cycle, see `converters.train.learn.learning_rate_factor`."""
    weight_decay: Annotated[float, Meta(ge=0)]
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)]
    outlier_loss_weight: Annotated[float, Meta(ge=0)]
    """Weight of an outlier in the loss; a digit has weight 1. Digits are rarer in pictures than in an epoch."""
    scene_candidates_per_epoch: Count
    """Candidates from rendered scenes; half of them are digits."""
    picture_candidates_per_epoch: Count
    """Candidates from real pictures; half of them are digits. Not used when no pictures are given."""
    rendered_scenes: Count
    """Scenes that are rendered once, before the first epoch."""
    held_out_scenes: Positive
    """Scenes that are rendered with held-out digits, to watch the training and to scale the temperature after it."""

    @property
    def teachers(self) -> tuple[str, ...]:
        """Always empty: a verifier learns from labels only."""
        return ()


class RecogniserRecipe(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="role", tag="recogniser"
):
    """Settings for training a line recogniser."""

    name: str
    net: str
    """Family of the net, a name that `converters.nets.build_net` accepts."""
    start_from: str = ""
    """Recipe whose net this one starts from; empty for a net with random weights."""
    pruned_channels: Count = 0
    """Number of channels to remove before the first epoch, see `converters.compress.prune.prune_by_loss`."""
    epochs: Positive
    batches_per_epoch: Positive
    batch_size: Positive
    learning_rate: Annotated[float, Meta(gt=0)]
    """Highest learning rate of the cycle, see `converters.train.learn.learning_rate_factor`."""
    weight_decay: Annotated[float, Meta(ge=0)]
    picture_share: Annotated[float, Meta(ge=0, le=1)]
    """Share of strips of real pictures; none are used when no pictures are given. The rest is drawn from strokes."""
    field_share: Annotated[float, Meta(ge=0, le=1)]
    """Share of strips of rendered form fields."""
    splice_share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """Share of the strips of pictures and fields that are composed of parts of two strips."""
    rendered_fields: Count
    """Form fields that are rendered once, before the first epoch."""
    held_out_lines: Positive
    """Strips that are drawn by held-out writers, to watch the training."""
    held_out_fields: Count
    """Form fields that are rendered with held-out digits, to watch the training."""

    @property
    def teachers(self) -> tuple[str, ...]:
        """Always empty: a recogniser learns from labels only."""
        return ()

    @property
    def rendered_scenes(self) -> int:
        """Number of form fields, which are rendered as scenes are."""
        return self.rendered_fields


class GlyphsPerEpoch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Number of glyphs of each kind in an epoch. Each epoch chooses and augments them anew."""

    original: Count
    """MNIST digits without augmentation."""
    augmented: Count
    """MNIST digits with full augmentation."""
    mildly_augmented: Count = 0
    """MNIST digits with weak augmentation."""
    extra_strokes: Count = 0
    """Ones with a flag and sevens with a bar, with full augmentation."""
    outliers: Count = 0
    """Rendered glyphs that are not digits, augmented."""
    scene_candidates: Count = 0
    """Candidates from rendered scenes, half of them digits, with weak augmentation."""
    picture_candidates: Count = 0
    """Candidates from real pictures, half of them digits, with weak augmentation. Not used when none are given."""
    isolated_digits: Count = 0
    """Isolated digits from other data sets, augmented. Not used when none are given."""
    pen_digits: Count = 0
    """Digits drawn from pen strokes, augmented. Not used when no handwriting is given."""


class Distillation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Train also on soft labels of teachers (Hinton et al., Distilling the Knowledge in a Neural Network, 2015)."""

    teachers: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Names of recipes; all their checkpoints form one ensemble of teachers."""
    temperature: Annotated[float, Meta(gt=0)]
    """Divisor of the logits of teachers and student. A higher value makes the soft labels more even."""
    soft_label_weight: Annotated[float, Meta(ge=0, le=1)]
    """Weight of the soft labels in the loss, 0..1; the labels have the rest."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """One step of a run: a change of the net, and the training that follows it."""

    epochs: Count
    learning_rate: Annotated[float, Meta(gt=0)]
    """Highest learning rate of the cycle, see `converters.train.learn.learning_rate_factor`."""
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0


class Fit(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="fit"):
    """Train without changing the net."""

    expansion_factor: Positive = 1
    """How many times wider the convolutions are during training, see `converters.compress.expand`; 1 turns it off."""


class Prune(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="prune"):
    """Structured pruning: remove the channels with the smallest weights."""

    pruning_ratio: Annotated[float, Meta(gt=0, lt=1)]
    """Share of the channels to remove from each layer."""


class Sparsify(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sparsify"):
    """2:4 sparsity: set two of every four weights to 0. The tensor cores of a Jetson Orin skip them."""


class Cluster(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cluster"):
    """Weight clustering: the weights of a layer share fifteen values, which ONNX files store in half a byte each.

    A quantization step after it must have 0 epochs, because training would separate the values again.
    """


class Quantize(Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="quantize"):
    """Quantization-aware training: round weights and activations as int8 files do. With 0 epochs only round."""


class ClassifierRecipe(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="role", tag="classifier"
):
    """Settings for training a classifier in steps."""

    name: str
    net: str
    """Family of the net, a name that `converters.nets.build_net` accepts."""
    batch_size: Positive
    outlier_loss_weight: Annotated[float, Meta(ge=0)] = 1.0
    """Weight of an outlier in the loss; a digit has weight 1."""
    cached_epochs: Count = 0
    """Number of epochs that are augmented and labelled by the teachers once, then shuffled and used again; 0 makes each
    epoch anew. A higher number gives more variety, and takes more memory and time."""
    rendered_scenes: Count = 0
    """Scenes that are rendered once, before the first epoch."""
    rendered_outliers: Count = 0
    """Outliers that are rendered once, before the first epoch."""
    glyphs_per_epoch: GlyphsPerEpoch
    distillation: Distillation | None = None
    start_from: str = ""
    """Recipe whose net the first step starts from; empty for a net with random weights."""
    steps: Annotated[tuple[Fit | Prune | Sparsify | Cluster | Quantize, ...], Meta(min_length=1)]

    @property
    def epochs(self) -> int:
        """Number of epochs of all steps together."""
        return sum(step.epochs for step in self.steps)

    @property
    def teachers(self) -> tuple[str, ...]:
        """Names of the recipes whose checkpoints are the teachers."""
        return self.distillation.teachers if self.distillation else ()


Recipe = VerifierRecipe | RecogniserRecipe | ClassifierRecipe


def load_recipe(name: str) -> Recipe:
    """Load a recipe.

    Args:
        name: name of a recipe that ships, or path of a file that ends in .toml.

    Raises:
        UsageError: the recipe does not exist, cannot be read, or is wrong.
    """
    folder = files("converters") / "recipes"
    file = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    try:
        recipe: Recipe = msgspec.toml.decode(file.read_bytes(), type=Recipe)
    except FileNotFoundError:
        known = ", ".join(sorted(p.name.removesuffix(".toml") for p in folder.iterdir()))
        raise UsageError(f"there is no recipe {name!r}", advice=f"name a .toml file, or one of: {known}") from None
    except OSError as error:
        raise UsageError(f"recipe {file} cannot be read ({error.strerror})", advice="name another") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"recipe {file} is wrong: {error}", advice="correct it") from error
    if problem := _find_problem(recipe):
        raise UsageError(f"recipe {file} is wrong: {problem}", advice="correct it")
    return recipe


def _find_problem(recipe: Recipe) -> str | None:
    """Describe the first contradiction between a recipe's values; None if there is none."""
    if recipe.net not in ROLES:
        return f"there is no net {recipe.net!r}; the nets are: {', '.join(ROLES)}"
    problems: list[tuple[object, str]] = []
    if isinstance(recipe, VerifierRecipe):
        role, scene_candidates = "verifier", recipe.scene_candidates_per_epoch
        examples = scene_candidates  # pictures do not count: they may not be given
    elif isinstance(recipe, RecogniserRecipe):
        role, scene_candidates = "recogniser", 0
        examples = recipe.batches_per_epoch * recipe.batch_size
        problems = [
            (recipe.pruned_channels and not recipe.start_from, "pruned_channels is for a trained net: add start_from"),
            (recipe.picture_share + recipe.field_share > 1, "picture_share and field_share add up to more than 1"),
            (
                recipe.field_share > 0 and not recipe.rendered_fields,
                "an epoch has strips of form fields, and rendered_fields is 0",
            ),
        ]
    else:
        mix = recipe.glyphs_per_epoch
        role, scene_candidates = "classifier", mix.scene_candidates
        digits = mix.original + mix.mildly_augmented + mix.augmented + mix.extra_strokes
        examples = digits + mix.outliers + mix.scene_candidates
        outliers = mix.outliers or mix.scene_candidates or mix.picture_candidates
        problems = [
            (
                recipe.net in DIGITS_ONLY and outliers,
                f"net {recipe.net!r} has no class for outliers, and glyphs_per_epoch contains some",
            ),
            (
                mix.outliers and not recipe.rendered_outliers,
                "glyphs_per_epoch has outliers, and rendered_outliers is 0",
            ),
        ]
    problems = [
        (ROLES[recipe.net] != role, f"net {recipe.net!r} is not a {role}"),
        *problems,
        (scene_candidates and not recipe.rendered_scenes, "an epoch has scene candidates, and rendered_scenes is 0"),
        (
            examples < recipe.batch_size,
            f"an epoch holds {examples} examples, fewer than a batch of {recipe.batch_size}",
        ),
    ]
    return next((message for applies, message in problems if applies), None)
