"""`digit-convert`: `app` combines one module for each command. They only parse arguments and print results.

Commands import torch late, so the others start fast.
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
