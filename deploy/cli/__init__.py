"""`digit-deploy`: `app` gathers one module a command, each only parses and prints; heavy imports wait for it."""

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
