"""The report of two fake nets whose errors are known."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page
from converters.data.pictures import is_for_training
from converters.export.golden import varied_inputs
from converters.report import charts
from converters.report.corrupt import CORRUPTIONS, corrupt
from converters.report.log import ExportRow, LogEntry, StepRow, append_entry
from converters.report.page import page
from converters.report.paper import PaperResult, read_paper
from converters.report.results import NetUnderTest, ReportData, collect_report_data
from converters.report.tables import all_tables, log_tables, markdown, nets_table

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
RUN = LogEntry(
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


def recognises_originals(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the right class for each original image, and 0 for any other image."""
    known = {image.tobytes(): int(label) for image, label in zip(IMAGES, LABELS, strict=True)}
    return np.eye(11, dtype=np.float32)[[known.get(image.tobytes(), 0) for image in images]]


def rejects_threes(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    logits = recognises_originals(images)
    logits[logits[:, 3] > 0] = np.eye(11, dtype=np.float32)[10]
    return logits


@pytest.fixture(scope="module")
def result(write_mnist: WriteMnist, tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    folder = tmp_path_factory.mktemp("report")
    write_mnist(folder / "mnist", "test", IMAGES, LABELS)
    append_entry(folder / "log.jsonl", RUN)
    append_entry(folder / "log.jsonl", msgspec.structs.replace(RUN, seed=2, weights="b"))
    nets = (
        NetUnderTest("nano", 8000, "nano-int8.tflite", True, rejects_threes),
        NetUnderTest("plain", 2_775_848, "fp32 weights, torch", False, recognises_originals),
    )
    return collect_report_data(nets, folder / "mnist", folder / "log.jsonl", 20, lambda _: None)


def test_misread_images_have_their_label_and_prediction(result: ReportData) -> None:
    nano, plain = result.nets
    assert [(miss.number, miss.label, miss.predicted) for miss in nano.misread] == [(n, 3, 10) for n in (3, 13, 23, 33)]
    assert nano.metrics.accuracy == 0.9
    assert plain.misread == ()
    assert all(len(values) == 6 and values[0] == 1 for values in plain.corrupted.values())
    assert all(values[-1] < 1 for values in plain.corrupted.values())


def test_tables_show_the_measured_values(result: ReportData) -> None:
    tables = {table.title: table for table in all_tables(result)}
    assert tables["MNIST test images"].rows[0] == ("nano", "nano-int8.tflite", "8,000", "90.00%", "4", "4")
    step_rows = tables["Results after each step"].rows
    assert [(row[1], row[4], row[5]) for row in step_rows] == [
        ("fit", "98.00%", ""),
        ("round", "96.00%", "-2.00"),
        ("quantize", "97.50%", "+1.50"),
    ]
    assert tables["Results of each recipe over its seeds"].rows[0][:5] == (
        "<b>nano",
        "2",
        "98.00%",
        "97.50% ± 0.00",
        "97.50 97.50",
    )
    assert tables["Exported files"].rows == (("<b>nano", "int8 tflite", "8,000", "97.50%", "2.5"),)
    lines = markdown(tables["Exported files"]).splitlines()
    assert lines[2:5] == [
        "| recipe | file | bytes | test, mean | µs per digit |",
        "|---|---|---|---|---|",
        "| <b>nano | int8 tflite | 8,000 | 97.50% | 2.5 |",
    ]


def test_runs_with_and_without_a_row_for_teachers_are_averaged_step_by_step() -> None:
    teachers = msgspec.structs.replace(STEPS[0], do="teachers", epochs=0, test=0.99)
    with_teachers = msgspec.structs.replace(RUN, seed=2, steps=(teachers, *STEPS))
    step_rows = log_tables((RUN, with_teachers))[1].rows
    assert [(row[1], row[4]) for row in step_rows] == [
        ("teachers", "99.00%"),
        ("fit", "98.00%"),
        ("round", "96.00%"),
        ("quantize", "97.50%"),
    ]


def test_the_smallest_net_and_file_come_first(result: ReportData) -> None:
    larger = msgspec.structs.replace(
        RUN,
        recipe="a larger one",
        steps=(msgspec.structs.replace(STEPS[0], parameters=20_000),),
        exports=(msgspec.structs.replace(FILE, bytes=9000), msgspec.structs.replace(FILE, bytes=8500)),
    )
    recipes, _, files = log_tables((larger, RUN))
    assert [row[0] for row in recipes.rows] == ["<b>nano", "a larger one"]
    assert [row[2] for row in files.rows] == ["8,000", "8,500", "9,000"]
    turned = ReportData(result.nets[::-1], ())
    assert [row[0] for row in nets_table(turned).rows] == ["nano", "plain"]


def test_whole_numbers_are_counted_on_held_out_pictures(tmp_path: Path, result: ReportData) -> None:
    folder, names = tmp_path / "paper", [f"{number}.png" for number in range(40)]
    folder.mkdir()
    held_out = [name for name in names if not is_for_training(name)]
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((30, 60, 3), number, np.uint8))
    truth: dict[str, object] = {name: {"kind": "note", "lines": ["12", "3"]} for name in names}
    truth["form.png"] = {"kind": "form", "lines": ["1"], "ignore": [["1", 0, 0, 9, 9]]}
    (folder / "truth.json").write_bytes(msgspec.json.encode(truth))
    read: list[str] = []

    def says(texts: str, confidence: float) -> Page:
        box = Box(0, 0, 9, 9)
        digits = [tuple(Digit(int(one), 1.0, box) for one in text) for text in texts.split()]
        readings = tuple(Reading("", box, confidence, one) for one in digits)
        return Page(60, 30, (), readings, {})

    def read_picture(image: NDArray[np.uint8]) -> Page:
        read.append(names[int(image[0, 0, 0])])
        return [says("12 3", 0.95), says("12 8", 0.9), says("12 8", 0.5), says("", 0)][min(len(read) - 1, 3)]

    (notes,) = read_paper(read_picture, [folder])
    assert sorted(read) == sorted(held_out)
    assert len(held_out) > 4
    assert notes == PaperResult("paper: note", len(held_out), 1, len(held_out) - 3, 2, 1)
    html = page(replace(result, paper=(notes,)))
    assert '<a href="#section0">Whole numbers on real paper</a>' in html
    assert html.index("paper: note") < html.index("Accuracy over file size</h2>")


def test_the_table_of_recipes_names_the_commit_of_a_removed_recipe() -> None:
    removed = msgspec.structs.replace(RUN, recipe="removed", commit="0123abc")
    assert [row[-1] for row in log_tables((RUN, removed))[0].rows] == ["", "0123abc"]


def test_nets_with_the_same_name_are_kept_apart_and_a_net_without_errors_is_drawn(
    write_mnist: WriteMnist, tmp_path: Path
) -> None:
    write_mnist(tmp_path / "mnist", "test", np.zeros_like(IMAGES), np.zeros_like(LABELS))
    append_entry(tmp_path / "log.jsonl", RUN)
    right = NetUnderTest("same", 1, "", False, lambda images: np.eye(11, dtype=np.float32)[[0] * len(images)])
    wrong = NetUnderTest("same", 1, "", False, lambda images: np.eye(11, dtype=np.float32)[[1] * len(images)])
    result = collect_report_data((right, wrong), tmp_path / "mnist", tmp_path / "log.jsonl", 20, lambda _: None)
    assert [one.metrics.accuracy for one in result.nets] == [1, 0]
    assert [set(itertools.chain(*one.corrupted.values())) for one in result.nets] == [{1.0}, {0.0}]
    assert "100%" in charts.corruption_charts(result.nets[:1])


class Tags(HTMLParser):
    """Parser that records open tags and fetched URLs."""

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


def test_the_page_is_complete_and_fetches_nothing(result: ReportData) -> None:
    html = page(result)
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    sections = [target.removeprefix("#") for target in tags.fetched if target.startswith("#")]
    assert sections == re.findall(r'<section id="(\w+)">', html), "the contents list leads to each section"
    assert len(sections) == 7
    images = [source for source in tags.fetched if not source.startswith("#")]
    assert len(images) == 4, "one for each misread image"
    assert all(source.startswith("data:image/png;base64,") for source in images)
    assert "<script" not in html
    assert "&lt;b&gt;nano" in html
    svgs = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(svgs) == 1 + len(CORRUPTIONS)
    for chart in svgs:
        ET.fromstring(chart)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_each_strength_changes_the_images_more_than_the_previous_one(kind: str) -> None:
    differences = [np.abs(corrupt(kind, level, IMAGES).astype(float) - IMAGES).mean() for level in range(1, 6)]
    assert all(less < more for less, more in itertools.pairwise(differences))
    assert np.array_equal(corrupt(kind, 3, IMAGES), corrupt(kind, 3, IMAGES))


def test_the_shipped_classifiers_are_loaded_in_order_of_size() -> None:
    """Load the real files in their runtime."""
    from agent.paths import default_artifacts
    from converters.report.results import load_shipped_nets

    nets = load_shipped_nets(default_artifacts())
    assert [one.bytes for one in nets] == sorted(one.bytes for one in nets)
    assert all(one.logits(IMAGES).shape == (40, 11) for one in nets)
