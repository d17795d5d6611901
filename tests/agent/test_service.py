from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.config.example import example
from agent.service import (
    CONFIG,
    OPTIONS,
    inaccessible_to_others,
    installed_files,
    refuse_changeable,
    remove_file,
    service_files,
    systemd_version,
    templates_folder,
    write_file,
)
from profiles.errors import OutputError, UsageError
from profiles.profile import all_profiles, load_profile

EXECUTABLE = Path(sys.executable).with_name("digit-agent")
UNIT = "etc/systemd/system/digit-agent.service"
LIMITS = "etc/systemd/system/digit-agent.service.d/50-board.conf"
RELOAD = "etc/systemd/system/digit-agent.service.d/60-reload.conf"
TIMER = "etc/systemd/system/digit-agent-again.timer"
RECOVERY = "etc/systemd/system/digit-deploy-recover.service"


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed: apt install systemd")


def install(root: Path, executable: Path = EXECUTABLE, board: str = "pi4") -> Path:
    for file in service_files(root, executable, load_profile(board)):
        write_file(file)
    return root


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, timeout=180, check=False)


def test_every_template_is_installed(tmp_path: Path) -> None:
    library = tmp_path / "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so"
    library.parent.mkdir(parents=True)
    library.symlink_to("/dev/null")
    install(tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == len(list(templates_folder().iterdir())) + 1
    assert (tmp_path / CONFIG).read_text() == example()
    assert not any(re.search("@[A-Z_]+@", path.read_text()) for path in written)
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in written)


@pytest.mark.parametrize(
    ("library", "version"),
    [
        ("usr/lib/systemd/libsystemd-shared-252.so", 252),
        ("usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-257.so", 257),
        ("usr/lib/systemd/libsystemd-shared-256.6-1.fc41.so", 256),
        ("usr/lib/libsystemd.so", 0),
    ],
)
def test_notify_reload_is_used_if_systemd_supports_it(tmp_path: Path, library: str, version: int) -> None:
    (tmp_path / library).parent.mkdir(parents=True)
    (tmp_path / library).touch()
    assert systemd_version(tmp_path) == version
    assert (install(tmp_path) / RELOAD).exists() == (version >= 253)


@pytest.mark.parametrize(
    ("board", "limits"),
    [
        ("pi-zero-2w", ["MemoryHigh=307M", "MemoryMax=384M", "CPUQuota=350%"]),
        ("jetson-orin-nano", ["MemoryHigh=2458M", "MemoryMax=3072M", "CPUQuota=550%"]),
        ("generic-x86", ["MemoryHigh=60%", "MemoryMax=75%", "CPUQuota="]),
    ],
)
def test_limits_depend_on_the_board(tmp_path: Path, board: str, limits: list[str]) -> None:
    written = (install(tmp_path, board=board) / LIMITS).read_text()
    assert [line for line in written.splitlines() if re.match(r"\w+=", line)] == limits


