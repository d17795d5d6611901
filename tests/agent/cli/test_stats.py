from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from agent.events import Counts, FaultEvent, FrameEvent, RunInfo, Vitals
from agent.telemetry.report import open_log
from agent.telemetry.sink import LogSink
from agent.views.csv_export import KINDS, TableName, write_rows
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
INFO = RunInfo("demo, seed 1", "pi5", "plain-int8.tflite", "ai-edge-litert", "fastest of 4", "PMIC rails")


def stats(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [EXECUTABLE, "stats", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return the log of two runs; the second has readings, power and a fault."""
    path = tmp_path / "agent.db"
    LogSink(path, lambda: INFO, print).close()
    store = LogSink(path, lambda: INFO, print)
    for number in range(1, 101):
        news = (Reading("561247", Box(1, 2, 3, 4), 0.987, ()),) if number == 50 else ()
        vitals = Vitals(number // 50 * 10**9, 2000.0 + 10 * number, 48.5, ())
        latency = {"ink": 1.0 * number, "total": 2.0 * number}
        store.take(FrameEvent(number, "demo:", None, Page(9, 9, (), (), {}), news, latency, 0, Counts(number), vitals))
    store.take(FaultEvent("the camera gave no frame for 3 s"))
    store.close()
    return path


def test_tables_show_periods_stages_faults_readings_nets_and_runs(log: Path) -> None:
    done = stats("--log", log)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for expected in (
        " s 100 1 ",  # ran, frames, numbers
        " 2.50 0.00 48 1",  # W, Wh, °C, faults
        "2 the camera gave no frame for 3 s",
        "561247 99% demo:",
        "plain-int8.tflite in ai-edge-litert",
        "demo, seed 1, on pi5",
        str(log.name),
    ):
        assert expected in words
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80


def test_a_long_name_is_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    info = replace(INFO, source="/a/long/way/to/many/pictures/*.jpg, 300 pictures")
    LogSink(path, lambda: info, print).close()
    lines = stats("--log", path).stdout.splitlines()
    assert any(INFO.artifact in line for line in lines)
    assert max(map(len, lines[:-1])) <= 80


def test_json_has_the_whole_report(log: Path) -> None:
    report = json.loads(stats("--log", log, "--json", "--last", "1").stdout)
    assert [run["id"] for run in report["runs"]] == [2]
    assert report["runs"][0]["power_sensor"] == "PMIC rails"
    (day,), (hour,) = report["days"], report["hours"]
    assert hour["latency"] == day["latency"]
    assert [stage["stage"] for stage in day["latency"]] == ["ink", "total"]
    assert day["latency"][1]["p95_ms"] == pytest.approx(190, rel=0.01)
    assert report["readings"][0]["text"] == "561247"
    assert (day["max_mw"], day["max_c"], day["faults"]) == (3000.0, 48.5, 1)


def test_csv_has_one_row_per_hour_with_every_stage(log: Path) -> None:
    (hour,) = csv.DictReader(stats("--log", log, "--csv").stdout.splitlines())
    assert (hour["frames"], hour["readings"], hour["max_mw"], hour["faults"]) == ("100", "1", "3000.0", "1")
    assert float(hour["total_p99_ms"]) == pytest.approx(198, rel=0.01)
    assert datetime.fromisoformat(hour["start"]).minute == 0


@pytest.mark.parametrize(
    ("table", "names", "rows"),
    [
        ("days", ["start", "seconds", "frames"], 1),
        ("readings", ["at", "run", "frame"], 1),
        ("faults", ["at", "run", "text"], 1),
        ("choices", ["at", "run", "artifact"], 2),
        ("runs", ["id", "started_at", "seconds"], 2),
    ],
)
def test_every_table_can_be_exported_as_csv(table: TableName, names: list[str], rows: int, log: Path) -> None:
    out = io.StringIO()
    with open_log(log) as connection:
        write_rows(connection, table, -1, out)
    header, *lines = csv.reader(out.getvalue().splitlines())
    assert header[:3] == names
    assert [len(line) for line in lines] == [len(header)] * rows
    assert [line[0] for line in lines] == sorted(line[0] for line in lines), "the oldest row is first"


@pytest.mark.parametrize("table", ["hours", *KINDS])
def test_an_empty_table_has_its_header(table: TableName, tmp_path: Path) -> None:
    from agent.telemetry.database import open_for_writing

    open_for_writing(tmp_path / "agent.db").close()
    out = io.StringIO()
    with open_log(tmp_path / "agent.db") as connection:
        write_rows(connection, table, -1, out)
    (header,) = csv.reader(out.getvalue().splitlines())
    assert len(header) >= 3


def test_the_newest_rows_are_exported_oldest_first(log: Path) -> None:
    rows = list(csv.DictReader(stats("--log", log, "--csv", "--table", "runs", "--last", "2").stdout.splitlines()))
    assert [row["id"] for row in rows] == ["1", "2"]
    (row,) = csv.DictReader(stats("--log", log, "--csv", "--table", "runs", "--last", "1").stdout.splitlines())
    assert row["id"] == "2"


def test_a_table_is_for_csv(log: Path) -> None:
    done = stats("--log", log, "--table", "runs")
    assert (done.returncode, done.stderr) == (2, "digit-agent: --table is for --csv; add --csv, or omit --table\n")


def test_a_plot_is_written_and_charts_are_printed(log: Path, tmp_path: Path) -> None:
    done = stats("--log", log, "--plot", tmp_path / "plot.svg")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'plot.svg'} shows 1 hour\n")
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")
    shown = stats("--log", log, "--chart").stdout
    assert "latency from capture to result, p50 █ and p95 •, ms" in shown
    assert "Readings" not in shown


def test_the_log_of_the_configuration_is_shown(log: Path) -> None:
    (log.parent / "config.toml").write_text(f'log = "{log}"\n')
    report = json.loads(stats("--config", log.parent / "config.toml", "--json").stdout)
    assert [run["id"] for run in report["runs"]] == [2, 1]


def test_two_output_formats_are_refused(log: Path) -> None:
    done = stats("--log", log, "--json", "--csv")
    assert done.returncode == 2
    assert "give one of them" in done.stderr


@pytest.mark.parametrize("content", [None, b"not a database"])
def test_a_missing_or_damaged_log_is_reported_in_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    if content is not None:
        path.write_bytes(content)
    done = stats("--log", path)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert str(path) in line


def test_an_empty_log_is_reported(tmp_path: Path) -> None:
    from agent.telemetry.database import open_for_writing

    open_for_writing(tmp_path / "agent.db").close()
    done = stats("--log", tmp_path / "agent.db")
    assert done.returncode == 0
    assert "nothing is logged yet" in done.stdout
    assert "By day" not in done.stdout
    (header,) = stats("--log", tmp_path / "agent.db", "--csv").stdout.splitlines()
    assert header.startswith("start,seconds,frames,")
    assert header.endswith(",total_p99_ms")
