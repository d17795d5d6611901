"""What is counted, done here without a counter, and the counts of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent.paths import default_artifacts
from profiles.manifest import load_manifest
from tools.insn import work
from tools.insn.count import SOURCE, WORK, least


def test_the_least_of_a_piece_of_work_counts() -> None:
    lines = ["0 1000", "0 1300", "0 2000", "1 2100", "1 2250", "1 2400"]
    assert least(["a", "b"], lines, times=2) == {"a": 300, "b": 150}


def test_a_piece_without_all_its_marks_is_no_count() -> None:
    with pytest.raises(ValueError, match="reshape"):
        least(["a", "b"], ["0 1000", "0 1300", "0 2000", "1 2100"], times=2)


def test_every_file_does_its_digits_and_every_classifier_a_frame(tmp_path: Path) -> None:
    """A call that marks a place fails, as it does without the plugin, and the work goes on."""
    frame = tmp_path / "frame.npy"
    np.save(frame, np.full((48, 64, 3), 255, np.uint8))
    done = subprocess.run([sys.executable, str(WORK), str(frame)], capture_output=True, check=True)
    artifacts = load_manifest(default_artifacts()).artifacts
    digits = {f"{a.file} {batch}" for a in artifacts for batch in work.BATCHES}
    frames = {f"{a.file} {work.FRAME}" for a in artifacts if a.role == "classifier"}
    assert set(msgspec.json.decode(done.stdout)) == digits | frames


def test_the_plugin_and_the_work_mean_the_same_marks() -> None:
    found = re.search(r"#define MARKS (0x[0-9a-f]+)", SOURCE.read_text())
    assert found
    assert int(found[1], 16) == work.MARKS


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_the_plugin_is_built_without_a_warning(tmp_path: Path) -> None:
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=c11")
    subprocess.run(["cc", *warnings, "-shared", "-fPIC", "-o", str(tmp_path / "insn.so"), str(SOURCE)], check=True)
