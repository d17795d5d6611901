"""The counted work runs without the plugin, and its counts are read correctly."""

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
from tools.insn.count import SOURCE, WORK, min_counts


def test_the_smallest_count_of_a_piece_of_work_is_taken() -> None:
    lines = ["0 1000", "0 1300", "0 2000", "1 2100", "1 2250", "1 2400"]
    assert min_counts(["a", "b"], lines, times=2) == {"a": 300, "b": 150}


def test_a_missing_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="reshape"):
        min_counts(["a", "b"], ["0 1000", "0 1300", "0 2000", "1 2100"], times=2)


@pytest.mark.slow
def test_every_artifact_computes_digits_and_every_classifier_reads_frames(tmp_path: Path) -> None:
    """Without the plugin the calls that set marks fail, and the work continues."""
    video = tmp_path / "video.npy"
    np.save(video, np.full((work.VIDEO_FRAMES * work.TIMES, 48, 64, 3), 255, np.uint8))
    done = subprocess.run([sys.executable, str(WORK), str(video)], capture_output=True, check=True)
    artifacts = load_manifest(default_artifacts()).artifacts
    digits = {f"{a.file} {batch}" for a in artifacts for batch in work.BATCHES}
    classifiers = [a for a in artifacts if a.role == "classifier"]
    frames = {f"{a.file} {work.FRAME}" for a in classifiers}
    videos = {f"{a.file} {work.VIDEO}" for a in classifiers if a.precision == "int8"}
    assert set(msgspec.json.decode(done.stdout)) == digits | frames | videos


def test_the_plugin_and_the_work_use_the_same_number_for_marks() -> None:
    found = re.search(r"#define MARKS (0x[0-9a-f]+)", SOURCE.read_text())
    assert found
    assert int(found[1], 16) == work.MARKS


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_plugin_compiles_without_warnings(tmp_path: Path) -> None:
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=c11")
    subprocess.run(["cc", *warnings, "-shared", "-fPIC", "-o", str(tmp_path / "insn.so"), str(SOURCE)], check=True)
