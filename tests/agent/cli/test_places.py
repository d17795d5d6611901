"""Where the agent must run: without a home folder, with one that cannot be written, with little memory, with noexec."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
NOBODY = ("unshare", "--user", "--map-user=54321", "--map-group=54321")
"""Starts a command as a user that /etc/passwd does not know, who may still read the files of the tests."""
NOT_PASSED_ON = ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "CACHE_DIRECTORY", "STATE_DIRECTORY")
ENVIRON = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory, linear: Any) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    linear.write(folder, linear.artifact("linear-int8.tflite"))
    return folder


def run(*command: str | Path, home: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**ENVIRON, **variables, **({} if home is None else {"HOME": home})}
    argv = [str(word) for word in command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=360, check=False, env=environ, cwd="/")


@pytest.mark.parametrize("who", [NOBODY, ()], ids=["nobody", "unwritable"])
@pytest.mark.parametrize(
    "command", [("run", "--source", "demo:", "--frames", "2"), ("doctor",), ("config", "show"), ("stats",)]
)
def test_no_home_folder_is_needed(who: tuple[str, ...], command: tuple[str, ...], artifacts: Path) -> None:
    if who and run(*who, "true").returncode:
        pytest.skip("this kernel gives no user namespace")
    options = ("--artifacts", artifacts) if command[0] in {"run", "doctor"} else ()
    done = run(*who, EXECUTABLE, *command, *options, home=None if who else "/proc")
    assert "Traceback" not in done.stderr
    if command[0] == "run":
        assert done.returncode == 0, done.stderr
        assert "2 in " in done.stdout
        assert sum("logging to" in line for line in done.stderr.splitlines()) == 1


def test_a_tilde_after_an_equals_sign_is_the_home_folder(artifacts: Path, tmp_path: Path) -> None:
    shutil.copytree(artifacts, tmp_path / "artifacts")
    (tmp_path / "agent.toml").write_text('source = "~/page.png"\n')
    (tmp_path / "page.png").write_bytes((Path(__file__).parents[3] / "docs/note.jpg").read_bytes())
    done = run(
        *(EXECUTABLE, "run", "--config=~/agent.toml", "--log=~/new/x.db", "--artifacts=~/artifacts"), home=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert "1 in " in done.stdout
    assert (tmp_path / "new/x.db").exists()


@pytest.mark.parametrize("megabytes", [60, 150, 250, 330, 400])
def test_too_little_memory_is_said_without_a_traceback(megabytes: int, tmp_path: Path) -> None:
    limited = f"ulimit -v {megabytes * 1000}; exec '{EXECUTABLE}' run --source demo: --frames 1 --no-log"
    done = run("bash", "-c", limited, home=str(tmp_path), OPENBLAS_NUM_THREADS="1")
    if done.returncode == 0:  # enough for tflite-runtime with NumPy 1
        assert megabytes == 400
        return
    assert "Traceback" not in done.stderr
    assert "memory" in done.stderr.lower()
    assert len(done.stderr) < 2000


@pytest.fixture
def noexec(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system from which no code may be mapped."""
    folder = tmp_path / "noexec"
    folder.mkdir()
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec", "t", folder], check=False).returncode:
        pytest.skip("only root can mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_library_on_a_file_system_without_execution_is_named(noexec: Path, tmp_path: Path) -> None:
    shutil.copytree(Path(sysconfig.get_path("purelib")) / "msgspec", noexec / "msgspec")
    done = run(EXECUTABLE, "config", "show", home=str(tmp_path), PYTHONPATH=str(noexec))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "noexec" in line
