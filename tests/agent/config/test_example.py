from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import typer

from agent.cli.run import run
from agent.config.document import NAMES, parse
from agent.config.example import example
from agent.config.options import OPTIONS, Config

NOT_IN_FILES = {"config", "screenshot"}
"""Options of `run` that name the configuration file, or are hidden from users."""


def test_every_option_of_a_run_can_be_configured() -> None:
    assert set(inspect.signature(run).parameters) - NOT_IN_FILES == set(OPTIONS)


def test_the_command_line_has_the_same_names_and_help() -> None:
    app = typer.Typer()
    app.command()(run)
    options = [one for one in typer.main.get_command(app).params if one.name in OPTIONS]
    spellings = {one.name: (one.opts, getattr(one, "help", None)) for one in options}
    assert spellings == {name: ([f"--{option}"], OPTIONS[name].help) for option, name in NAMES.items()}


def test_the_example_sets_no_option() -> None:
    document = parse(example().encode(), Path("/"))
    assert (document.config, document.problems) == (Config(), ())
    assert all(len(line) <= 120 for line in example().splitlines())


@pytest.mark.parametrize("option", NAMES)
def test_each_option_of_the_example_can_be_uncommented(option: str) -> None:
    text = example().replace(f"# {option} = ", f"{option} = ")
    document = parse(text.encode(), Path("/"))
    assert document.problems == ()
    value = getattr(document.config, NAMES[option])
    assert (str(value) if isinstance(value, Path) else value) == OPTIONS[NAMES[option]].example
    assert text.splitlines()[document.lines[NAMES[option]] - 1].startswith(f"{option} = ")
