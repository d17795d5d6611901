"""The command line `digit-agent`: one module per command, combined in `app`.

A command parses its options and prints; heavy modules are imported only when their command runs.
"""

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
