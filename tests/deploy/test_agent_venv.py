from __future__ import annotations

import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent_venv import find_agent_damage, program, prune
from deploy.install import Outcome, install, roll_back
from deploy.service_control import BoardControl, agent_version
from deploy.slots import current_slot
from profiles.errors import InstallError
from tests.deploy.made import Maker, tree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MODULE = """\
import sys

def main():
    print("digit-agent {version}" if "--version" in sys.argv else '{{"checks": []}}')
"""


def wheel(folder: Path, version: str, requires: str = "") -> Path:
    """Make a real wheel (PEP 427) of an agent that prints its version and whose doctor finds no problem."""
    folder.mkdir(exist_ok=True)
    info = f"digit_agent-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        "small_agent.py": MODULE.format(version=version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: digit-agent\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ndigit-agent = small_agent:main\n",
    }
    with zipfile.ZipFile(folder / f"digit_agent-{version}-py3-none-any.whl", "w") as archive:
        for name, content in {**files, f"{info}/RECORD": "".join(f"{name},,\n" for name in files)}.items():
            archive.writestr(name, content)
    return folder


def environments(root: Path) -> set[str]:
    return {path.name for path in (root / "agents").iterdir()}


def test_an_agent_from_a_bundle_stays_with_the_next_bundle(maker: Maker, tmp_path: Path, machine: BoardControl) -> None:
    root, machine = tmp_path / "root", replace(machine, check=None)
    bundle = maker.open("1.0", wheels=wheel(tmp_path / "wheels", "0.2.0"))
    assert bundle.manifest.agent == "0.2.0"
    install(bundle, root, machine)
    agent = root / "current/agent/bin/digit-agent"
    assert agent_version(agent) == "0.2.0"
    first = environments(root)

    install(maker.open("1.1"), root, machine)  # it brings none
    assert agent_version(agent) == "0.2.0"
    assert environments(root) == first
    assert roll_back(root, machine).version == "1.0"
    assert agent_version(agent) == "0.2.0"

    install(maker.open("1.2", wheels=wheel(tmp_path / "newer", "0.3.0")), root, machine)
    assert agent_version(agent) == "0.3.0"
    assert len(environments(root)) == 2
    install(maker.open("1.3"), root, machine)
    prune(root)
    assert environments(root) == {program(root, current_slot(root)).resolve().parents[1].name}  # type: ignore[union-attr]


