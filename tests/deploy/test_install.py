from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from deploy.install import Outcome, install, recover, roll_back, verify
from deploy.journal import Attempt, begin, load_journal
from deploy.lock import exclusive
from deploy.preconditions import RESERVE_BYTES, refuse_large
from deploy.service_control import BoardControl
from deploy.slots import current_slot, find_damage, version_in
from deploy.trust import TrustedKeys, load_keys
from profiles.errors import BundleError, BusyError, InstallError
from profiles.manifest import Golden, dump_manifest, load_manifest
from tests.deploy.made import Maker, tree

SERVICE = """\
kill "$(cat "{pid}" 2>/dev/null)" 2>/dev/null
artifacts=$(readlink -f "{root}/current/artifacts") || exit 3
mood=$(cat "$artifacts/../config/config.toml" 2>/dev/null)
case $mood in *dead*) echo "it cannot start" >&2; exit 1;; esac
(
    n=0 faults=0
    while [ $n -lt 1000 ]; do
        n=$((n + 1))
        case $mood in *faulty*) faults=$n;; esac
        printf '{{"pid":%d,"version":"0.1.0","artifacts":"%s","frames":%d,"faults":%d,"fault":"no ink"}}' \\
            "$$" "$artifacts" $n $faults > "{health}.new"
        mv "{health}.new" "{health}"
        sleep 0.02
    done
) > /dev/null 2>&1 &
echo $! > "{pid}"
"""
"""A service of shell: it starts at once, tells its health as the agent does, and has the mood of its configuration."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def service(tmp_path: Path, root: Path, machine: BoardControl) -> Iterator[BoardControl]:
    pid, script = tmp_path / "pid", tmp_path / "restart.sh"
    script.write_text(SERVICE.format(pid=pid, root=root, health=machine.health))
    yield replace(machine, restart=(("sh", str(script)),), frames=10, timeout_s=60)
    if pid.exists():
        os.kill(int(pid.read_text()), 9)


def used(root: Path) -> str | None:
    """Return the version in use; all of its files must be intact."""
    version = version_in(root, current_slot(root))
    assert version is None or find_damage(root, version) == ""
    return version.manifest.version if version else None


def events(root: Path) -> list[tuple[str, str]]:
    return [(event.what, event.version) for event in load_journal(root).events]


def test_versions_alternate_between_the_slots(maker: Maker, root: Path, machine: BoardControl) -> None:
    assert install(maker.open("1.0"), root, machine) == Outcome(True, "1.0", "a", None)
    assert install(maker.open("1.1"), root, machine) == Outcome(True, "1.1", "b", "1.0")
    assert install(maker.open("1.2"), root, machine) == Outcome(True, "1.2", "a", "1.1")
    assert used(root) == "1.2"
    assert roll_back(root, machine) == Outcome(True, "1.1", "b", "1.2")
    assert roll_back(root, machine) == Outcome(True, "1.2", "a", "1.1")
    assert events(root) == [
        ("installed", "1.0"),
        ("installed", "1.1"),
        ("installed", "1.2"),
        ("rolled back", "1.1"),
        ("rolled back", "1.2"),
    ]


def test_the_version_in_use_is_not_installed_again(maker: Maker, root: Path, machine: BoardControl) -> None:
    bundle = maker.open("1.0")
    install(bundle, root, machine)
    before = tree(root)
    assert install(bundle, root, machine) == Outcome(False, "1.0", "a", "1.0")
    assert tree(root) == before
    (root / "current/artifacts/base-int8.tflite").write_bytes(b"the card forgets")
    assert install(bundle, root, machine) == Outcome(True, "1.0", "b", "1.0")
    assert used(root) == "1.0"


@pytest.mark.slow
def test_a_version_is_kept_if_the_service_works(maker: Maker, root: Path, service: BoardControl) -> None:
    install(maker.open("1.0"), root, service)
    assert install(maker.open("1.1"), root, service).changed
    assert roll_back(root, service).version == "1.0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mood", "expected"),
    [("dead", "it cannot start"), ("faulty", "frames in a row without a fault in 3 s, instead of 10.* no ink")],
)
def test_a_version_is_undone_if_the_service_does_not_work(
    mood: str, expected: str, maker: Maker, root: Path, service: BoardControl
) -> None:
    install(maker.open("1.0", config='mood = "good"'), root, service)
    bad = maker.open("1.1", config=f'mood = "{mood}"')
    with pytest.raises(
        InstallError, match=rf"version 1\.1 was not kept, and version 1\.0 is in use, because .*{expected}"
    ):
        install(bad, root, replace(service, timeout_s=3))
    assert used(root) == "1.0"
    assert version_in(root, "b") is None
    assert events(root) == [("installed", "1.0"), ("undone", "1.1")]
    assert install(maker.open("1.2"), root, service) == Outcome(True, "1.2", "b", "1.0")


def test_a_failed_first_installation_leaves_the_shipped_version(
    maker: Maker, root: Path, service: BoardControl
) -> None:
    with pytest.raises(InstallError, match="the version that shipped with the agent is in use, because"):
        install(maker.open("1.0", config='mood = "dead"'), root, service)
    assert current_slot(root) is None
    assert not (root / "slots/a").exists()


def test_both_failures_are_reported_if_the_old_version_does_not_start_either(
    maker: Maker, root: Path, machine: BoardControl
) -> None:
    install(maker.open("1.0"), root, machine)
    with pytest.raises(InstallError, match="because false failed with exit code 1: no output"):
        install(maker.open("1.1"), root, replace(machine, restart=(("false",),)))
    assert "did not start with the previous version" in load_journal(root).events[-1].reason


def test_artifacts_that_do_not_work_are_never_used(maker: Maker, root: Path, machine: BoardControl) -> None:
    install(maker.open("1.0"), root, machine)
    before, started = tree(root), root.parent / "started"
    choosy = replace(machine, check=("sh", "-c", "echo wrong logits >&2; exit 1"), restart=(("touch", str(started)),))
    with pytest.raises(InstallError, match=r"version 1\.0 is in use, because .* exit code 1: wrong logits"):
        install(maker.open("1.1"), root, choosy)
    after = tree(root)
    assert {name: after[name] for name in before if name != "journal.json"} == {
        name: content for name, content in before.items() if name != "journal.json"
    }
    assert events(root)[-1] == ("refused", "1.1")
    assert not started.exists()


@pytest.mark.slow
def test_the_real_agent_tests_the_golden_vectors(maker: Maker, root: Path, machine: BoardControl) -> None:
    """The real agent refuses artifacts with wrong golden vectors, for each role."""
    real = replace(machine, agent=Path(sys.executable).with_name("digit-agent"), check=None)
    assert install(maker.open("1.0"), root, real).changed
    broken = shutil.copytree(maker.artifacts, maker.folder / "broken")
    manifest = load_manifest(broken)
    for role in sorted({one.role for one in manifest.artifacts}):
        artifacts = tuple(
            msgspec.structs.replace(one, golden=Golden(logits=one.golden.logits[::-1], tolerance=1e-6))
            if one.role == role
            else one
            for one in manifest.artifacts
        )
        wrong = msgspec.structs.replace(manifest, artifacts=artifacts)
        (broken / "manifest.json").write_bytes(dump_manifest(wrong))
        with pytest.raises(InstallError, match=f"artifacts do not work here: no {role} works on any runtime"):
            install(replace(maker, artifacts=broken).open("1.1"), root, real)
        assert used(root) == "1.0"


def refused(
    maker: Maker, root: Path, machine: BoardControl, *, version: str = "1.1", allow_downgrade: bool = False
) -> str:
    """Return the message with which a bundle is refused; nothing may change."""
    before = tree(root)
    with pytest.raises(BundleError) as refusal:
        install(maker.open(version), root, machine, allow_downgrade=allow_downgrade)
    assert tree(root) == before
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_bundle_for_another_board_is_refused(maker: Maker, root: Path, machine: BoardControl) -> None:
    expected = refused(maker, root, replace(machine, board="pi4"))
    assert "but this board is pi4; make a bundle for pi4" in expected
    assert not root.exists()


def test_an_older_version_is_refused_without_allow_downgrade(maker: Maker, root: Path, machine: BoardControl) -> None:
    install(maker.open("1.10"), root, machine)
    assert "is version 1.9, older than 1.10, which is in use; add --allow-downgrade" in refused(
        maker, root, machine, version="1.9"
    )
    install(maker.open("1.9"), root, machine, allow_downgrade=True)
    assert used(root) == "1.9"


def test_another_bundle_of_the_same_version_is_refused(maker: Maker, root: Path, machine: BoardControl) -> None:
    install(maker.open("1.0"), root, machine)
    for version in ("1.0", "1.0.0", "1"):
        other = maker.open(version, config="width = 640\n")
        with pytest.raises(
            BundleError, match=f"is version {version}, which is in use with other content; make it with"
        ):
            install(other, root, machine)
    install(other, root, machine, allow_downgrade=True)
    assert used(root) == "1"


def test_a_damaged_manifest_does_not_allow_an_older_version(maker: Maker, root: Path, machine: BoardControl) -> None:
    """The journal tells the version. The same bundle repairs it."""
    install(maker.open("1.1"), root, machine)
    bundle, manifest = maker.open("1.1"), root / "slots/a/bundle.json"
    manifest.write_text("{")
    assert "is version 1.0, older than 1.1, which is in use" in refused(maker, root, machine, version="1.0")
    assert install(bundle, root, machine) == Outcome(True, "1.1", "b", "1.1")
    manifest = root / "slots/b/bundle.json"
    manifest.write_text("{")
    (root / "journal.json").unlink()
    message = "so the version in use is not known; add --allow-downgrade"
    assert message in refused(maker, root, machine, version="9.0")
    install(bundle, root, machine, allow_downgrade=True)
    assert used(root) == "1.1"


def test_a_bundle_is_refused_after_its_last_day(maker: Maker, root: Path, machine: BoardControl) -> None:
    today = datetime.now(timezone.utc).date()
    for version, last in (("1.0", today), ("1.1", today + timedelta(days=400))):
        assert install(maker.open(version, expires=last), root, machine).version == version
    last = today - timedelta(days=1)
    with pytest.raises(BundleError, match=f"was to be installed until {last}, and today is {today}"):
        install(maker.open("1.2", expires=last), root, machine)
    assert used(root) == "1.1"


def test_the_history_names_the_key(maker: Maker, root: Path, machine: BoardControl) -> None:
    install(maker.open("1.0"), root, machine)
    with pytest.raises(InstallError):
        install(maker.open("1.1"), root, replace(machine, check=("false",)))
    assert [(event.what, event.key) for event in load_journal(root).events] == [
        ("installed", "tests"),
        ("refused", "tests"),
    ]


def test_no_rollback_to_a_version_whose_key_was_withdrawn(maker: Maker, root: Path, machine: BoardControl) -> None:
    for version in ("1.0", "1.1"):
        install(maker.open(version), root, machine)
    (key,) = load_keys(maker.keys.public).accepted
    with pytest.raises(
        InstallError, match=r"version 1\.0 was signed with the key tests, which was withdrawn; install a"
    ):
        roll_back(root, machine, TrustedKeys(withdrawn=(key,)))
    assert used(root) == "1.1"
    assert roll_back(root, machine, TrustedKeys(accepted=(key,))).version == "1.0"


def test_a_too_old_agent_is_reported(maker: Maker, root: Path, machine: BoardControl) -> None:
    machine.agent.write_text("#!/bin/sh\necho digit-agent 0.0.9\n")
    assert "needs digit-agent 0.1, but this board would use it with 0.0.9" in refused(maker, root, machine)
    machine.agent.write_text("#!/bin/sh\n")
    with pytest.raises(InstallError, match="does not print its version"):
        install(maker.open(), root, machine)


def test_a_bundle_without_enough_space_is_refused(maker: Maker) -> None:
    bundle = maker.open()
    refuse_large(bundle, bundle.manifest.bytes + RESERVE_BYTES)
    with pytest.raises(BundleError, match=r"needs 17 MB, but only 17 MB are free; free space on this board"):
        refuse_large(bundle, bundle.manifest.bytes + RESERVE_BYTES - 1)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["8m", "16m"])
def test_a_small_disk_is_refused_before_anything_is_written(size: str, maker: Maker, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    argv = [sys.executable, "-m", "deploy", "install", str(maker.write()), f"--public-key={maker.keys.public}"]
    script = f'mount -t tmpfs -o size={size} none "$1" || exit 77; shift; "$@"; code=$?; ls -A "{disk}" >&2; exit $code'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(disk), *argv, f"--root={disk}/root", "--restart=true"]
    if shutil.which("unshare") is None:
        pytest.skip("unshare is missing: apt install util-linux")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("no file system can be mounted here")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].endswith("MB are free; free space on this board")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_disk_that_fills_up_during_installation_leaves_the_old_version(
    maker: Maker, root: Path, machine: BoardControl
) -> None:
    """A limit on the file size simulates the full disk: a real write fails in the middle of an artifact."""
    install(maker.open("1.0"), root, machine)
    bundle = maker.write("1.1")
    limit = (
        "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (50_000, r.RLIM_INFINITY)); import deploy.cli as c; c.main()"
    )
    options = ["--restart=true", "--check=true", f"--agent={machine.agent}", "--frames=0"]
    argv = ["install", str(bundle), f"--public-key={maker.keys.public}", f"--root={root}", *options]
    done = subprocess.run(
        [sys.executable, "-c", limit, *argv], capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 1
    assert (
        f"version 1.1 was not kept, and version 1.0 is in use, because {root} could not be written (File too large)"
        in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1
    assert used(root) == "1.0"
    assert not (root / "slots/b").exists()


def test_a_dry_run_changes_nothing(maker: Maker, root: Path, machine: BoardControl) -> None:
    assert verify(maker.open("1.0"), root, machine) == Outcome(True, "1.0", "a", None)
    assert not root.exists()
    install(maker.open("1.0"), root, machine)
    before, journal = tree(root), (root / "journal.json").read_bytes()
    assert verify(maker.open("1.0"), root, machine) == Outcome(False, "1.0", "a", "1.0")
    assert verify(maker.open("1.1"), root, machine) == Outcome(True, "1.1", "b", "1.0")
    begin(root, Attempt(slot="b", version="1.1", previous="a", step="trying"))
    assert verify(maker.open("1.1"), root, machine) == Outcome(True, "1.1", "b", "1.0")
    (root / "journal.json").write_bytes(journal)
    assert tree(root) == before


def test_two_installations_at_once_exclude_each_other(maker: Maker, root: Path, machine: BoardControl) -> None:
    install(maker.open("1.0"), root, machine)
    begin(root, Attempt(slot="b", version="1.1", previous="a", step="trying"))
    with exclusive(root):
        for change in (
            lambda: install(maker.open("1.1"), root, machine),
            lambda: roll_back(root, machine),
            lambda: recover(root, machine),
        ):
            with pytest.raises(BusyError, match="another digit-deploy is running") as busy:
                change()
            assert busy.value.exit_code == 75
        assert load_journal(root).attempt is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_no_other_user_can_block_an_installation(maker: Maker, root: Path, machine: BoardControl) -> None:
    """Another user locks everything that it can open: folders, files and the journal."""
    script = (
        "import fcntl, os, pathlib, sys\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
        "paths = [path for path in (root, *root.rglob('*')) if os.access(path, os.R_OK) and not path.is_symlink()]\n"
        "held = [os.open(path, os.O_RDONLY) for path in paths]\n"
        "for handle in held: fcntl.flock(handle, fcntl.LOCK_EX)\n"
        "print(len(held), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with tempfile.TemporaryDirectory() as public:
        Path(public).chmod(0o755)
        root = Path(public) / "root"
        install(maker.open("1.0"), root, machine)
        assert (root / "lock").stat().st_mode & 0o777 == 0o600
        command = [sys.executable, "-I", "-c", script, str(root)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert int(other.stdout.readline()) > 5
            assert install(maker.open("1.1"), root, machine).version == "1.1"
            assert roll_back(root, machine).version == "1.0"
            begin(root, Attempt(slot="b", version="1.1", previous="a", step="trying"))
            undone = recover(root, machine)
            assert undone is not None
            assert undone.what == "undone"
            other.communicate("")


def test_rollback_needs_another_version(maker: Maker, root: Path, machine: BoardControl) -> None:
    with pytest.raises(InstallError, match="nothing was ever installed"):
        roll_back(root, machine)
    install(maker.open("1.0"), root, machine)
    with pytest.raises(InstallError, match="no other version"):
        roll_back(root, machine)


def test_rollback_to_a_damaged_version_is_refused(maker: Maker, root: Path, machine: BoardControl) -> None:
    for version in ("1.0", "1.1"):
        install(maker.open(version), root, machine)
    (root / "slots/a/artifacts/base-int8.tflite").unlink()
    with pytest.raises(InstallError, match=r"base-int8\.tflite cannot be read .* so version 1\.0 cannot be used"):
        roll_back(root, machine)
    assert used(root) == "1.1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_another_user_may_not_read_is_no_damage(maker: Maker, machine: BoardControl) -> None:
    """The status is for all users, the configuration is not."""
    with tempfile.TemporaryDirectory() as public:
        Path(public).chmod(0o755)
        root = Path(public) / "root"
        install(maker.open("1.0", config="width = 640\n"), root, machine)
        groups = os.getgroups()
        os.setgroups([65534])
        os.setegid(65534)
        os.seteuid(65534)
        try:
            with pytest.raises(PermissionError):
                (root / "slots/a/config/config.toml").read_bytes()
            version = version_in(root, "a")
            assert version is not None
            assert find_damage(root, version) == ""
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
        (root / "slots/a/config/config.toml").write_text("width = 641\n")
        assert find_damage(root, version).endswith("config.toml is damaged")


@pytest.mark.parametrize("name", ["bundle.json", "artifacts/base-int8.tflite"])
@pytest.mark.parametrize("plant", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_regular_file_in_a_slot_is_damage(
    name: str, plant: Callable[[Path], object], maker: Maker, root: Path, machine: BoardControl
) -> None:
    for version in ("1.0", "1.1"):
        install(maker.open(version), root, machine)
    (root / "slots/a" / name).unlink()
    plant(root / "slots/a" / name)
    with pytest.raises(InstallError, match="install a bundle"):
        roll_back(root, machine)


def test_a_rollback_that_does_not_work_is_reported(maker: Maker, root: Path, machine: BoardControl) -> None:
    for version in ("1.0", "1.1"):
        install(maker.open(version), root, machine)
    with pytest.raises(InstallError, match=r"version 1\.0 is in use again, but false failed"):
        roll_back(root, replace(machine, restart=(("false",),)))


def test_foreign_files_in_the_root_are_reported(maker: Maker, root: Path, machine: BoardControl) -> None:
    install(maker.open("1.0"), root, machine)
    (root / "journal.json").write_text("{")
    with pytest.raises(InstallError, match=r"journal\.json is damaged .* the version in use stays; remove the file"):
        install(maker.open("1.1"), root, machine)
    (root / "journal.json").unlink()
    (root / "current").unlink()
    (root / "current").symlink_to("/etc")
    with pytest.raises(InstallError, match="is not a link to a slot"):
        install(maker.open("1.1"), root, machine)
