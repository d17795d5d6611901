from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.runtimes.net import RUNTIMES
from profiles.profile import all_profiles

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

NEW_RUNTIME = """
import numpy as np
from agent.runtimes.session import Runtime

class WeigherSession:
    def __init__(self, content):
        self._bytes = len(content)

    def run(self, batch):
        return np.full((len(batch), 11), self._bytes, np.float32)

RUNTIMES = (
    Runtime(
        name="weigher", format="onnx", module="numpy", distributions=("numpy",), install="pip install numpy",
        open=lambda content, artifact, threads, provider: WeigherSession(content),
    ),
)
"""
USE_NEW_RUNTIME = """
import sys
from pathlib import Path
from agent.runtimes import backends
backends.__path__.append(sys.argv[1])  # as if the file were in that folder
import numpy as np
from agent.runtimes.net import load_net, runtime_version
from profiles.manifest import load_manifest
folder = Path(sys.argv[2])
net = load_net(folder, load_manifest(folder).artifacts[0], "weigher")
print(runtime_version("weigher") == np.__version__, net.logits(np.zeros((2, 28, 28), np.uint8))[1, 3])
"""


def test_new_runtime_is_one_file(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path / "artifacts", linear.artifact("linear.onnx"))
    (tmp_path / "weigher.py").write_text(NEW_RUNTIME)
    command = [sys.executable, "-c", USE_NEW_RUNTIME, str(tmp_path), str(tmp_path / "artifacts")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", f"{float(len(linear.files['linear.onnx']))}"]


def test_profiles_list_only_known_runtimes() -> None:
    assert {option.name for profile in all_profiles() for option in profile.runtimes} <= RUNTIMES.keys()


@pytest.mark.parametrize("name", ["linear.onnx", "linear-int8.onnx"])
def test_profiler_of_onnxruntime_shows_the_used_providers(linear: Linear, name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    from agent.runtimes.backends.onnx import CPU, open_profiled

    session, used = open_profiled(linear.files[name], linear.artifact(name), onnxruntime.SessionOptions(), [CPU])
    assert used == (CPU,)
    assert not session.get_session_options().enable_profiling or session.end_profiling() is not None
