from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import typer

from agent.cli.run import run
from agent.config.document import NAMES, parse
from agent.config.example import example
from agent.config.options import OPTIONS, Config

APART = {"config", "screenshot"}
"""Options of a run that say where the others stand, or are not for users."""


def test_every_option_of_a_run_can_be_configured() -> None:
    assert set(inspect.signature(run).parameters) - APART == set(OPTIONS)


def test_the_command_line_knows_each_option_by_the_same_name_and_help() -> None:
    alone = typer.Typer()
    alone.command()(run)
    options = [one for one in typer.main.get_command(alone).params if one.name in OPTIONS]
    spellings = {one.name: (one.opts, getattr(one, "help", None)) for one in options}
    assert spellings == {name: ([f"--{spelled}"], OPTIONS[name].help) for spelled, name in NAMES.items()}


def test_the_example_says_nothing_by_itself() -> None:
    document = parse(example().encode(), Path("/"))
    assert (document.config, document.problems) == (Config(), ())
    assert all(len(line) <= 120 for line in example().splitlines())


@pytest.mark.parametrize("spelled", NAMES)
def test_each_option_of_the_example_can_be_taken_as_it_is(spelled: str) -> None:
    text = example().replace(f"# {spelled} = ", f"{spelled} = ")
    document = parse(text.encode(), Path("/"))
    assert document.problems == ()
    value = getattr(document.config, NAMES[spelled])
    assert (str(value) if isinstance(value, Path) else value) == OPTIONS[NAMES[spelled]].example
    assert text.splitlines()[document.lines[NAMES[spelled]] - 1].startswith(f"{spelled} = ")
