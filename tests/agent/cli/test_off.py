"""What nobody has asked for costs a run nothing: no module, no thread, and no call in any frame."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

CHILD = """
import json, os, sys, threading
from pathlib import Path

import agent
from agent.cli import main

called, threads = set(), set()

def note(frame, event, _):
    if event == "call":
        called.add(frame.f_code.co_filename)
        if frame.f_code is threading.Thread.run.__code__:
            threads.add(frame.f_locals["self"].name)

threading.setprofile(note)
sys.setprofile(note)
try:
    main()
finally:
    sys.setprofile(None)
    root = Path(agent.__file__).parent
    packages = {Path(name).relative_to(root).parts[0] for name in called if name.startswith(str(root))}
    Path(os.environ["NOTED"]).write_text(json.dumps([sorted(packages), sorted(threads), sorted(sys.modules)]))
"""
"""Runs the agent, and notes each call of a Python function in each of its threads."""
EXTRAS = ("paho", "prometheus_client", "starlette", "uvicorn", "h11", "segno")


@dataclass(frozen=True)
class Noted:
    """What a run did."""

    packages: set[str]
    """Packages of the agent whose functions it called."""
    threads: set[str]
    modules: set[str]


def noted(folder: Path, *arguments: str) -> Noted:
    file = folder / "noted.json"
    command = [sys.executable, "-c", CHILD, "run", "--source", "demo:", "--frames", "20", "--no-dashboard", "--no-log"]
    environ = {**os.environ, "STATE_DIRECTORY": str(folder), "NOTED": str(file)}
    done = subprocess.run([*command, *arguments], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Noted(*map(set, json.loads(file.read_text())))


@pytest.mark.slow
def test_a_run_without_ways_out_and_page_has_nothing_of_them(tmp_path: Path) -> None:
    off = noted(tmp_path)
    outlets = ("--mqtt", "mqtt://127.0.0.1:1", "--webhook", "http://127.0.0.1:1", "--metrics", "0")
    on = noted(tmp_path, *outlets, "--web", "0")
    assert {"outlets", "web"} <= on.packages, "the notes are of use"
    assert on.threads - off.threads >= {"outbox", "outlet-mqtt", "outlet-webhook", "web"}
    assert not off.packages & {"outlets", "web"}
    assert off.threads <= on.threads
    assert not {name for name in off.modules if name.startswith(("agent.outlets", "agent.web", *EXTRAS))}