def test_no_module_of_the_current_folder_runs(
    maker: Maker, tmp_path: Path, machine: BoardControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that any user can write to, such as /tmp, is a usual one to call `sudo digit-deploy install` in."""
    public, ran = tmp_path / "public", tmp_path / "ran"
    public.mkdir()
    for name in ("venv", "pip", "ensurepip", "sitecustomize", "usercustomize"):
        (public / f"{name}.py").write_text(f"open({str(ran)!r}, 'a').write({name!r})\n")
    monkeypatch.chdir(public)
    monkeypatch.setenv("PYTHONPATH", str(public))
    install(maker.open("1.0", wheels=wheel(tmp_path / "wheels", "0.2.0")), Path("../root"), machine)
    assert not ran.exists()
    assert (tmp_path / "root/current/agent/bin/digit-agent").is_file()
    assert [path.name for path in public.iterdir() if path.suffix != ".py"] == []


def damage_module(environment: Path) -> None:
    (module,) = environment.glob("lib/python3*/site-packages/small_agent.py")
    module.write_text("raise SystemExit('damaged')")


def damage_python(environment: Path) -> None:
    (environment / "bin/python").unlink()
    (environment / "bin/python").symlink_to("/nowhere/python")


def damage_version(environment: Path) -> None:
    record = environment / "installed.json"
    record.write_text(record.read_text().replace(f'"python":"3.{sys.version_info.minor}"', '"python":"3.2"'))


@pytest.mark.parametrize(
    ("damage", "shown"),
    [
        (damage_module, "small_agent.py is damaged"),
        (damage_python, "leads to no Python"),
        (damage_version, "was made for Python 3.2, and this board has"),
        (lambda environment: (environment / "installed.json").unlink(), "installed.json cannot be read"),
    ],
)
def test_a_damaged_agent_is_made_anew(
    damage: Callable[[Path], None], shown: str, maker: Maker, tmp_path: Path, machine: BoardControl
) -> None:
    root, wheels = tmp_path / "root", wheel(tmp_path / "wheels", "0.2.0")
    bundle = maker.open("1.0", wheels=wheels)
    install(bundle, root, machine)
    (damaged,) = (root / "agents").iterdir()
    damage(damaged)
    assert shown in find_agent_damage(root, "a")
    with pytest.raises(InstallError, match=f"{shown}.*, and the bundle brings no agent; make it with --with-agent"):
        install(maker.open("1.1"), root, machine)
    assert install(bundle, root, machine) == Outcome(True, "1.0", "b", "1.0")
    assert environments(root) == {damaged.name, f"{damaged.name}-2"}
    assert find_agent_damage(root, "b") == ""
    with pytest.raises(InstallError, match=f"{shown}.*, so version 1.0 cannot be used"):
        roll_back(root, machine)
    assert install(maker.open("1.1"), root, machine).slot == "a"
    prune(root)
    assert environments(root) == {f"{damaged.name}-2"}
    assert not install(maker.open("1.1"), root, machine).changed


def test_missing_wheels_change_nothing(maker: Maker, tmp_path: Path, machine: BoardControl) -> None:
    root = tmp_path / "root"
    install(maker.open("1.0"), root, machine)
    wheels = wheel(tmp_path / "wheels", "0.2.0", requires="a-package-that-is-not-there")
    with pytest.raises(InstallError, match=r"version 1\.0 is in use, because .* pip .* No matching distribution"):
        install(maker.open("1.1", wheels=wheels), root, machine)
    assert current_slot(root) == "a"
    assert not (root / "slots/b").exists()
    install(maker.open("1.2"), root, machine)
    assert "agents" in tree(root)
    assert environments(root) == set()


def test_nothing_is_fetched_from_a_network(maker: Maker, tmp_path: Path, machine: BoardControl) -> None:
    """A wheel may require a package at an address, and the environment may name an index."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/other-1.0-py3-none-any.whl"
        wheels = wheel(tmp_path / "wheels", "0.2.0", requires=f"other @ {address}")
        with pytest.raises(InstallError, match=r"pip .* failed with exit code 1"):
            install(maker.open("1.0", wheels=wheels), tmp_path / "root", machine)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_service_that_still_runs_its_old_agent_is_detected(
    maker: Maker, tmp_path: Path, machine: BoardControl
) -> None:
    root, script = tmp_path / "root", tmp_path / "restart.py"
    script.write_text(
        "import json, pathlib, sys\n"
        f"artifacts = str(pathlib.Path({str(root)!r}, 'current/artifacts').resolve())\n"
        "said = dict(pid=1, version='0.1.0', artifacts=artifacts, frames=99, faults=0, fault='')\n"
        f"pathlib.Path({str(machine.health)!r}).write_text(json.dumps(said))\n"
    )
    stubborn = replace(machine, restart=((sys.executable, str(script)),), frames=10, timeout_s=60)
    bundle = maker.open("1.0", wheels=wheel(tmp_path / "wheels", "0.2.0"))
    with pytest.raises(InstallError, match=r"the service runs agent 0\.1\.0 instead of 0\.2\.0"):
        install(bundle, root, stubborn)
    assert current_slot(root) is None


def test_wheels_have_long_names(maker: Maker, tmp_path: Path) -> None:
    wheels = wheel(tmp_path / "wheels", "0.2.0")
    (wheels / f"numpy-2.4.6-cp311-{'.manylinux_2_27_aarch64' * 5}.whl").write_bytes(b"zip")
    bundle = maker.open("1.0", wheels=wheels)
    contents = {member.path: content for member, content in bundle.contents()}
    listed = subprocess.run(["tar", "tf", bundle.path], capture_output=True, text=True, check=True).stdout.splitlines()
    assert listed[2:] == sorted(contents)
    assert {name for name in listed if name.startswith("wheels/")} == {
        f"wheels/{path.name}" for path in wheels.iterdir()
    }
    assert max(map(len, listed)) > 120
