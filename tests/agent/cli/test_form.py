from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.forms.blank import to_pixels
from tests.agent.forms.sheets import FIELDS, FILLED, HEAD_MARKS, PX_PER_MM, delivery_note, filled_in, photograph
from tests.agent.forms.test_table import ruled

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a form and three pictures, of which the second one shows no form."""
    (tmp_path / "delivery.toml").write_text(HEAD_MARKS + FIELDS)
    form = delivery_note()
    wrong = {**FILLED, "total": "389"}
    for name, texts in (("a.jpg", FILLED), ("c.jpg", wrong)):
        cv2.imwrite(str(tmp_path / name), photograph(filled_in(form, texts)))
    cv2.imwrite(str(tmp_path / "b.jpg"), np.full((480, 640, 3), 210, np.uint8))
    return tmp_path


def run(cache: Path, folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the command; its stderr is without the progress of the first choice."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [EXECUTABLE, *argv], capture_output=True, text=True, timeout=360, check=False, env=environ, cwd=folder
    )
    lines = done.stderr.splitlines(keepends=True)
    done.stderr = "".join(line for line in lines if not line.startswith("looking for the best net: "))
    return done


def test_each_sheet_is_a_row_and_a_picture_without_the_form_stops_nothing(folder: Path, cache: Path) -> None:
    done = run(cache, folder, "read", "--form", "delivery.toml", "--csv", "a.jpg", "b.jpg", "c.jpg")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["source"] for row in rows] == ["a.jpg", "c.jpg"]
    assert [row["total"] for row in rows] == ["359", ""]
    assert [row["customer"] for row in rows] == ["123455", "123455"]
    assert rows[0]["to_check"] == ""
    assert rows[1]["to_check"] == "apples pears plums total"
    assert done.stderr.startswith("digit-agent: b.jpg: the form delivery is not in the picture; check that")
    assert done.returncode == 1


def test_a_name_that_a_spreadsheet_would_compute_is_quoted(folder: Path, cache: Path) -> None:
    (folder / "a.jpg").rename(folder / "=1+2.jpg")
    done = run(cache, folder, "read", "--form", "delivery.toml", "--csv", "=1+2.jpg")
    assert done.stdout.splitlines()[1] == "'=1+2.jpg,delivery,123455,312,47,,359,"


def test_json_and_text_have_the_rules_that_are_broken(folder: Path, cache: Path) -> None:
    done = run(cache, folder, "read", "--form", ".", "--json", "c.jpg")
    (line,) = done.stdout.splitlines()
    record = json.loads(line)
    assert (record["source"], record["form"], record["sure"]) == ("c.jpg", "delivery", False)
    assert record["fields"]["total"]["broken"] == ["total = apples + pears + plums"]
    assert record["fields"]["customer"]["value"] == "123455"
    keys = {*record, *record["fields"]["customer"]}
    help_text = " ".join(run(cache, folder, "read", "--help").stdout.split())
    assert keys <= set(re.findall(r"\w+", help_text.split("With --form: ")[1]))
    text = run(cache, folder, "read", "--form", ".", "c.jpg").stdout
    assert "  customer  123455\n" in text
    assert "  total     389  to check: total = apples + pears + plums\n" in text


def test_a_table_is_printed_as_rows(folder: Path, cache: Path) -> None:
    cv2.imwrite(str(folder / "table.png"), ruled())
    done = run(cache, folder, "read", "--table", "--csv", "table.png", "b.jpg")
    assert done.stdout == "12,,,4071\n,5,,\n,,38,\n,,,\n69,,,250\n\n"
    assert done.stderr.startswith("digit-agent: b.jpg: there is no ruled table in the picture; photograph")
    assert done.returncode == 1
    assert "  12         4071\n" in run(cache, folder, "read", "--table", "table.png").stdout
    one_row = ruled()
    one_row[206:] = one_row[0, 0]
    cv2.imwrite(str(folder / "row.png"), one_row)
    assert run(cache, folder, "read", "--table", "row.png").stdout.startswith("row.png  1 row, 4 columns\n")


def test_printed_numbers_of_a_table_are_kept_or_left_out(folder: Path, cache: Path) -> None:
    image = ruled()
    cv2.putText(image, "47", (345, 170), cv2.FONT_HERSHEY_DUPLEX, 2, (40, 40, 40), 4, cv2.LINE_AA)
    cv2.imwrite(str(folder / "printed.png"), image)
    for option, row in (("--print", "12,47,,4071"), ("--no-print", "12,,,4071")):
        done = run(cache, folder, "read", "--table", "--csv", option, "printed.png")
        assert done.stdout.splitlines()[0] == row
    refused = run(cache, folder, "read", "--no-print", "printed.png")
    assert refused.returncode == 2
    assert "--print and --no-print are for tables" in refused.stderr


@pytest.mark.parametrize(
    ("argv", "tooltips"),
    [
        (("--table", "table.png"), ["row 1, column 4: 4071 (", "row 2, column 1: empty (1.00)"]),
        (("--form", "delivery.toml", "a.jpg"), ["total: 359 (", "customer: 123455 ("]),
    ],
)
def test_explain_shows_each_cell_or_field_and_how_it_was_read(
    argv: tuple[str, ...], tooltips: list[str], folder: Path, cache: Path
) -> None:
    cv2.imwrite(str(folder / "table.png"), ruled())
    assert run(cache, folder, "read", "--explain", "why", *argv).returncode == 0
    pages = [path.read_text("utf-8") for path in sorted((folder / "why").glob("*/index.html"))]
    sheets = [page for page in pages if 'href="sheet.png"' in page]
    assert len(sheets) == 1
    assert all(tooltip in sheets[0] for tooltip in tooltips)
    assert len(pages) > 1
    assert all("Step by step" in page for page in pages if page not in sheets)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--csv", "a.jpg"), "--csv prints records of forms, or tables; give --form FORM or --table"),
        (
            ("--form", "delivery.toml", "--roi", "1,1,9,9", "a.jpg"),
            "--form and --table find the sheet themselves; leave out --roi",
        ),
        (("--form", "none.toml", "a.jpg"), "the form none.toml cannot be read (No such file or directory)"),
    ],
)
def test_wrong_use_is_refused(argv: tuple[str, ...], message: str, folder: Path, cache: Path) -> None:
    done = run(cache, folder, "read", *argv)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_form_is_checked_shown_printed_and_begun(folder: Path, cache: Path) -> None:
    assert run(cache, folder, "form", "check", "delivery.toml").stdout == (
        "delivery.toml is valid; fields: 5, rules between fields: 1\n"
    )
    (folder / "wrong.toml").write_text(HEAD_MARKS + FIELDS + '[[rule]]\nthat = "totl > 1"\n')
    wrong = run(cache, folder, "form", "check", "wrong.toml")
    assert wrong.returncode == 1
    assert "names no field: totl; did you mean total?" in wrong.stdout
    (folder / "white.toml").write_text('[form]\npicture = "b.jpg"\n[[field]]\nname = "a"\nbox = [40, 40, 50, 10]\n')
    wrong = run(cache, folder, "form", "check", "none.toml", "white.toml", "delivery.toml")
    assert wrong.returncode == 1
    missing, white, valid = wrong.stdout.splitlines()
    assert missing.startswith("the form none.toml cannot be read (No such file or directory); check its name")
    assert white.startswith("white.toml:2: the picture of the form white has too little print to be found by; use")
    assert valid == "delivery.toml is valid; fields: 5, rules between fields: 1"
    printed = run(cache, folder, "form", "print", "delivery.toml")
    assert printed.stdout == "delivery.svg is to be printed at 100 %: 210×148 mm\n"
    assert (folder / "delivery.svg").read_text().startswith("<svg")
    assert run(cache, folder, "form", "print", "delivery.toml", "--out", "blank.pdf").returncode == 0
    assert (folder / "blank.pdf").read_bytes().startswith(b"%PDF")
    assert run(cache, folder, "form", "show", "delivery.toml", "a.jpg", "--out", "shown.png").returncode == 0
    assert run(cache, folder, "form", "show", "delivery.toml", "--out", "shown.jpg").stdout == (
        "shown.jpg shows the fields: 5\n"
    )
    assert (folder / "shown.jpg").read_bytes().startswith(b"\xff\xd8")
    refused = run(cache, folder, "form", "show", "delivery.toml", "--out", "shown.txt")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("digit-agent: the fields cannot be drawn as 'shown.txt'; end the name")
    shown = cv2.imread(str(folder / "shown.png"))
    assert shown is not None
    assert shown.shape == (1200, 1600, 3)
    cv2.imwrite(str(folder / "scan.png"), to_pixels(delivery_note(), PX_PER_MM))
    begun = run(cache, folder, "form", "new", "scan.png", "--out", "begun.toml")
    assert begun.stdout.startswith("begun.toml: fields: 5; name them")
    assert run(cache, folder, "form", "check", "begun.toml").returncode == 0
    assert run(cache, folder, "form", "new", "scan.png", "--out", "begun.toml").returncode == 1
    name = os.fsdecode(b"sc\xffan.png")
    (folder / "scan.png").rename(folder / name)
    unnamed = run(cache, folder, "form", "new", name, "--out", "unnamed.toml")
    assert (unnamed.returncode, unnamed.stdout) == (1, "")
    assert unnamed.stderr.startswith(
        "digit-agent: the name of sc\ufffdan.png is not UTF-8, so the form cannot name it;"
    )
