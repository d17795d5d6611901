from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deploy.command import PATH, run
from profiles.errors import InstallError


def python(code: str) -> str:
    return run([sys.executable, "-c", code], timeout_s=60).strip()


def test_a_module_of_the_caller_is_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python imports `sitecustomize` from PYTHONPATH and `usercustomize` from HOME at each start."""
    for name in ("venv", "pip", "json", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the caller decides')")
    monkeypatch.chdir(tmp_path)
    for variable in ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "HOME", "PYTHONHOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    run([sys.executable, "-c", "import json, venv, pip"], timeout_s=60)
    run([sys.executable, "-m", "venv", "--help"], timeout_s=60)


def test_only_known_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("LD_PRELOAD", "")
    seen = set(python("import os; print(*os.environ)").split())
    assert seen - {"LC_CTYPE"} == {"HOME", "PATH", "LANG", "PYTHONSAFEPATH", "PYTHONNOUSERSITE"}


def test_a_program_in_a_folder_of_the_caller_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho the caller decides\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{PATH}")
    assert run(["sh", "-c", "command -v systemctl || true"], timeout_s=60).strip() != str(tmp_path / "systemctl")


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_files_of_a_command_have_the_same_mode_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        run(["sh", "-c", f"mkdir {tmp_path}/folder; echo > {tmp_path}/folder/file"], timeout_s=60)
    finally:
        os.umask(before)
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "folder/file").stat().st_mode & 0o777 == 0o644


def test_a_command_that_does_not_work_is_one_line() -> None:
    for command, timeout_s, message in (
        (["sh", "-c", "echo a >&2; echo b >&2; exit 3"], 60, "sh -c .* failed with exit code 3: b"),
        (["/nowhere/program"], 60, r"/nowhere/program cannot be run \(No such file or directory\); install it"),
        (["sleep", "60"], 0.2, r"sleep 60 did not end in 0\.2 s; see its log"),
    ):
        with pytest.raises(InstallError, match=message):
            run(command, timeout_s)
