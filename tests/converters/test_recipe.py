from __future__ import annotations

from pathlib import Path

import pytest

import converters
from converters.nets import ROLES
from converters.recipe import ClassifierRecipe, VerifierRecipe, load_recipe
from profiles.errors import UsageError

CLASSIFIER = Path(__file__).parent / "train" / "tiny_classifier.toml"
VERIFIER = CLASSIFIER.with_name("tiny_verifier.toml")
RECOGNISER = CLASSIFIER.with_name("tiny_recogniser.toml")
SHIPPED = sorted(path.stem for path in (Path(converters.__file__).parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_recipes_that_ship_load_by_name(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.net in ROLES
    if isinstance(recipe, ClassifierRecipe) and recipe.distillation:
        assert set(recipe.distillation.teachers) <= set(SHIPPED)
        assert name not in recipe.distillation.teachers, "its own runs would become its teachers"


def test_a_recipe_loads_from_a_file() -> None:
    verifier, classifier = load_recipe(str(VERIFIER)), load_recipe(str(CLASSIFIER))
    assert isinstance(verifier, VerifierRecipe)
    assert (verifier.name, verifier.epochs, verifier.learning_rate) == ("tiny-verifier", 2, 0.004)
    assert isinstance(classifier, ClassifierRecipe)
    assert (classifier.name, classifier.epochs, classifier.rendered_scenes) == ("tiny-classifier", 5, 2)


def test_an_unknown_name_lists_the_recipes() -> None:
    with pytest.raises(UsageError, match=r"there is no recipe 'bass'; name a \.toml file, or one of: alexnet, base"):
        load_recipe("bass")


@pytest.mark.parametrize(
    ("recipe", "right", "wrong", "message"),
    [
        (CLASSIFIER, "epochs = 2", "epoks = 2", r"Object contains unknown field `epoks` - at `\$\.steps"),
        (CLASSIFIER, "epochs = 2", "", r"Object missing required field `epochs` - at `\$\.steps"),
        (CLASSIFIER, "epochs = 2", "epochs = 'two'", r"Expected `int`, got `str` - at `\$\.steps"),
        (CLASSIFIER, "batch_size = 32", "batch_size = 0", r"Expected `int` >= 1 - at `\$\.batch_size`"),
        (CLASSIFIER, "original = 64", "original = -1", r"Expected `int` >= 0 - at `\$\.glyphs_per_epoch\.original`"),
        (CLASSIFIER, "epochs = 2", "epochs =", r".*line 24"),
        (CLASSIFIER, '"tiny-classifier"', '"\udcff"', r"'utf-8' codec can't decode byte 0xff"),
        (CLASSIFIER, '"classifier"', '"steps"', r"Invalid value 'steps' - at `\$\.role`"),
        (VERIFIER, "epochs = 2", "epoks = 2", r"Object contains unknown field `epoks`"),
        (VERIFIER, "epochs = 2", "", r"Object missing required field `epochs`"),
        (VERIFIER, "per_epoch = 1_000", "per_epoch = -1", r"Expected `int` >= 0 - at `\$\.scene_candidates_per_epoch`"),
        (CLASSIFIER, '"nano"', '"nana"', r"there is no net 'nana'; the nets are: nano, small, base"),
        (CLASSIFIER, '"nano"', '"verifier"', r"net 'verifier' is not a classifier"),
        (CLASSIFIER, '"nano"', '"vgg"', r"net 'vgg' has no class for outliers"),
        (CLASSIFIER, "rendered_outliers = 32", "", r"glyphs_per_epoch has outliers, and rendered_outliers is 0"),
        (CLASSIFIER, "rendered_scenes = 2", "", r"an epoch has scene candidates, and rendered_scenes is 0"),
        (CLASSIFIER, "batch_size = 32", "batch_size = 500", r"an epoch holds 192 examples, fewer than a batch of 500"),
        (VERIFIER, '"verifier"\nepochs', '"nano"\nepochs', r"net 'nano' is not a verifier"),
        (VERIFIER, "per_epoch = 1_000", "per_epoch = 0", r"an epoch holds 0 examples"),
        (RECOGNISER, '"recogniser"\nepochs', '"nano"\nepochs', r"net 'nano' is not a recogniser"),
        (RECOGNISER, "epochs = 2", "epochs = 2\npruned_channels = 3", r"pruned_channels is for a trained net"),
        (RECOGNISER, "field_share = 0.2", "field_share = 0.9", r"picture_share and field_share add up to more than 1"),
        (
            RECOGNISER,
            "rendered_fields = 3",
            "rendered_fields = 0",
            r"an epoch has strips of form fields, and rendered_fields is 0",
        ),
    ],
)
def test_an_error_in_a_recipe_is_reported_with_its_place(
    tmp_path: Path, recipe: Path, right: str, wrong: str, message: str
) -> None:
    text = recipe.read_text().replace(right, wrong)
    (tmp_path / "mine.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=rf"mine\.toml is wrong: {message}"):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml'; name a"):
        load_recipe(str(tmp_path / "gone.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match=r"folder\.toml cannot be read \(Is a directory\)"):
        load_recipe(str(tmp_path / "folder.toml"))
