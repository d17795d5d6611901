from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli.service import uninstall

EXECUTABLE = Path(sys.executable).with_name("digit-agent")
UNIT = "etc/systemd/system/digit-agent.service"


def digit_agent(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(EXECUTABLE), "service", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def files(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_install_and_uninstall(tmp_path: Path) -> None:
    planned = digit_agent("install", "--root", tmp_path, "--dry-run")
    assert planned.returncode == 0
    assert files(tmp_path) == set()

    done = digit_agent("install", "--root", tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(planned.stdout.replace("would write", "wrote"))
    assert f"systemctl --root={tmp_path} enable digit-agent" in done.stdout
    assert all(f"wrote {tmp_path / path}\n" in done.stdout for path in files(tmp_path))
    assert f"    {EXECUTABLE} run --no-dashboard $DIGIT_AGENT_OPTIONS\n" in (tmp_path / UNIT).read_text()

    removed = digit_agent("uninstall", "--root", tmp_path)
    assert removed.returncode == 0
    assert f"removed {tmp_path / UNIT}\n" in removed.stdout
    assert files(tmp_path) == {Path("etc/digit-agent/agent.env"), Path("etc/digit-agent/config.toml")}
    assert digit_agent("uninstall", "--root", tmp_path).stdout == f"no service is installed in {tmp_path}\n"


@pytest.mark.slow
def test_a_closed_pipe_does_not_interrupt_the_installation(tmp_path: Path) -> None:
    complete, unread = tmp_path / "complete", tmp_path / "output not read"
    digit_agent("install", "--root", complete)
    command = [str(EXECUTABLE), "service", "install", "--root", str(unread)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        child.stderr.read()
    assert files(unread) == files(complete)


@pytest.mark.slow
@pytest.mark.parametrize("root", ["/sys", "/proc", "/etc/hostname"])
def test_a_root_that_cannot_be_written_is_reported_in_one_line(root: str) -> None:
    done = digit_agent("install", "--root", root)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"digit-agent: {root}/{UNIT} cannot be written (")
    assert done.stderr.count("\n") == 1


def test_names_of_files_cannot_change_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "\x1b[2J\u202e"
    unit = root / UNIT
    unit.parent.mkdir(parents=True)
    unit.touch()
    uninstall(root)
    uninstall(root)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 2
    assert printed.replace("\n", "").isprintable()
