"""Rollouts to three systems with systemd and sshd: their effects, and which boards a failure leaves unchanged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fleet.conftest import Fleet, version_of
from tests.systemd.bundles import ENDS_AT_ONCE

pytestmark = pytest.mark.timeout(900)
ROLLOUT_S = 600
CANARY_THEN_BOTH = ("--extra-vars", '{"rollout_batches": [1, 2]}')


def end(rollout: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a rollout; return its exit code and its output."""
    output, _ = rollout.communicate(timeout=ROLLOUT_S)
    return rollout.returncode, output


def recap(output: str) -> dict[str, dict[str, int]]:
    """Return Ansible's counts for each board."""
    lines = re.findall(r"^(board\d)\s*: (.*)$", output, re.MULTILINE)
    return {board: {word: int(count) for word, count in re.findall(r"(\w+)=(\d+)", counts)} for board, counts in lines}


def changed(output: str) -> list[int]:
    return [counts["changed"] for counts in recap(output).values()]


def push(fleet: Fleet, bundle: Path, *boards: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "deploy", "push", *boards, "--bundle", str(bundle)]
    return subprocess.run(
        [*argv, "--ssh-config", str(fleet.ssh_config)], capture_output=True, text=True, timeout=ROLLOUT_S, check=False
    )


def test_a_check_shows_the_changes_and_changes_nothing(fleet: Fleet) -> None:
    code, output = end(fleet.rollout(fleet.desktop.bundle("1.0"), "--check", "--diff", *CANARY_THEN_BOTH))
    assert code == 0, output
    assert changed(output) == [3, 3, 3], output  # the key, which --diff shows; the bundle; the enabled service
    assert fleet.desktop.public.read_text().strip() in output
    assert fleet.versions() == [None, None, None]
    assert not any((board.root / "etc/digit-agent/deploy.pub").exists() for board in fleet.boards)


def test_a_valid_bundle_is_installed_on_all_boards_and_a_second_rollout_changes_nothing(fleet: Fleet) -> None:
    bundle = fleet.desktop.folder / "1.0.bundle"
    code, output = end(fleet.rollout(bundle, *CANARY_THEN_BOTH))
    assert code == 0, output
    assert fleet.versions() == ["1.0", "1.0", "1.0"]
    code, output = end(fleet.rollout(bundle, *CANARY_THEN_BOTH))
    assert code == 0, output
    assert changed(output) == [0, 0, 0], output


def test_a_configuration_keeps_its_mode_and_is_not_shown(fleet: Fleet) -> None:
    """Its source contains a password."""
    for board in fleet.boards:
        board.sh("chown", "root:digit-agent", "/etc/digit-agent/config.toml")
        board.sh("chmod", "640", "/etc/digit-agent/config.toml")
    before = fleet.boards[0].sh("cat", "/etc/digit-agent/config.toml")
    config = f"{before}# rtsp://admin:S3CRET@camera/1\n"
    extra = ("--extra-vars", json.dumps({"digit_config": config}))
    code, output = end(fleet.rollout(fleet.desktop.folder / "1.0.bundle", "--diff", *extra, *CANARY_THEN_BOTH))
    assert code == 0, output
    assert "S3CRET" not in output
    for board in fleet.boards:
        assert board.sh("stat", "--format=%a %U %G", "/etc/digit-agent/config.toml").split() == [
            "640",
            "root",
            "digit-agent",
        ]
        assert "S3CRET" in board.sh("cat", "/etc/digit-agent/config.toml")


def test_a_bad_bundle_is_rolled_back_on_the_first_board_and_reaches_no_other(fleet: Fleet) -> None:
    processes = [board.running() for board in fleet.boards]
    code, output = end(fleet.rollout(fleet.desktop.bundle("1.1", config=ENDS_AT_ONCE)))
    assert code != 0
    assert "version 1.1 was not kept, and version 1.0 is in use" in output
    assert [*recap(output)] == ["board1"]
    assert fleet.versions() == ["1.0", "1.0", "1.0"]
    fleet.boards[0].await_ready(other_than=processes[0])
    assert [board.running() for board in fleet.boards[1:]] == processes[1:]
    assert not any("1.1" in board.sh("digit-deploy", "history") for board in fleet.boards[1:])


def test_a_lost_connection_is_reported_and_a_second_rollout_completes(fleet: Fleet) -> None:
    bundle = fleet.desktop.bundle("1.2")
    rollout = fleet.rollout(bundle)
    second = fleet.boards[1]
    arrived = second.root / "var/lib/digit-deploy/rollout.bundle"
    second.wait_for("bundle", lambda: arrived.read_bytes() == bundle.read_bytes() or None, ROLLOUT_S)
    fleet.links[1].disconnect()
    disconnected_s = time.monotonic()
    code, output = end(rollout)
    assert code != 0
    assert time.monotonic() - disconnected_s < 30
    assert recap(output)["board2"]["unreachable"] + recap(output)["board2"]["failed"] == 1, output
    assert "Failed to connect to the host via ssh" in output
    assert "board3" not in recap(output)
    assert [version_of(fleet.boards[0]), version_of(fleet.boards[2])] == ["1.2", "1.0"]

    fleet.links[1].reconnect()
    code, output = end(fleet.rollout(bundle, *CANARY_THEN_BOTH))
    assert code == 0, output
    assert fleet.versions() == ["1.2", "1.2", "1.2"]
    assert recap(output)["board1"]["changed"] == 0


def test_push_installs_board_by_board_and_stops_at_an_unreachable_board(fleet: Fleet) -> None:
    bundle = fleet.desktop.bundle("1.3")
    fleet.links[2].disconnect()
    done = push(fleet, bundle, "board1", "board3", "board2")
    assert done.returncode == 1
    assert done.stdout == "board1: version 1.3 works and is in use, instead of version 1.2\n"
    assert done.stderr.startswith("digit-deploy: board3 cannot be reached, or the connection broke (")
    assert done.stderr.endswith("; not installed on: board2; try 'ssh board3 true', then push again\n")
    assert done.stderr.count("\n") == 1
    assert fleet.versions() == ["1.3", "1.2", "1.2"]

    fleet.links[2].reconnect()
    done = push(fleet, bundle, "board1", "board3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "board1: version 1.3 is already in use" in done.stdout
    assert fleet.versions() == ["1.3", "1.2", "1.3"]
    assert not any([*(board.root / "var/tmp").glob("digit-deploy.*")] for board in fleet.boards)


def test_push_stops_after_a_board_refused_the_bundle(fleet: Fleet) -> None:
    bundle = fleet.desktop.bundle("1.4")
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    bundle.write_bytes(damaged)
    done = push(fleet, bundle, "board1", "board2", "board3")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"digit-deploy: board1: .* is damaged; .*; not installed on: board2, board3\n", done.stderr)
    assert fleet.versions() == ["1.3", "1.2", "1.3"]
