"""Bundles on a booted board: a good one is used, a bad one leaves the board with what worked before."""

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
def trusting(board: Guest, desktop: Desktop) -> Guest:
    (board.root / "etc/digit-agent/deploy.pub").write_bytes(desktop.public.read_bytes())
    board.await_ready()
    return board


def carry(bundle: Path, board: Guest) -> str:
    (board.root / "var/tmp" / bundle.name).write_bytes(bundle.read_bytes())
    return f"/var/tmp/{bundle.name}"


def in_use(board: Guest) -> str | None:
    """The version in use, as the board says."""
    told: dict[str, Any] = json.loads(board.sh("digit-deploy", "status", "--json"))
    return next((slot["version"] for slot in told["slots"] if slot["in_use"]), None)


def reads_with(board: Guest) -> str:
    """The artifacts that the running agent says it uses."""
    return str(json.loads(board.sh("cat", "/run/digit-agent/health.json"))["artifacts"])


def test_a_good_bundle_is_used(trusting: Guest, desktop: Desktop) -> None:
    assert in_use(trusting) is None
    before = trusting.running()
    said = trusting.sh("digit-deploy", "install", carry(desktop.bundle("1.0"), trusting), timeout_s=200)
    assert "version 1.0 works and is in use" in said
    assert trusting.running() not in {None, before}
    assert in_use(trusting) == "1.0"
    assert reads_with(trusting) == "/var/lib/digit-deploy/slots/a/artifacts"


def test_a_bundle_whose_golden_vectors_fail_never_reaches_the_service(trusting: Guest, desktop: Desktop) -> None:
    before = trusting.running()
    bundle = carry(desktop.bundle("1.1", wrong=True), trusting)
    done = trusting.run("digit-deploy", "install", bundle, timeout_s=200)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "version 1.1 was not kept, and version 1.0 is in use, because the artifacts do not work here" in done.stderr
    assert trusting.running() == before
    assert in_use(trusting) == "1.0"


def test_a_bundle_with_which_the_service_does_not_last_is_taken_back(trusting: Guest, desktop: Desktop) -> None:
    before = trusting.running()
    bundle = carry(desktop.bundle("1.2", config=ENDS_AT_ONCE), trusting)
    done = trusting.run("digit-deploy", "install", bundle, timeout_s=200)
    assert done.returncode == 1
    assert "version 1.2 was not kept, and version 1.0 is in use" in done.stderr
    trusting.await_ready(other_than=before)
    assert in_use(trusting) == "1.0"
    assert reads_with(trusting) == "/var/lib/digit-deploy/slots/a/artifacts"
    assert [event["what"] for event in json.loads(trusting.sh("digit-deploy", "history", "--json"))["events"]] == [
        "installed",
        "refused",
        "undone",
    ]


def test_an_install_that_lost_its_power_is_undone_before_the_service_starts(trusting: Guest, desktop: Desktop) -> None:
    journal = trusting.root / "var/lib/digit-deploy/journal.json"
    noted = json.loads(journal.read_text())
    attempt = {"slot": "b", "version": "1.3", "previous": "a", "step": "trying"}
    trusting.sh("systemctl", "stop", "digit-agent")
    journal.write_text(json.dumps({**noted, "attempt": attempt}))
    trusting.sh("ln", "-sfn", "slots/b", "/var/lib/digit-deploy/current")
    trusting.sh("systemctl", "start", "digit-agent")
    assert in_use(trusting) == "1.0"
    assert "version 1.3 was undone" in trusting.journal("digit-deploy-recover")


def test_reloading_keeps_the_process(trusting: Guest) -> None:
    before = trusting.await_ready()
    trusting.sh("systemctl", "reload", "digit-agent")
    trusting.sh("sleep", "2")
    assert trusting.running() == before
