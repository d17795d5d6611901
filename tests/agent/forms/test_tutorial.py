"""docs/forms.md is followed step by step."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from agent.forms.document import load_form
from tests.agent.forms.sheets import filled_in, photograph

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[3] / "docs/forms.md").read_text()
WRITTEN = {"customer": "123455", "apples": "312", "pears": "47", "total": "359"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_page_leads_from_nothing_to_a_csv(tmp_path: Path) -> None:
    (tmp_path / "delivery.toml").write_text(blocks("toml")[0])
    cv2.imwrite(str(tmp_path / "photo.jpg"), photograph(filled_in(load_form(tmp_path / "delivery.toml"), WRITTEN)))
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.defpath}"}

    def run(command: str) -> str:
        done = subprocess.run(
            command.split(), capture_output=True, text=True, timeout=360, check=True, env=environ, cwd=tmp_path
        )
        return done.stdout

    for block in blocks("console"):
        command, _, expected = block.partition("\n")
        assert run(command.removeprefix("$ ")) == expected
    print_form, watch, _ = blocks("sh")
    subprocess.run(print_form + watch, shell=True, timeout=360, check=True, env=environ, cwd=tmp_path)
    assert (tmp_path / "delivery.pdf").read_bytes().startswith(b"%PDF")
    rows = list(csv.DictReader((tmp_path / "records.csv").read_text().splitlines()))
    assert len(rows) == 3
    assert all(int(row["total"]) == int(row["apples"]) + int(row["pears"] or 0) for row in rows)
    assert not any(row["to_check"] for row in rows)


def test_a_form_that_is_printed_already_is_begun(tmp_path: Path) -> None:
    (tmp_path / "delivery.toml").write_text(blocks("toml")[0])
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
    commands = ["digit-agent form print delivery.toml --out scan.png", *blocks("sh")[2].splitlines()]
    for command in commands:
        subprocess.run(command.split(), timeout=360, check=True, env=environ, cwd=tmp_path, capture_output=True)
    assert [field.max_digits for field in load_form(tmp_path / "order.toml").fields] == [6, 12, 12, 12]
    assert cv2.imread(str(tmp_path / "fields.png")) is not None
