"""Missing packages of the extra `convert`."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from converters.extra import MODULES, require_convert_extra
from profiles.errors import RuntimeUnusableError

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_a_missing_package_of_the_extra_gives_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    with (
        pytest.raises(RuntimeUnusableError, match=r"torch_pruning.*pip install 'digit-agent\[convert\]'"),
        require_convert_extra(),
    ):
        import torch_pruning  # noqa: F401


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'converters.no_such_module'", name="converters.no_such_module"),
        ModuleNotFoundError("no name"),
        ImportError("cannot import name 'no_such_name' from 'torch'", name="torch"),
    ],
)
def test_any_other_failed_import_is_raised_unchanged(error: ImportError) -> None:
    with pytest.raises(ImportError) as raised, require_convert_extra():
        raise error
    assert raised.value is error


def test_the_modules_are_those_of_the_packages_in_pyproject() -> None:
    packages = msgspec.toml.decode(PYPROJECT.read_bytes())["project"]["optional-dependencies"]["convert"]
    names = {package.partition(">=")[0].replace("-", "_") for package in packages}
    assert names == MODULES
