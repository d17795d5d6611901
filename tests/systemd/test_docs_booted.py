"""Follow the pages for setting up a board, step by step, on a fresh Debian system."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.bundles import Desktop
from tests.systemd.guest import Guest, booted
from tests.systemd.image import REPOSITORY, bare_debian, build_wheel, reason_to_skip, sh, wheelhouse

pytestmark = pytest.mark.timeout(400)
DOCS = REPOSITORY / "docs"


def steps(page: str) -> list[str]:
    """Return the code blocks of a page that run on the board."""
    return re.findall(r"^```sh board\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A fresh system, with the files in its user's home that a desktop copies there."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    cache, scratch = Path(os.environ["DIGIT_BOARD_CACHE"]), tmp_path_factory.mktemp("blank")
    desktop = Desktop.in_folder(scratch)
    debian, wheels = bare_debian(cache), wheelhouse(cache)

    def prepare(root: Path) -> None:
        sh("chroot", root, "useradd", "--create-home", "--shell=/bin/bash", "pi")
        (root / "etc/sudoers.d/pi").write_text("pi ALL=(ALL) NOPASSWD: ALL\n")
        shutil.copytree(wheels, root / "home/pi/wheels")
        build_wheel(root / "home/pi/wheels")
        shutil.copy(desktop.public, root / "home/pi")

    with booted((debian,), scratch / "upper", "counter-01", prepare=prepare) as guest:
        yield guest


def follow(board: Guest, page: str) -> None:
    for step in steps(page):
        board.sh("runuser", "--login", "pi", "--command", f"set -eo pipefail\n{step}", timeout_s=200)


def test_the_steps_for_a_pi_and_for_troubleshooting_work(blank: Guest) -> None:
    assert len(steps("raspberry-pi.md")) >= 6
    follow(blank, "raspberry-pi.md")
    assert blank.running() is not None
    follow(blank, "troubleshooting.md")


def test_the_steps_for_a_jetson_work(blank: Guest) -> None:
    follow(blank, "jetson.md")
