"""`digit-agent`: `app` gathers one module a command, each only parses and prints; heavy imports wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.terminal import run_app

if TYPE_CHECKING:
    from typer import Typer


def main() -> None:
    """Entry point of `digit-agent`."""
    run_app(_load, "digit-agent")


def _load() -> Typer:
    from agent.cli.app import app

    return app
