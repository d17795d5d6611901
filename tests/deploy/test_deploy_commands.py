from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from deploy.journal import Attempt, begin, load_journal
from deploy.service_control import BoardControl
from deploy.slots import current_slot
from tests.deploy.made import BOARD, Maker, tree

pytestmark = pytest.mark.slow


def digit_deploy(*argv: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", *map(str, argv)]
    environ = {**os.environ, "COLUMNS": "120"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=360, check=False, env=environ)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def answer(*argv: str | Path) -> dict[str, Any]:
    expected = json.loads(digit_deploy(*argv, "--json").stdout)
    assert isinstance(expected, dict)
    return expected


@pytest.fixture
def options(maker: Maker, machine: BoardControl, tmp_path: Path) -> list[str]:
    key, root = maker.keys.public, tmp_path / "root"
    return [f"--public-key={key}", f"--root={root}", f"--agent={machine.agent}", "--restart=true", "--check=true"]


def test_the_help_teaches() -> None:
    expected = " ".join(digit_deploy("--help").stdout.split())  # lines are wrapped anywhere
    assert "digit-deploy bundle artifacts/pi4 --key deploy.key --version 1.4" in expected
    assert (
        "Exit codes: 0 success, 1 refused or rolled back, 2 wrong usage, 75 another digit-deploy is running."
        in expected
    )
    for command in ("keygen", "bundle", "install", "push", "receive", "status", "rollback", "history", "recover"):
        assert "Example:" in digit_deploy(command, "--help").stdout
        assert f" {command} " in expected


def test_the_whole_way_from_keygen_to_history(
    tmp_path: Path, artifacts: Path, machine: BoardControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    private, bundle, root = tmp_path / "my.key", tmp_path / "a.bundle", tmp_path / "root"
    assert "copy it to /etc/digit-agent/deploy.pub" in digit_deploy("keygen", private).stdout
    made = answer("bundle", artifacts, "--key", private, "--version", "1.4", "--out", bundle)
    assert made["bytes"] == bundle.stat().st_size
    assert (made["version"], made["compatible"], made["agent"]) == ("1.4", [BOARD], None)

    board = [f"--root={root}", f"--public-key={private.with_suffix('.pub')}", f"--agent={machine.agent}"]
    tried = digit_deploy("install", bundle, "--dry-run", *board)
    made_on = "(made 1970-01-02, "
    assert tried.stdout.startswith(f"would install version 1.4 {made_on}")
    assert tried.stdout.endswith(" days ago) into slot a, instead of the version that shipped with the agent\n")
    assert not root.exists()
    board += ["--restart=true", "--check=true", "--frames=0"]
    outcome = {"changed": True, "version": "1.4", "slot": "a", "previous": None}
    assert answer("install", bundle, *board) == outcome
    assert answer("install", bundle, *board) == {**outcome, "changed": False, "previous": "1.4"}
    assert f"version 1.4 {made_on}" in digit_deploy("install", bundle, "--dry-run", *board).stdout

    status = answer("status", f"--root={root}")
    assert (status["current"], status["attempt"]) == ("a", None)
    assert [(slot["version"], slot["in_use"], slot["damage"]) for slot in status["slots"]] == [
        ("1.4", True, ""),
        (None, False, ""),
    ]
    assert [event["what"] for event in answer("history", f"--root={root}")["events"]] == ["installed"]
    assert "1970-01-02, " in digit_deploy("status", f"--root={root}").stdout
    assert "installed" in digit_deploy("history", f"--root={root}").stdout


@pytest.mark.parametrize("umask", ["000", "777"])
def test_modes_do_not_depend_on_the_umask(umask: str, maker: Maker, options: list[str], tmp_path: Path) -> None:
    """All users can read what is installed, except the configuration, which may contain passwords."""
    root = tmp_path / "root"
    umasked = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", sys.executable, "-m", "deploy"]
    for command in (
        ["install", str(maker.write("1.0", config="")), "--frames=0", *options],
        ["install", str(maker.write("1.1")), "--frames=0", *options],
        ["rollback", f"--root={root}", "--restart=true", "--frames=0"],
    ):
        subprocess.run([*umasked, *command], check=True, capture_output=True)
    private = {"slots/a/config/config.toml": 0o640, "lock": 0o600}
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = private.get(str(path.relative_to(root)), 0o755 if path.is_dir() else 0o644)
            assert path.stat().st_mode & 0o777 == mode, path


def test_an_interrupted_installation_is_undone(maker: Maker, options: list[str], tmp_path: Path) -> None:
    root = tmp_path / "root"
    for version in ("1.0", "1.1"):
        digit_deploy("install", maker.write(version), "--frames=0", *options)
    begin(root, Attempt(slot="b", version="1.1", previous="a", step="trying"))
    assert "if it was interrupted, run: digit-deploy recover" in digit_deploy("status", f"--root={root}").stdout
    undone = digit_deploy("recover", "--no-restart", f"--root={root}").stdout
    assert undone == "version 1.1 was undone, because it was interrupted; the previous version is in use\n"
    assert answer("recover", "--no-restart", f"--root={root}") == {"changed": False, "event": None}
    assert answer("status", f"--root={root}")["current"] == "a"


def test_rollback(maker: Maker, options: list[str], tmp_path: Path) -> None:
    root = tmp_path / "root"
    for version in ("1.0", "1.1"):
        digit_deploy("install", maker.write(version), "--frames=0", *options)
    back = digit_deploy("rollback", f"--root={root}", "--restart=true", "--frames=0").stdout
    assert back == "version 1.0 is in use again, instead of version 1.1\n"


def test_the_service_is_watched_by_default(maker: Maker, options: list[str], tmp_path: Path) -> None:
    silent = [f"--health={tmp_path / 'nothing.json'}", "--timeout=0.5"]
    expected = digit_deploy("install", maker.write(), *options, *silent, code=1).stderr
    assert "the agent finished 0 frames in a row without a fault in 0.5 s, instead of 30" in expected
    assert expected.count("\n") == 1


def test_a_terminated_installation_restores_the_old_version(maker: Maker, options: list[str], tmp_path: Path) -> None:
    """A broken connection (SIGHUP) does not end it. SIGTERM undoes it before the process ends."""
    root = tmp_path / "root"
    digit_deploy("install", maker.write("1.0"), "--frames=0", *options)
    waiting = ["--frames=1", f"--health={tmp_path / 'nothing.json'}", str(maker.write("1.1"))]
    command = [sys.executable, "-m", "deploy", "install", *options, *waiting]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        deadline_s = time.monotonic() + 300
        while current_slot(root) != "b":
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        child.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert child.poll() is None
        child.terminate()
        assert child.wait(timeout=180) == 128 + signal.SIGTERM
    assert current_slot(root) == "a"
    assert [event.reason for event in load_journal(root).events] == ["", "it was interrupted"]


def test_refusals_are_one_line_and_change_nothing(maker: Maker, options: list[str], tmp_path: Path) -> None:
    bundle = maker.write("1.1")
    digit_deploy("install", bundle, "--frames=0", *options)
    before = tree(tmp_path / "root")
    older, flipped = maker.write("1.0"), maker.folder / "flipped.bundle"
    content = bytearray(bundle.read_bytes())
    content[-2000] ^= 1
    flipped.write_bytes(content)
    digit_deploy("keygen", tmp_path / "other.key")
    for argv, expected in (
        ([older], "is version 1.0, older than 1.1, which is in use; add --allow-downgrade"),
        ([flipped], "is damaged; copy the bundle again"),
        (
            [bundle, f"--public-key={tmp_path / 'other.pub'}"],
            "is not valid: none of the keys that this board accepts",
        ),
        ([tmp_path / "missing.bundle"], "cannot be read (No such file or directory)"),
    ):
        refusal = digit_deploy("install", *options, *argv, code=1)
        assert expected in refusal.stderr
        assert refusal.stderr.startswith("digit-deploy: ")
        assert refusal.stderr.count("\n") == 1
        assert refusal.stdout == ""
    assert tree(tmp_path / "root") == before


@pytest.mark.parametrize(
    "argv",
    ["x.bundle", "-", "--root=x", "--public-key=x", "--restart=x", "--check=x", "--agent=x", "--allow-downgrade"],
)
def test_what_sudo_may_allow_takes_nothing_but_a_bundle(argv: str) -> None:
    """`sudo digit-deploy receive` with one more word must not run: any of these would give root away."""
    digit_deploy("receive", argv, code=2)


def test_a_bundle_is_received_on_standard_input(maker: Maker, options: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy", "install", "-", "--json", "--frames=0", *options]
    for version, changed in (("1.0", True), ("1.0", False), ("1.1", True)):
        with maker.write(version).open("rb") as stdin:
            done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=360, check=True)
        assert json.loads(done.stdout)["changed"] is changed
    assert current_slot(tmp_path / "root") == "b"


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        ("<&-", "the received bundle is cut off"),
        ("0>/dev/null", "the received bundle cannot be copied into /var/tmp (Bad file descriptor)"),
        ("</dev/zero", "the received bundle is not a bundle"),
        ("<{bundle}; ulimit -f 10", "the received bundle cannot be copied into /var/tmp (File too large)"),
    ],
)
def test_standard_input_that_is_no_bundle_is_one_line(
    redirect: str, expected: str, maker: Maker, options: list[str], tmp_path: Path
) -> None:
    redirect, _, limit = redirect.format(bundle=maker.write()).partition("; ")
    script = f'{limit or ":"}; exec "$@" {redirect}'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "deploy", "install", "-", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=360, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert expected in done.stderr
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["install", "x.bundle", "--public-key=missing.pub"], "the keys missing.pub cannot be read"),
        (["rollback", "--public-key=missing.pub", "--root=."], "the keys missing.pub cannot be read"),
        (["keygen", "--name=two words"], "'two words' is not the name of a key"),
        (["install"], "Missing argument"),
        (["recover", "--restart=", "--root=."], "--restart '' is not a command"),
        (["recover", "--restart='", "--root=."], "is not a command"),
        (["bundle", ".", "--key=x", "--version=1"], None),
    ],
)
def test_wrong_usage_is_reported(argv: list[str], expected: str | None, tmp_path: Path, maker: Maker) -> None:
    done = digit_deploy(*argv, code=2 if expected else 1)
    assert (expected or "no manifest.json in .") in done.stderr