def test_user_files_are_never_overwritten_or_removed(tmp_path: Path) -> None:
    options = install(tmp_path) / OPTIONS
    options.write_text("DIGIT_AGENT_OPTIONS=--camera 2\n")
    config = tmp_path / CONFIG
    config.write_text("width = 1280\n")
    (tmp_path / UNIT).write_text("old")
    install(tmp_path)
    assert config.read_text() == "width = 1280\n"
    assert options.read_text() == "DIGIT_AGENT_OPTIONS=--camera 2\n"
    assert (tmp_path / UNIT).read_text() != "old"
    for path in installed_files(tmp_path):
        remove_file(path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == [options, config]


def test_uninstalling_also_removes_the_link_of_an_enabled_unit(tmp_path: Path) -> None:
    wants = install(tmp_path) / "etc/systemd/system/multi-user.target.wants/digit-agent.service"
    wants.parent.mkdir()
    wants.symlink_to("/etc/systemd/system/digit-agent.service")
    for path in installed_files(tmp_path):
        remove_file(path)
    assert not wants.is_symlink()
    assert installed_files(tmp_path) == ()


def test_folder_of_the_same_name_is_an_error_without_leftovers(tmp_path: Path) -> None:
    (tmp_path / UNIT / "sub").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"digit-agent.service cannot be written \(Is a directory\); free space"):
        install(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(OutputError, match="cannot be removed"):
        remove_file(tmp_path / UNIT)


@needs("systemd-analyze")
@pytest.mark.parametrize("folder", [None, "with space", "100%"])
def test_systemd_accepts_the_unit(tmp_path: Path, folder: str | None) -> None:
    executable = EXECUTABLE
    if folder is not None:
        executable = tmp_path / folder / "digit-agent"
        executable.parent.mkdir()
        for program in (executable, executable.with_name("digit-deploy")):
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
    root = install(tmp_path / "root", executable)
    done = run("systemd-analyze", "verify", "--man=no", root / UNIT, root / TIMER, root / RECOVERY)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@needs("systemd-analyze")
@pytest.mark.parametrize("board", [profile.name for profile in all_profiles()])
def test_systemd_accepts_the_limits_of_every_board(tmp_path: Path, board: str) -> None:
    root = install(tmp_path, board=board)
    done = run("systemd-analyze", "verify", "--man=no", root / UNIT)
    assert (done.returncode, done.stderr) == (0, "")


@needs("systemd-analyze")
def test_systemd_rejects_an_invalid_limit(tmp_path: Path) -> None:
    limits = install(tmp_path) / LIMITS
    limits.write_text(limits.read_text().replace("MemoryMax=", "MemoryMax=much "))
    assert "Invalid memory limit" in run("systemd-analyze", "verify", "--man=no", tmp_path / UNIT).stderr


@pytest.mark.parametrize("folder", ["it's", 'say "x"', "back\\slash", "two\nlines", "a$b"])
def test_path_that_systemd_forbids_is_an_error(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UsageError, match="systemd cannot start"):
        install(tmp_path, Path("/opt", folder, "digit-agent"))


@needs("systemd-analyze")
def test_systemd_rejects_a_missing_program(tmp_path: Path) -> None:
    done = run("systemd-analyze", "verify", "--man=no", install(tmp_path, Path("/nowhere/digit-agent")) / RECOVERY)
    assert "/nowhere/digit-deploy is not executable" in done.stderr


@pytest.mark.parametrize("folder", ["opt", "with space", "100%"])
@pytest.mark.parametrize("bundled", [False, True])
def test_agent_of_a_bundle_precedes_the_installed_one(tmp_path: Path, folder: str, *, bundled: bool) -> None:
    """Runs the unit's command line as systemd splits it, with programs that print their name."""
    root = install(tmp_path / "root", tmp_path / folder / "digit-agent")
    started = (root / UNIT).read_text().replace("\\\n", " ")
    line = next(line for line in started.splitlines() if line.startswith("ExecStart="))
    slot = tmp_path / "slot" / "digit-agent"
    line = line.replace("/var/lib/digit-deploy/current/agent/bin/digit-agent", str(slot))
    for program in [tmp_path / folder / "digit-agent", *([slot] if bundled else [])]:
        program.parent.mkdir()
        program.write_text('#!/bin/sh\necho "$0" "$@"\n')
        program.chmod(0o755)
    argv = [word.replace("$$", "$").replace("%%", "%") for word in shlex.split(line.removeprefix("ExecStart="))]
    argv[-1:] = ["--source", "demo:?frames=9"]
    expected = slot if bundled else tmp_path / folder / "digit-agent"
    assert run(*argv).stdout == f"{expected} run --no-dashboard --source demo:?frames=9\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("part", ["venv", "venv/bin", "venv/bin/digit-deploy", "venv/bin/python", "venv/lib/deploy"])
def test_root_runs_nothing_that_another_user_can_change(tmp_path: Path, part: str) -> None:
    """A virtual environment that a user made, in a folder that is used as `/`."""
    root = tmp_path / "desktop/image"
    for name in ("bin/digit-agent", "bin/digit-deploy", "bin/python", "lib/deploy/__init__.py"):
        path = root / "venv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o755)

    def refuse() -> None:
        refuse_changeable(root, Path("/venv/bin/digit-agent"), Path("/venv/bin/python"), Path("/venv/lib"))

    os.chown(root.parent, 65534, -1)  # the folder of the image is no part of the board
    refuse()
    os.chown(root / part, 65534, -1)
    with pytest.raises(UsageError, match=f"other users can change {root / part}, and root would run .*; install"):
        refuse()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        install(tmp_path / "root")
    finally:
        os.umask(before)
    for path in (tmp_path / "root").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_the_options_suggest_no_source_with_a_password(tmp_path: Path) -> None:
    """Options become a command line, which all users can read."""
    assert "://" not in (install(tmp_path) / OPTIONS).read_text()


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", [UNIT, RECOVERY])
def test_exposure_of_the_units_is_low(tmp_path: Path, unit: str) -> None:
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=30", install(tmp_path) / unit)
    assert done.returncode == 0, done.stdout


@needs("systemd-sysusers")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can create users")
def test_user_and_groups_are_created(tmp_path: Path) -> None:
    root = install(tmp_path)
    (root / "etc/group").write_text("video:x:44:\n")
    done = run("systemd-sysusers", f"--root={root}", "digit-agent.conf")
    assert done.returncode == 0, done.stderr
    user = next(line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith("digit-agent:"))
    assert user.split(":")[5] == "/var/lib/digit-agent"
    groups = {line.split(":")[0]: line.split(":")[3] for line in (root / "etc/group").read_text().splitlines()}
    assert groups["video"] == groups["render"] == "digit-agent"
    assert "digit-agent" in groups


@needs("systemd-tmpfiles")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner")
def test_folders_are_created(tmp_path: Path) -> None:
    root = install(tmp_path)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\ndigit-agent:x:987:986::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\ndigit-agent:x:986:\n")
    done = run("systemd-tmpfiles", f"--root={root}", "--create", "digit-agent.conf")
    assert (done.returncode, done.stderr) == (0, "")
    state = (root / "var/lib/digit-agent").stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (987, 986, 0o750)


def test_inaccessible_program_is_detected(tmp_path: Path) -> None:
    program = tmp_path / "home" / "venv" / "digit-agent"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "home").chmod(0o700)
    link = tmp_path / "digit-agent"
    link.symlink_to(program)
    closed = inaccessible_to_others(link)
    assert closed is not None
    assert closed in (*tmp_path.parents, tmp_path, tmp_path / "home")


def test_accessible_program_is_accepted() -> None:
    assert inaccessible_to_others(Path("/bin/sh")) is None
