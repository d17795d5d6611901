"""Three boards with a systemd and an sshd each: what a rollout does to them, and what a failure leaves alone."""

from __future__ import annotations

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
    """The exit code of a rollout, and all that it said."""
    said, _ = rollout.communicate(timeout=ROLLOUT_S)
    return rollout.returncode, said


def recap(said: str) -> dict[str, dict[str, int]]:
    """What Ansible counted for each board."""
    lines = re.findall(r"^(board\d)\s*: (.*)$", said, re.MULTILINE)
    return {board: {word: int(count) for word, count in re.findall(r"(\w+)=(\d+)", counts)} for board, counts in lines}


def changed(said: str) -> list[int]:
    return [counts["changed"] for counts in recap(said).values()]


def push(fleet: Fleet, bundle: Path, *boards: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "deploy", "push", *boards, "--bundle", str(bundle)]
    return subprocess.run(
        [*argv, "--ssh-config", str(fleet.ssh_config)], capture_output=True, text=True, timeout=ROLLOUT_S, check=False
    )


def test_a_check_says_what_would_change_and_changes_nothing(fleet: Fleet) -> None:
    code, said = end(fleet.rollout(fleet.desktop.bundle("1.0"), "--check", "--diff", *CANARY_THEN_BOTH))
    assert code == 0, said
    assert changed(said) == [3, 3, 3], said  # the key, which its --diff shows; the bundle; the service, enabled
    assert fleet.desktop.public.read_text().splitlines()[1] in said
    assert fleet.versions() == [None, None, None]
    assert not any((board.root / "etc/digit-agent/deploy.pub").exists() for board in fleet.boards)


def test_a_good_bundle_reaches_all_and_a_second_time_changes_nothing(fleet: Fleet) -> None:
    bundle = fleet.desktop.folder / "1.0.bundle"
    code, said = end(fleet.rollout(bundle, *CANARY_THEN_BOTH))
    assert code == 0, said
    assert fleet.versions() == ["1.0", "1.0", "1.0"]
    code, said = end(fleet.rollout(bundle, *CANARY_THEN_BOTH))
    assert code == 0, said
    assert changed(said) == [0, 0, 0], said


def test_a_bad_bundle_ends_at_the_first_board_which_goes_back(fleet: Fleet) -> None:
    processes = [board.running() for board in fleet.boards]
    code, said = end(fleet.rollout(fleet.desktop.bundle("1.1", config=ENDS_AT_ONCE)))
    assert code != 0
    assert "version 1.1 was not kept, and version 1.0 is in use" in said
    assert [*recap(said)] == ["board1"]
    assert fleet.versions() == ["1.0", "1.0", "1.0"]
    fleet.boards[0].await_ready(other_than=processes[0])
    assert [board.running() for board in fleet.boards[1:]] == processes[1:]
    assert not any("1.1" in board.sh("digit-deploy", "history") for board in fleet.boards[1:])


def test_a_link_that_is_cut_in_the_middle_is_noticed_and_a_second_run_heals_it(fleet: Fleet) -> None:
    bundle = fleet.desktop.bundle("1.2")
    rollout = fleet.rollout(bundle)
    second = fleet.boards[1]
    arrived = second.root / "var/lib/digit-deploy/rollout.bundle"
    second.wait_for("bundle", lambda: arrived.read_bytes() == bundle.read_bytes() or None, ROLLOUT_S)
    fleet.wires[1].cut()
    cut_s = time.monotonic()
    code, said = end(rollout)
    assert code != 0
    assert time.monotonic() - cut_s < 30
    assert recap(said)["board2"]["unreachable"] + recap(said)["board2"]["failed"] == 1, said
    assert "Failed to connect to the host via ssh" in said
    assert "board3" not in recap(said)
    assert [version_of(fleet.boards[0]), version_of(fleet.boards[2])] == ["1.2", "1.0"]

    fleet.wires[1].mend()
    code, said = end(fleet.rollout(bundle, *CANARY_THEN_BOTH))
    assert code == 0, said
    assert fleet.versions() == ["1.2", "1.2", "1.2"]
    assert recap(said)["board1"]["changed"] == 0


def test_pushing_goes_from_board_to_board_and_stops_at_one_that_is_gone(fleet: Fleet) -> None:
    bundle = fleet.desktop.bundle("1.3")
    fleet.wires[2].cut()
    done = push(fleet, bundle, "board1", "board3", "board2")
    assert done.returncode == 1
    assert done.stdout == "board1: version 1.3 works and is in use, instead of version 1.2\n"
    assert done.stderr.startswith("digit-deploy: board3 cannot be reached, or its link broke (")
    assert done.stderr.endswith("; untouched: board2\n")
    assert done.stderr.count("\n") == 1
    assert fleet.versions() == ["1.3", "1.2", "1.2"]

    fleet.wires[2].mend()
    done = push(fleet, bundle, "board1", "board3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "board1: version 1.3 is in use already" in done.stdout
    assert fleet.versions() == ["1.3", "1.2", "1.3"]
    assert not any([*(board.root / "var/tmp").glob("digit-deploy.*")] for board in fleet.boards)


def test_pushing_what_a_board_refuses_leaves_the_others_alone(fleet: Fleet) -> None:
    bundle = fleet.desktop.bundle("1.4")
    spoiled = bytearray(bundle.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    bundle.write_bytes(spoiled)
    done = push(fleet, bundle, "board1", "board2", "board3")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"digit-deploy: board1: .* is damaged; .*; untouched: board2, board3\n", done.stderr)
    assert fleet.versions() == ["1.3", "1.2", "1.3"]
