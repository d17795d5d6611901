from __future__ import annotations

import time
from multiprocessing import active_children
from pathlib import Path
from threading import Thread

import pytest

from converters.export.parallel import make_artifacts
from profiles.errors import ConversionError, UsageError
from profiles.profile import ArtifactKind

pytestmark = pytest.mark.slow

ONNX = ArtifactKind(format="onnx", precision="int8")


def test_errors_of_child_processes_are_raised(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no checkpoint .*gone\.pt"):
        make_artifacts([tmp_path / "gone.pt"], [ONNX], None, lambda _: None)
    assert active_children() == []


def test_a_converter_that_dies_is_an_error(checkpoint_file: Path) -> None:
    def kill_the_first_child() -> None:
        while not active_children():
            time.sleep(0.01)
        active_children()[0].kill()

    killer = Thread(target=kill_the_first_child)
    killer.start()
    with pytest.raises(ConversionError, match="a converter died"):
        make_artifacts([checkpoint_file], [ONNX], None, lambda _: None)
    killer.join()
