"""Command line of `digit-deploy`: one module for each command. They parse and print; heavy imports are delayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.terminal import run_app

if TYPE_CHECKING:
    from typer import Typer


def main() -> None:
    """Entry point of `digit-deploy`."""
    run_app(_load, "digit-deploy")


def _load() -> Typer:
    from deploy.cli.app import app

    return app
