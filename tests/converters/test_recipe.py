from __future__ import annotations

from pathlib import Path

import pytest

import converters
from converters.nets import ROLES
from converters.recipe import StepsRecipe, VerifierRecipe, load_recipe
from profiles.errors import UsageError

STEPS = Path(__file__).parent / "train" / "tiny_steps.toml"
VERIFIER = STEPS.with_name("tiny_verifier.toml")
SHIPPED = sorted(path.stem for path in (Path(converters.__file__).parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_one_that_ships_goes_by_its_name_and_trains_a_net_there_is(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.net in ROLES
    if isinstance(recipe, StepsRecipe) and recipe.distil:
        assert set(recipe.distil.teachers) <= set(SHIPPED)
        assert name not in recipe.distil.teachers, "its own runs would be taken for its teachers"


def test_one_of_your_own_is_a_file() -> None:
    verifier, steps = load_recipe(str(VERIFIER)), load_recipe(str(STEPS))
    assert isinstance(verifier, VerifierRecipe)
    assert (verifier.name, verifier.epochs, verifier.learning_rate) == ("tiny-verifier", 2, 0.004)
    assert isinstance(steps, StepsRecipe)
    assert (steps.name, steps.epochs, steps.scenes_drawn) == ("tiny-steps", 5, 2)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"there is no recipe 'bass'; name a \.toml file, or one of: alexnet, base"):
        load_recipe("bass")


@pytest.mark.parametrize(
    ("recipe", "right", "wrong", "message"),
    [
        (STEPS, "epochs = 2", "epoks = 2", r"Object contains unknown field `epoks` - at `\$\.steps"),
        (STEPS, "epochs = 2", "", r"Object missing required field `epochs` - at `\$\.steps"),
        (STEPS, "epochs = 2", "epochs = 'two'", r"Expected `int`, got `str` - at `\$\.steps"),
        (STEPS, "batch = 32", "batch = 0", r"Expected `int` >= 1 - at `\$\.batch`"),
        (STEPS, "plain = 64", "plain = -1", r"Expected `int` >= 0 - at `\$\.mix\.plain`"),
        (STEPS, "epochs = 2", "epochs =", r".*line 24"),
        (STEPS, '"tiny-steps"', '"\udcff"', r"'utf-8' codec can't decode byte 0xff"),
        (STEPS, '"steps"', '"classifier"', r"Invalid value 'classifier' - at `\$\.role`"),
        (VERIFIER, "epochs = 2", "epoks = 2", r"Object contains unknown field `epoks`"),
        (VERIFIER, "epochs = 2", "", r"Object missing required field `epochs`"),
        (VERIFIER, "scenes = 1_000", "scenes = -1", r"Expected `int` >= 0 - at `\$\.scenes`"),
        (STEPS, '"nano"', '"nana"', r"no net is called 'nana'; there are: nano, small, base"),
        (STEPS, '"nano"', '"verifier"', r"net 'verifier' is no classifier"),
        (STEPS, '"nano"', '"vgg"', r"net 'vgg' tells digits alone"),
        (STEPS, "outliers_drawn = 32", "", r"its mix has outliers, and outliers_drawn is 0"),
        (STEPS, "scenes_drawn = 2", "", r"it learns from scenes, and scenes_drawn is 0"),
        (STEPS, "batch = 32", "batch = 500", r"an epoch holds 192 examples, fewer than a batch of 500"),
        (VERIFIER, '"verifier"\nepochs', '"nano"\nepochs', r"net 'nano' is no verifier"),
        (VERIFIER, "scenes = 1_000", "scenes = 0", r"an epoch holds 0 examples"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, recipe: Path, right: str, wrong: str, message: str
) -> None:
    text = recipe.read_text().replace(right, wrong)
    (tmp_path / "mine.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=rf"mine\.toml is wrong: {message}"):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml'; name a"):
        load_recipe(str(tmp_path / "gone.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match=r"folder\.toml cannot be read \(Is a directory\)"):
        load_recipe(str(tmp_path / "folder.toml"))
