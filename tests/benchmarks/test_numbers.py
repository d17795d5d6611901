"""The share of numbers that are read without a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from benchmarks.note_images import draw_frame
from benchmarks.numbers import main
from profiles.errors import DatasetError, UsageError


def test_a_picture_is_right_only_if_all_of_its_digits_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = draw_frame()
    lines = [note.digits[start : start + 5] for start in range(0, len(note.digits), 5)]
    truth = {name: {"kind": "note", "lines": lines} for name in ("right.png", "wrong.png")}
    truth["wrong.png"]["lines"] = [*lines, "7"]
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    for name in truth:
        cv2.imwrite(str(tmp_path / name), note.image)
    main(tmp_path)
    row = next(line for line in capsys.readouterr().out.splitlines() if "note" in line)
    assert row.split() == ["note", "held", "out", "2", "1", "50"]


def test_wrong_arguments_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"truth\.json cannot be read"):
        main(tmp_path)
    with pytest.raises(UsageError, match="no depth 'deep'"):
        main(tmp_path, depth="deep")
