from __future__ import annotations

import time
from multiprocessing import active_children
from pathlib import Path
from threading import Thread

import pytest

from converters.export.parallel import make_all
from profiles.errors import ConversionError, UsageError
from profiles.profile import ArtifactKind

ONNX = ArtifactKind(format="onnx", precision="int8")


def test_errors_come_through(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no checkpoint .*gone\.pt"):
        make_all([tmp_path / "gone.pt"], [ONNX], None, lambda _: None)
    assert active_children() == []


def test_a_converter_that_dies(checkpoint_file: Path) -> None:
    def kill_the_first_child() -> None:
        while not active_children():
            time.sleep(0.01)
        active_children()[0].kill()

    killer = Thread(target=kill_the_first_child)
    killer.start()
    with pytest.raises(ConversionError, match="a converter died"):
        make_all([checkpoint_file], [ONNX], None, lambda _: None)
    killer.join()
