from __future__ import annotations

from pathlib import Path

import pytest

import converters
from converters.nets import ROLES
from converters.recipe import ClassifierRecipe, StepsRecipe, load_recipe
from profiles.errors import UsageError

TINY = Path(__file__).parent / "train" / "tiny.toml"


SHIPPED = sorted(path.stem for path in (Path(converters.__file__).parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_one_that_ships_goes_by_its_name_and_trains_a_net_there_is(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.net in ROLES
    if isinstance(recipe, StepsRecipe) and recipe.distil:
        assert recipe.distil.teacher in SHIPPED


def test_one_of_your_own_is_a_file() -> None:
    recipe = load_recipe(str(TINY))
    assert isinstance(recipe, ClassifierRecipe)
    assert (recipe.name, recipe.epochs, recipe.learning_rate) == ("tiny", 2, 0.004)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"there is no recipe 'bass'; name a \.toml file, or one of: alexnet, base"):
        load_recipe("bass")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("epochs = 2", "epoks = 2", r"mine\.toml is wrong: Object contains unknown field `epoks`"),
        ("epochs = 2", "", r"mine\.toml is wrong: Object missing required field `epochs`"),
        ("epochs = 2", "epochs = 'two'", r"mine\.toml is wrong: Expected `int`, got `str` - at `\$\.epochs`"),
        ("batch = 32", "batch = 0", r"mine\.toml is wrong: Expected `int` >= 1 - at `\$\.batch`"),
        ("plain = 2_000", "plain = -1", r"mine\.toml is wrong: Expected `int` >= 0 - at `\$\.plain`"),
        ("epochs = 2", "epochs =", r"mine\.toml is wrong: .*line 5"),
        ('"tiny"', '"\udcff"', r"mine\.toml is wrong: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    text = TINY.read_text().replace(right, wrong)
    (tmp_path / "mine.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=message):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml'; name a"):
        load_recipe(str(tmp_path / "gone.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match=r"folder\.toml cannot be read \(Is a directory\)"):
        load_recipe(str(tmp_path / "folder.toml"))
