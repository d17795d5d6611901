"""An install is killed before every system call that writes, and the board must come up with the old or the new.

strace delivers SIGKILL at the n-th call of a kind: first an install runs through to list all of its calls, then it
dies at each of them in turn. What the disk would lose in a power cut besides is expected by the order of the calls: all
that a slot holds is synced before the link leads to it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.install import install, recover
from deploy.journal import load_journal
from deploy.service_control import BoardControl
from deploy.slots import current_slot, find_damage, version_in
from tests.deploy.made import Maker

FORKS = Path(__file__).with_name("forks.py")
CALLS = (
    "openat,creat,write,pwrite64,writev,pwritev,copy_file_range,sendfile,splice,fallocate,truncate,ftruncate,"
    "fsync,fdatasync,sync,syncfs,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,"
    "mkdir,mkdirat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,setxattr,fsetxattr"
)
CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")


def reason_to_skip() -> str:
    if shutil.which("strace") is None:
        return "strace is not installed: apt install strace"
    done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return f"strace cannot trace here: {done.stderr}" if done.returncode else ""


pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-")]


@dataclass(frozen=True)
class Call:
    """A system call that writes."""

    name: str
    number: int
    """Number of calls of this name so far, with those that write nothing."""
    arguments: str


@dataclass(frozen=True)
class Forks:
    """Processes that are ready to install and are traced from their first step."""

    server: subprocess.Popen[str]
    log: Path

    def run(self, argv: list[str], *options: str) -> int:
        """Run `digit-deploy` under strace; gives its exit code, or minus the signal that killed it."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(shlex.join(argv) + "\n")
        self.server.stdin.flush()
        child = int(self.server.stdout.readline())
        self._wait_for(child, r"State:\s+T")
        command = ["strace", "-q", "-y", "-e", f"trace={CALLS}", *options, "-o", str(self.log), "-p", str(child)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as tracer:
            self._wait_for(child, rf"TracerPid:\s+{tracer.pid}\b")
            os.kill(child, signal.SIGCONT)
            return int(self.server.stdout.readline())

    def _wait_for(self, child: int, state: str) -> None:
        deadline_s = time.monotonic() + 90
        while not re.search(state, Path(f"/proc/{child}/status").read_text()):
            assert time.monotonic() < deadline_s, f"{child} never was {state!r}"
            time.sleep(0.001)

    def calls(self) -> list[Call]:
        """The calls of the last run that wrote, in their order."""
        count, found = Counter[str](), list[Call]()
        for line in self.log.read_text().splitlines():
            if match := CALL.match(line):
                name = match["name"]
                count[name] += 1
                if name != "openat" or re.search(r"O_CREAT|O_TRUNC|O_WRONLY|O_RDWR", match["arguments"]):
                    found.append(Call(name, count[name], match["arguments"]))
        return found


@pytest.fixture
def forks(tmp_path: Path) -> Iterator[Forks]:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command, pipe = [sys.executable, str(FORKS)], subprocess.PIPE
    with subprocess.Popen(command, text=True, env=environ, stdin=pipe, stdout=pipe) as server:
        yield Forks(server, tmp_path / "strace.log")
        assert server.stdin is not None
        server.stdin.close()


@dataclass(frozen=True)
class Walk:
    """A board whose state can be restored, and what happens to it."""

    forks: Forks
    maker: Maker
    machine: BoardControl
    prepared: Path
    """Return a board with versions 1.0 and 1.1, the second in use."""
    root: Path

    def start_again(self, *, empty: bool = False) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        if not empty:
            shutil.copytree(self.prepared, self.root, symlinks=True)

    def run(self, name: str, restart: str, *options: str) -> int:
        """Run `digit-deploy install` of 1.2, or another command; see `Forks.run`."""
        argv = [name, f"--root={self.root}", "--frames=0", f"--restart={restart}"]
        if name == "install":
            bundle, key = self.maker.folder / "1.2.bundle", self.maker.keys.public
            argv += [str(bundle), f"--public-key={key}", f"--agent={self.machine.agent}", "--check=true"]
        return self.forks.run(argv, *options)

    def in_use(self) -> str | None:
        """The version that the agent would find, every bit as it was signed; None is what shipped with the agent."""
        slot = current_slot(self.root)
        if slot is None:
            return None
        version = version_in(self.root, slot)
        assert version is not None
        assert find_damage(self.root, version) == ""
        return version.manifest.version


@pytest.fixture
def walk(maker: Maker, machine: BoardControl, forks: Forks, tmp_path: Path) -> Walk:
    prepared = tmp_path / "prepared"
    for version in ("1.0", "1.1"):
        install(maker.open(version), prepared, machine)
    maker.write("1.2")
    return Walk(forks, maker, machine, prepared, tmp_path / "root")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "restart", "before", "after"),
    [
        ("install", "true", "1.1", "1.2"),
        ("install", "true", None, "1.2"),
        ("install", "false", "1.1", "1.1"),  # the service does not come up, and all is taken back
        ("rollback", "true", "1.1", "1.0"),
    ],
)
def test_killed_at_every_writing_call_the_board_has_the_old_or_the_new_version(
    walk: Walk, name: str, restart: str, before: str | None, after: str
) -> None:
    bundle, found = walk.maker.open("1.2"), Counter[str | None]()
    walk.start_again(empty=before is None)
    assert walk.run(name, restart) == (0 if restart == "true" else 1)
    assert walk.in_use() == after
    calls = walk.forks.calls()
    assert {"openat", "write", "fsync", "rename", "symlink", "unlink"} <= {call.name for call in calls}
    for call in calls:
        walk.start_again(empty=before is None)
        kill = f"inject={call.name}:signal=SIGKILL:when={call.number}"
        assert walk.run(name, restart, "-e", kill) == -signal.SIGKILL, call
        found[walk.in_use()] += 1
        recover(walk.root, walk.machine)
        assert walk.in_use() in {before, after}, call
        assert not walk.root.exists() or load_journal(walk.root).attempt is None, call
        install(bundle, walk.root, walk.machine)
        assert walk.in_use() == "1.2", call
        assert not list(walk.root.rglob(".*")), call
    tried = "1.2" if name == "install" else "1.0"
    assert set(found) == {before, tried}


def test_a_slot_is_on_the_disk_before_the_link_points_to_it(walk: Walk) -> None:
    walk.start_again()
    assert walk.run("install", "true") == 0
    slot, unsynced, synced = str(walk.root / "slots/a"), set[str](), 0
    for call in walk.forks.calls():
        paths = re.findall(r'"([^"]+)"', call.arguments)
        handle = re.match(r"\d+<([^>]+)>", call.arguments)
        if call.name == "fsync" and handle:
            synced += handle[1] in unsynced
            unsynced.discard(handle[1])
        elif call.name == "write" and handle and handle[1].startswith(slot):
            unsynced.add(handle[1])
        elif call.name == "rename" and paths[-1] == str(walk.root / "current"):
            break
        elif paths and paths[-1].startswith(slot):
            unsynced.add(str(Path(paths[-1]).parent))
    else:
        pytest.fail("the link was never switched")
    assert unsynced == set()
    assert synced >= 6  # four files, the slot, and its folder of artifacts
