"""The report, from nets that are no nets: functions whose mistakes are known."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from converters.export.golden import varied_inputs
from converters.report import charts
from converters.report.corrupt import KINDS, corrupt
from converters.report.log import Entry, ExportRow, StepRow, append
from converters.report.page import page
from converters.report.study import Contender, Study, study
from converters.report.tables import all_tables, log_tables, markdown

if TYPE_CHECKING:
    from tests.converters.conftest import WriteMnist

LABELS = np.arange(40, dtype=np.uint8) % 10
IMAGES = varied_inputs("classifier", 40)
STEPS = (
    StepRow(do="fit", epochs=3, minutes=1.5, held_out=0.99, test=0.98, parameters=10_000, macs=200_000),
    StepRow(do="round", epochs=0, minutes=0, held_out=0.97, test=0.96, parameters=10_000, macs=200_000),
    StepRow(do="quantize", epochs=1, minutes=1, held_out=0.98, test=0.975, parameters=10_000, macs=200_000),
)
FILE = ExportRow(format="tflite", precision="int8", bytes=8000, accuracy=0.975, runtime="r", us_a_digit=2.5)
RUN = Entry(
    when="2026-01-01T00:00:00+00:00",
    recipe="<b>nano",
    net="nano",
    seed=1,
    data="MNIST",
    device="CPU",
    versions={},
    minutes=2.5,
    weights="a",
    steps=STEPS,
    exports=(FILE,),
)


def knows(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Right about every image that is as it was; a 0 otherwise."""
    known = {image.tobytes(): int(label) for image, label in zip(IMAGES, LABELS, strict=True)}
    return np.eye(11, dtype=np.float32)[[known.get(image.tobytes(), 0) for image in images]]


def rejects_threes(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    logits = knows(images)
    logits[logits[:, 3] > 0] = np.eye(11, dtype=np.float32)[10]
    return logits


@pytest.fixture(scope="module")
def result(write_mnist: WriteMnist, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("report")
    write_mnist(folder / "mnist", "test", IMAGES, LABELS)
    append(folder / "log.jsonl", RUN)
    append(folder / "log.jsonl", msgspec.structs.replace(RUN, seed=2, weights="b"))
    contenders = (
        Contender("nano", 8000, "nano-int8.tflite", True, rejects_threes),
        Contender("plain", 2_775_848, "fp32 weights, torch", False, knows),
    )
    return study(contenders, folder / "mnist", folder / "log.jsonl", 20, lambda _: None)


def test_what_is_misread_is_told_with_what_was_read(result: Study) -> None:
    nano, plain = result.nets
    assert [(miss.number, miss.true, miss.read) for miss in nano.misread] == [(n, 3, 10) for n in (3, 13, 23, 33)]
    assert nano.verdict.accuracy == 0.9
    assert plain.misread == ()
    assert all(len(values) == 6 and values[0] == 1 for values in plain.corrupted.values())
    assert all(values[-1] < 1 for values in plain.corrupted.values())


def test_tables_hold_what_was_measured(result: Study) -> None:
    tables = {table.title: table for table in all_tables(result)}
    assert tables["On MNIST's test images"].rows[0] == ("nano", "nano-int8.tflite", "8,000", "90.00%", "4", "4")
    ladder = tables["The ladder of compression steps"].rows
    assert [(row[1], row[4], row[5]) for row in ladder] == [
        ("fit", "98.00%", ""),
        ("round", "96.00%", "-2.00"),
        ("quantize", "97.50%", "+1.50"),
    ]
    assert tables["Each recipe over its seeds"].rows[0][:5] == (
        "<b>nano",
        "2",
        "98.00%",
        "97.50% ± 0.00",
        "97.50 97.50",
    )
    assert tables["The files that came of it"].rows == (("<b>nano", "int8 tflite", "8,000", "97.50%", "2.5"),)
    lines = markdown(tables["The files that came of it"]).splitlines()
    assert lines[2:5] == [
        "| recipe | file | bytes | test, mean | µs a digit |",
        "|---|---|---|---|---|",
        "| <b>nano | int8 tflite | 8,000 | 97.50% | 2.5 |",
    ]


def test_a_run_whose_teachers_were_judged_is_compared_step_by_step_with_one_whose_were_not() -> None:
    teachers = msgspec.structs.replace(STEPS[0], do="teachers", epochs=0, test=0.99)
    judged = msgspec.structs.replace(RUN, seed=2, steps=(teachers, *STEPS))
    ladder = log_tables((RUN, judged))[1].rows
    assert [(row[1], row[4]) for row in ladder] == [
        ("teachers", "99.00%"),
        ("fit", "98.00%"),
        ("round", "96.00%"),
        ("quantize", "97.50%"),
    ]


def test_nets_of_one_name_are_told_apart_and_one_that_errs_nowhere_is_drawn(
    write_mnist: WriteMnist, tmp_path: Path
) -> None:
    write_mnist(tmp_path / "mnist", "test", np.zeros_like(IMAGES), np.zeros_like(LABELS))
    append(tmp_path / "log.jsonl", RUN)
    right = Contender("same", 1, "", False, lambda images: np.eye(11, dtype=np.float32)[[0] * len(images)])
    wrong = Contender("same", 1, "", False, lambda images: np.eye(11, dtype=np.float32)[[1] * len(images)])
    result = study((right, wrong), tmp_path / "mnist", tmp_path / "log.jsonl", 20, lambda _: None)
    assert [one.verdict.accuracy for one in result.nets] == [1, 0]
    assert [set(itertools.chain(*one.corrupted.values())) for one in result.nets] == [{1.0}, {0.0}]
    assert "100%" in charts.corruptions(result.nets[:1])


class Tags(HTMLParser):
    """Counts what is open and never closed, and what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_whole_and_fetches_nothing(result: Study) -> None:
    html = page(result)
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert len(tags.fetched) == 4, "the misread images"
    assert all(source.startswith("data:image/png;base64,") for source in tags.fetched)
    assert "<script" not in html
    assert "&lt;b&gt;nano" in html
    drawn = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(drawn) == 1 + len(KINDS)
    for chart in drawn:
        ET.fromstring(chart)


@pytest.mark.parametrize("kind", KINDS)
def test_each_strength_harms_more_than_the_one_before(kind: str) -> None:
    apart = [np.abs(corrupt(kind, level, IMAGES).astype(float) - IMAGES).mean() for level in range(1, 6)]
    assert all(less < more for less, more in itertools.pairwise(apart))
    assert np.array_equal(corrupt(kind, 3, IMAGES), corrupt(kind, 3, IMAGES))


def test_the_shipped_artifacts_are_reported_on_by_the_command(tmp_path: Path, result: Study) -> None:
    """Through `shipped`, with the real files and their runtime."""
    from agent.paths import default_artifacts
    from converters.report.study import shipped

    contenders = shipped(default_artifacts())
    assert [one.bytes for one in contenders] == sorted(one.bytes for one in contenders)
    assert all(one.logits(IMAGES).shape == (40, 11) for one in contenders)
