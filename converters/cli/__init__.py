"""`digit-convert`: `app` combines one module for each command. They only parse arguments and print results.

Commands import torch only when they need it, so the other commands start fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.terminal import run_app

if TYPE_CHECKING:
    from typer import Typer


def main() -> None:
    """Entry point of `digit-convert`."""
    run_app(_load, "digit-convert")


def _load() -> Typer:
    from converters.cli.app import app

    return app
