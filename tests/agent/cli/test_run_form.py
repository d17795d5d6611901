"""`digit-agent run --form`, as a process: sheets are laid before a drawn camera, and become rows of a CSV."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.drawing.handwriting import random_handwriting
from agent.forms.demo import fill_in
from agent.forms.document import load_form
from agent.forms.invent import invent_texts
from tests.agent.forms.sheets import FIELDS, FILLED, HEAD_MARKS, filled_in, photograph

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
TIMEOUT_S = 360
SOURCE = "demo:?form=delivery.toml&seed=3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a form, and with the log of a run of the demo."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / "delivery.toml").write_text(HEAD_MARKS + FIELDS)
    return folder


def digit_agent(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    return subprocess.run(
        [EXECUTABLE, *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def written(folder: Path, sheet: int) -> dict[str, str]:
    """Return what stands on a sheet of the demo."""
    rng = np.random.default_rng((3, sheet))
    random_handwriting(rng)
    return invent_texts(rng, load_form(folder / "delivery.toml"))


def test_each_sheet_of_the_demo_is_a_line_of_json_and_a_row_of_csv(folder: Path) -> None:
    done = digit_agent(folder, "run", "--form", "delivery.toml", "--source", SOURCE, "--json", "--log", "a.db")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    on_paper = [written(folder, sheet) for sheet in range(3)]
    assert [{name: field["text"] for name, field in record["fields"].items()} for record in records] == on_paper
    assert all(record["form"] == "delivery" and record["sure"] for record in records)
    assert "records  3, one for each sheet" in done.stderr
    shown = digit_agent(folder, "stats", "--log", "a.db", "--csv", "--table", "records")
    rows = list(csv.DictReader(shown.stdout.splitlines()))
    assert [{name: row[name] for name in on_paper[0]} for row in rows] == on_paper
    assert [row["to_check"] for row in rows] == ["", "", ""]
    assert len(json.loads(digit_agent(folder, "stats", "--log", "a.db", "--json").stdout)["records"]) == 3
    assert "Records of sheets" in digit_agent(folder, "stats", "--log", "a.db").stdout


def test_each_picture_is_a_sheet_and_one_without_a_form_is_named(folder: Path) -> None:
    pictures = folder / "pictures"
    pictures.mkdir()
    form = load_form(folder / "delivery.toml")
    cv2.imwrite(str(pictures / "1.png"), photograph(filled_in(form, FILLED), tilt_deg=20))
    cv2.imwrite(str(pictures / "2.png"), np.full((480, 640, 3), 200, np.uint8))
    cv2.imwrite(str(pictures / "3.png"), fill_in(np.random.default_rng(1), form))
    done = digit_agent(folder, "run", "--form", ".", "--source", "pictures", "--no-dashboard", "--no-log")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("form delivery") == 2
    for name, text in FILLED.items():
        assert f"  {name:8}  {text}\n" in done.stdout
    assert "2.png: the form delivery is not in the picture" in done.stderr


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("nothing.toml", "the form nothing.toml cannot be read"),
        ("wrong.toml", "wrong.toml:1: the form has neither a picture nor marks; name one of them"),
        ("empty", "the folder empty holds no form"),
    ],
)
def test_a_form_that_cannot_be_used_is_named_before_the_camera_opens(folder: Path, form: str, expected: str) -> None:
    (folder / "wrong.toml").write_text('[form]\nsize = [210, 148]\n[[field]]\nname = "a"\nbox = [1, 1, 9, 9]\n')
    (folder / "empty").mkdir(exist_ok=True)
    done = digit_agent(folder, "run", "--form", form, "--source", "/dev/video99", "--no-log")
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
