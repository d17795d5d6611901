from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.guest import Guest, booted
from tests.systemd.image import board_layers, reason_to_skip


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    if reason := reason_to_skip():
        pytest.skip(reason)
    return board_layers(Path(os.environ["DIGIT_BOARD_CACHE"]), tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def board(layers: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    with booted(layers, tmp_path_factory.mktemp("board") / "upper", "board", prepare=lambda _: None) as guest:
        yield guest
