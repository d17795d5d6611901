"""Exported corrections are loaded with checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converters.adapt.corrections import load_corrections
from profiles.errors import DatasetError

ABOUT = {"format": 1, "pictures": 1, "without_picture": 0}
TRUTH = {
    "kind": "correction", "lines": ["42"], "text": "4.2", "box": [5, 6, 20, 10], "read": "47", "confidence": 0.5,
    "group": "",
}  # fmt: skip


def write_export(folder: Path, shade: int = 200, about: object = ABOUT, **changes: Any) -> Path:
    """Write an export with one picture."""
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "one.jpg"), np.full((30, 60, 3), shade, np.uint8))
    (folder / "export.json").write_text(json.dumps(about))
    (folder / "truth.json").write_text(json.dumps({"one.jpg": TRUTH | changes}))
    return folder


def test_pictures_of_several_folders_are_loaded_once_each(tmp_path: Path) -> None:
    folders = [write_export(tmp_path / "a"), write_export(tmp_path / "b", shade=90), write_export(tmp_path / "c")]
    known = load_corrections(folders)
    assert [(one.text, one.digits, tuple(one.box), one.image.shape) for one in known] == [
        ("4.2", "42", (5, 6, 20, 10), (30, 60, 3))
    ] * 2


@pytest.mark.parametrize(
    ("about", "changes", "message"),
    [
        (ABOUT | {"format": 2}, {}, "has corrections of format 2; this version reads format 1"),
        ({}, {}, "the truth in .* is damaged"),
        (ABOUT, {"box": [1, 2]}, "the truth in .* is damaged"),
        (ABOUT, {"lines": ["47"]}, "contradicts itself: '4.2' has the digits '42', not '47'"),
    ],
)
def test_an_export_that_is_not_valid_is_reported(
    tmp_path: Path, about: object, changes: dict[str, Any], message: str
) -> None:
    folder = write_export(tmp_path / "a", about=about, **changes)
    with pytest.raises(DatasetError, match=message):
        load_corrections([folder])


def test_a_missing_or_damaged_picture_is_reported(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "a")
    (folder / "one.jpg").write_bytes(b"not a picture")
    with pytest.raises(DatasetError, match=r"one\.jpg is not a picture; export the corrections again"):
        load_corrections([folder])
    (folder / "one.jpg").unlink()
    with pytest.raises(DatasetError, match=r"one\.jpg cannot be read"):
        load_corrections([folder])


def test_a_picture_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "a")
    (folder / "truth.json").write_text(json.dumps({"../b/one.jpg": TRUTH}))
    write_export(tmp_path / "b")
    with pytest.raises(DatasetError, match="is not in the folder of its truth"):
        load_corrections([folder])


def test_two_truths_of_one_picture_are_reported(tmp_path: Path) -> None:
    folders = [write_export(tmp_path / "a"), write_export(tmp_path / "b", text="43", lines=["43"])]
    with pytest.raises(DatasetError, match=r"shows the same picture and is '4\.2'; correct one of them"):
        load_corrections(folders)


def test_a_folder_without_an_export_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no .*export\.json; name a folder that"):
        load_corrections([tmp_path])
    write_export(tmp_path / "a")
    (tmp_path / "a" / "truth.json").write_text("{}")
    with pytest.raises(DatasetError, match="has no picture; correct readings on the web page"):
        load_corrections([tmp_path / "a"])
