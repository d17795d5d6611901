"""Make a Debian system with this checkout's wheel, as folders to boot.

There are three overlay layers: Debian's packages, the wheel's dependencies, and the wheel itself with its service. The
first two are cached in `DIGIT_BOARD_CACHE`; the last one is made for each run of the tests.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = "systemd,systemd-sysv,dbus,udev,procps,python3,python3-venv,openssh-server,libgomp1,sudo,util-linux"
SUITE, PYTHON = "bookworm", "3.11"
PROGRAMS = ("systemd-nspawn", "mmdebstrap", "nsenter")
CONFIG = 'source = "demo:?frames=1000000&fps=4"\n'


def reason_to_skip(*more: str) -> str | None:
    """Return why no system can be booted on this machine, or None; `more` are further programs that are needed."""
    if "DIGIT_BOARD_CACHE" not in os.environ:
        return "boots Debian, which needs root and apt: run `make test-systemd`, or set DIGIT_BOARD_CACHE to a folder"
    if os.geteuid() != 0:
        return "needs root"
    if missing := [program for program in (*PROGRAMS, *more) if shutil.which(program) is None]:
        return f"{', '.join(missing)} missing: apt install systemd-container mmdebstrap openssh-client iproute2"
    if not _may_boot():
        return "namespaces and mounts are not allowed on this machine, as in most containers"
    return None


def _may_boot() -> bool:
    """Whether this machine allows namespaces of all kinds and overlay mounts."""
    layers = "-o lowerdir=lower,upperdir=upper,workdir=work"
    folders = "cd $(mktemp -d) && mount -t tmpfs none . && mkdir lower upper work root"
    overlay = f"{folders} && mount -t overlay overlay {layers} root"
    namespaces = ("--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup")
    probe = ["unshare", *namespaces, "--fork", "sh", "-c", overlay]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def sh(*argv: str | Path, timeout_s: float = 300) -> str:
    """Run a program on this machine and return its output; fail if the program fails."""
    done = subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}: {done.stderr or done.stdout}"
    return done.stdout


@contextmanager
def mounted(layers: Sequence[Path], upper: Path) -> Iterator[Path]:
    """Mount folders as an overlay; only `upper` is written to."""
    work, merged = upper.with_name(f"{upper.name}.work"), upper.with_name(f"{upper.name}.root")
    for folder in (upper, work, merged):
        folder.mkdir(parents=True, exist_ok=True)
    lower = ":".join(str(layer) for layer in reversed(layers))
    sh("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", merged)
    try:
        yield merged
    finally:
        sh("umount", "--recursive", merged)
        shutil.rmtree(work)
        merged.rmdir()


def board_layers(cache: Path, scratch: Path) -> tuple[Path, ...]:
    """Return the layers of a system with the agent's service installed and enabled; it reads the demo source."""
    debian, wheels = bare_debian(cache), wheelhouse(cache)
    key = f"{debian} {wheels}"
    python = cached(cache, "python", key, lambda folder: _install_wheels(folder, debian, wheels))
    agent = scratch / "agent"
    _install_agent(agent, (debian, python), build_wheel(scratch))
    return debian, python, agent


def bare_debian(cache: Path) -> Path:
    """Return the layer with Debian alone, like a new SD card."""
    return cached(cache, "debian", f"{SUITE} {PACKAGES}", _make_debian)


def wheelhouse(cache: Path) -> Path:
    """Return a folder with the wheels of all dependencies."""
    return cached(cache, "wheels", (REPOSITORY / "pyproject.toml").read_text(), _fetch_wheels)


def cached(cache: Path, name: str, key: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache; make it if it is missing.

    Args:
        cache: folder of the cache.
        name: beginning of the folder's name.
        key: everything that its content depends on; a folder of another key is deleted.
        make: function that fills an empty folder.
    """
    folder = cache / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if not folder.is_dir():
        for old in cache.glob(f"{name}-*"):
            shutil.rmtree(old)
        unfinished = cache / f"unfinished-{name}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)
    return folder


def _make_debian(folder: Path) -> None:
    sh("mmdebstrap", "-q", "--variant=minbase", f"--include={PACKAGES}", SUITE, folder, timeout_s=600)
    for unit in ("getty.target", "console-getty.service", "systemd-networkd-wait-online.service"):
        (folder / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (folder / "etc/machine-id").write_text("")


def _fetch_wheels(folder: Path) -> None:
    """Download the dependencies for Debian's Python, like a desktop does for a board without network."""
    own = build_wheel(folder)
    pip = (sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "--python-version", PYTHON)
    sh(*pip, "--dest", folder, f"{own}[deploy]")
    (folder / own.name).unlink()


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout in a folder."""
    sh(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, REPOSITORY)
    return next(folder.glob("digit_agent-*.whl"))


def _install_wheels(folder: Path, debian: Path, wheels: Path) -> None:
    with mounted([debian], folder) as root, bound(wheels, root / "mnt"):
        sh("chroot", root, "python3", "-m", "venv", "/opt/digit-agent")
        files = [f"/mnt/{wheel.name}" for wheel in wheels.iterdir()]
        sh("chroot", root, "/opt/digit-agent/bin/pip", "install", "-q", "--no-deps", "--no-index", *files)


def _install_agent(folder: Path, layers: Sequence[Path], wheel: Path) -> None:
    """Install the agent as docs/raspberry-pi.md does, but without a camera."""
    with mounted(layers, folder) as root, bound(wheel.parent, root / "mnt"):
        sh("chroot", root, "/opt/digit-agent/bin/pip", "install", "-q", "--no-deps", "--no-index", f"/mnt/{wheel.name}")
        sh("chroot", root, "/opt/digit-agent/bin/digit-agent", "service", "install")
        sh("chroot", root, "systemd-sysusers", "/etc/sysusers.d/digit-agent.conf")
        sh("chroot", root, "systemctl", "enable", "digit-agent")
        (root / "etc/digit-agent/config.toml").write_text(CONFIG)
        for program in ("digit-agent", "digit-deploy"):
            (root / "usr/local/bin" / program).symlink_to(f"/opt/digit-agent/bin/{program}")


@contextmanager
def bound(source: Path, target: Path) -> Iterator[None]:
    """Bind-mount a folder of this machine into a system's root."""
    with ExitStack() as cleanup:
        sh("mount", "--bind", source, target)
        cleanup.callback(sh, "umount", target)
        yield
