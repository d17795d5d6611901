from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fleet.network import NetworkLink, network_links
from tests.systemd.bundles import Desktop
from tests.systemd.guest import Guest, booted
from tests.systemd.image import REPOSITORY, board_layers, cached, reason_to_skip, sh

NAMES = ("board1", "board2", "board3")
ANSIBLE = "ansible-core==2.17.*"
SSH_CONFIG = """\
Host board*
  User pi
  IdentityFile {key}
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


@dataclass(frozen=True)
class Fleet:
    """Three systems that stand for boards, and a desktop that connects to them with ssh."""

    boards: tuple[Guest, ...]
    links: tuple[NetworkLink, ...]
    desktop: Desktop
    ansible: Path
    ssh_config: Path

    def rollout(self, bundle: Path, *options: str) -> subprocess.Popen[str]:
        """Start to roll a bundle out to all boards."""
        folder = REPOSITORY / "deploy/ansible"
        values = (
            f"digit_bundle={bundle}",
            f"digit_public_key={self.desktop.public}",
            "ansible_user=pi",
            "digit_frames=6",
        )
        extra = [word for value in values for word in ("--extra-vars", value)]
        hosts = ["--inventory", str(self.desktop.folder / "hosts.yml"), f"--ssh-common-args=-F {self.ssh_config}"]
        return subprocess.Popen(
            [sys.executable, "-m", "ansible", "playbook", "rollout.yml", *hosts, *extra, *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(self.ansible), "ANSIBLE_CONFIG": str(folder / "ansible.cfg")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def versions(self) -> list[str | None]:
        """Return the version in use on each board."""
        return [version_of(board) for board in self.boards]


def version_of(board: Guest) -> str | None:
    """Return the version in use, read from the board's files, because its processor is busy."""
    manifest = board.run("grep", "-o", '"version": "[0-9.]*"', "/var/lib/digit-deploy/current/bundle.json").stdout
    return manifest.split('"')[3] if manifest else None


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if reason := reason_to_skip("ssh", "ssh-keygen", "ip"):
        pytest.skip(reason)
    cache, scratch = Path(os.environ["DIGIT_BOARD_CACHE"]), tmp_path_factory.mktemp("fleet")
    desktop = Desktop.in_folder(scratch)
    key = scratch / "ssh.key"
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    with ExitStack() as cleanup:
        links = cleanup.enter_context(network_links(NAMES))
        layers = board_layers(cache, scratch)
        boards = [
            cleanup.enter_context(
                booted(layers, scratch / name, name, network=link.namespace, prepare=lambda root: _allow_ssh(root, key))
            )
            for name, link in zip(NAMES, links, strict=True)
        ]
        addresses = "".join(
            f"Host {name}\n  HostName {link.address}\n" for name, link in zip(NAMES, links, strict=True)
        )
        (scratch / "ssh_config").write_text(addresses + SSH_CONFIG.format(key=key))
        (scratch / "hosts.yml").write_text(f"boards: {{hosts: {{{', '.join(f'{name}: ' for name in NAMES)}}}}}\n")
        ansible = cached(cache, "ansible", ANSIBLE, _install_ansible)
        yield Fleet(tuple(boards), tuple(links), desktop, ansible, scratch / "ssh_config")


def _allow_ssh(root: Path, key: Path) -> None:
    """Create a user like Raspberry Pi OS, with an ssh key and passwordless sudo, and disable the service."""
    sh("systemctl", f"--root={root}", "disable", "digit-agent")
    sh("chroot", root, "useradd", "--create-home", "--shell=/bin/bash", "pi")
    (root / "etc/sudoers.d/pi").write_text("pi ALL=(ALL) NOPASSWD: ALL\n")
    (root / "home/pi/.ssh").mkdir(mode=0o700)
    (root / "home/pi/.ssh/authorized_keys").write_text(key.with_suffix(".key.pub").read_text())
    sh("chroot", root, "chown", "-R", "pi:pi", "/home/pi/.ssh")


def _install_ansible(folder: Path) -> None:
    sh(sys.executable, "-m", "pip", "install", "-q", "--target", folder, ANSIBLE)
