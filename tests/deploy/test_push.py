from __future__ import annotations

from json import dumps
from pathlib import Path

import pytest

from deploy.cli.push import push as push_command
from deploy.push import PushResult, push
from profiles.errors import BundleError, InstallError, UsageError

ANSWER = '{"changed": true, "version": "1.4", "slot": "b", "previous": "1.3"}'
HERE = ("sh", "-c", 'eval "$3"', "ssh")
"""Runs what it is to run on the board on this machine; the first two arguments are `--` and the host."""


def board(folder: Path, script: str) -> tuple[str, ...]:
    """Return a fake ssh command to a board whose `digit-deploy` is this script."""
    program = folder / "digit-deploy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    (folder / "sudo").write_text('#!/bin/sh\nshift\nexec "$@"\n')
    (folder / "sudo").chmod(0o755)
    return ("env", f"PATH={folder}:/usr/bin:/bin", *HERE)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "1.4.bundle"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


@pytest.mark.parametrize("allow_downgrade", [False, True])
def test_push_copies_the_bundle_and_returns_the_result(tmp_path: Path, bundle: Path, *, allow_downgrade: bool) -> None:
    seen = tmp_path / "seen"
    script = f"cat > {seen}; echo \"$@\" > {seen}.argv; echo '{ANSWER}'"
    ssh = board(tmp_path, script)
    assert push(bundle, "pi@board7", allow_downgrade=allow_downgrade, ssh=ssh) == PushResult(
        "pi@board7", "1.4", True, "1.3"
    )
    assert seen.read_bytes() == bundle.read_bytes()
    argv = "install --json --allow-downgrade -" if allow_downgrade else "receive"
    assert (tmp_path / "seen.argv").read_text() == f"{argv}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'digit-deploy: x is damaged; copy it' >&2; exit 1", "board7: x is damaged; copy it"),
        ("exit 1", "board7: no output"),
        ("exit 127", "board7 has no digit-deploy on the PATH that ssh uses; link it"),
        ("echo 'sudo: a password is required' >&2; exit 1", r"board7 asks for a password for sudo \(sudo: a password"),
        (
            "echo 'Connection closed' >&2; exit 255",
            r"board7 cannot be reached, or the connection broke \(Connection closed\)",
        ),
        (
            "echo \"│ No such command 'receive'. │\" >&2; exit 2",
            "board7 has an older digit-agent, which",
        ),
        ("echo no JSON", "this version does not understand the answer of board7"),
        ("sleep 60", r"board7 was not ready after 2 s; see 'digit-deploy history' there"),
    ],
)
def test_a_failure_is_one_line(tmp_path: Path, bundle: Path, script: str, message: str) -> None:
    timeout_s = 2 if script.startswith("sleep") else 60
    with pytest.raises(InstallError, match=f"^{message}") as raised:
        push(bundle, "board7", ssh=board(tmp_path, script), timeout_s=timeout_s)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("host", ["", "-oProxyCommand=reboot", "two words"])
def test_a_host_cannot_be_an_option(bundle: Path, host: str) -> None:
    with pytest.raises(UsageError, match="is not a host name"):
        push(bundle, host, ssh=HERE)


def test_missing_files_and_programs_are_reported(tmp_path: Path, bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"none does not exist; make it"):
        push(tmp_path / "none", "board7", ssh=HERE)
    with pytest.raises(BundleError, match=r"cannot be read \(Is a directory\)"):
        push(tmp_path, "board7", ssh=HERE)
    with pytest.raises(InstallError, match="/nowhere/ssh is not installed"):
        push(bundle, "board7", ssh=("/nowhere/ssh",))


@pytest.mark.slow
@pytest.mark.parametrize("json", [False, True])
def test_the_answer_of_a_board_cannot_change_the_terminal(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, json: bool
) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(dumps({"changed": True, "version": "1\x1b[2J\u202e\n2", "previous": "\x9b2J"}), "utf-8")
    (tmp_path / "ssh").write_text(f"#!/bin/sh\ncat > /dev/null\ncat {answer}\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    push_command(["board7"], bundle=bundle, json=json)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.rstrip("\n").isprintable()


def test_a_deeply_nested_answer_is_not_understood(tmp_path: Path, bundle: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text('{"more": ' + "[" * 100_000)
    with pytest.raises(InstallError, match="does not understand the answer of board7"):
        push(bundle, "board7", ssh=board(tmp_path, f"cat {answer}"))
