"""Bundles on a booted system: a valid bundle is used, a bad one leaves the previous version in use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.systemd.bundles import ENDS_AT_ONCE, Desktop
from tests.systemd.guest import Guest

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Desktop:
    return Desktop.in_folder(tmp_path_factory.mktemp("desktop"))


@pytest.fixture(scope="module")
def board_ready(board: Guest, desktop: Desktop) -> Guest:
    (board.root / "etc/digit-agent/deploy.pub").write_bytes(desktop.public.read_bytes())
    board.await_ready()
    return board


def copy_to_board(bundle: Path, board: Guest) -> str:
    (board.root / "var/tmp" / bundle.name).write_bytes(bundle.read_bytes())
    return f"/var/tmp/{bundle.name}"


def in_use(board: Guest) -> str | None:
    """Return the version in use."""
    status: dict[str, Any] = json.loads(board.sh("digit-deploy", "status", "--json"))
    return next((slot["version"] for slot in status["slots"] if slot["in_use"]), None)


def artifacts_in_use(board: Guest) -> str:
    """Return the folder of artifacts that the running agent uses."""
    return str(json.loads(board.sh("cat", "/run/digit-agent/health.json"))["artifacts"])


def test_a_valid_bundle_is_used(board_ready: Guest, desktop: Desktop) -> None:
    assert in_use(board_ready) is None
    before = board_ready.running()
    output = board_ready.sh("digit-deploy", "install", copy_to_board(desktop.bundle("1.0"), board_ready), timeout_s=200)
    assert output.startswith("version 1.0 (made ")
    assert "works and is in use" in output
    assert board_ready.running() not in {None, before}
    assert in_use(board_ready) == "1.0"
    assert artifacts_in_use(board_ready) == "/var/lib/digit-deploy/slots/a/artifacts"


def test_a_bundle_with_wrong_golden_vectors_never_reaches_the_service(board_ready: Guest, desktop: Desktop) -> None:
    before = board_ready.running()
    bundle = copy_to_board(desktop.bundle("1.1", wrong=True), board_ready)
    done = board_ready.run("digit-deploy", "install", bundle, timeout_s=200)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "version 1.1 was not kept, and version 1.0 is in use, because the artifacts do not work here" in done.stderr
    assert board_ready.running() == before
    assert in_use(board_ready) == "1.0"


def test_a_bundle_with_which_the_service_exits_is_rolled_back(board_ready: Guest, desktop: Desktop) -> None:
    before = board_ready.running()
    bundle = copy_to_board(desktop.bundle("1.2", config=ENDS_AT_ONCE), board_ready)
    done = board_ready.run("digit-deploy", "install", bundle, timeout_s=200)
    assert done.returncode == 1
    assert "version 1.2 was not kept, and version 1.0 is in use" in done.stderr
    board_ready.await_ready(other_than=before)
    assert in_use(board_ready) == "1.0"
    assert artifacts_in_use(board_ready) == "/var/lib/digit-deploy/slots/a/artifacts"
    assert [event["what"] for event in json.loads(board_ready.sh("digit-deploy", "history", "--json"))["events"]] == [
        "installed",
        "refused",
        "undone",
    ]


def test_an_interrupted_install_is_rolled_back_before_the_service_starts(board_ready: Guest, desktop: Desktop) -> None:
    journal = board_ready.root / "var/lib/digit-deploy/journal.json"
    content = json.loads(journal.read_text())
    attempt = {"slot": "b", "version": "1.3", "previous": "a", "step": "trying"}
    board_ready.sh("systemctl", "stop", "digit-agent")
    journal.write_text(json.dumps({**content, "attempt": attempt}))
    board_ready.sh("ln", "-sfn", "slots/b", "/var/lib/digit-deploy/current")
    board_ready.sh("systemctl", "start", "digit-agent")
    assert in_use(board_ready) == "1.0"
    assert "version 1.3 was undone" in board_ready.journal("digit-deploy-recover")


def test_a_reload_keeps_the_process(board_ready: Guest) -> None:
    before = board_ready.await_ready()
    board_ready.sh("systemctl", "reload", "digit-agent")
    board_ready.sh("sleep", "2")
    assert board_ready.running() == before
