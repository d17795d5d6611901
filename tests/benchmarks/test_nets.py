"""The documents' tables of nets: what stands there is what the manifest and the log say."""

from __future__ import annotations

from agent.paths import default_artifacts
from benchmarks.nets import files
from benchmarks.report import MEASURED, README
from converters.report.log import PROJECT_LOG, read_log
from converters.report.tables import log_tables, markdown_rows
from profiles.manifest import load_manifest

ARTIFACTS = load_manifest(default_artifacts()).artifacts


def test_every_file_that_ships_has_its_row() -> None:
    rows = files(ARTIFACTS).rows
    assert sorted(row[0] for row in rows) == sorted(f"`{artifact.file}`" for artifact in ARTIFACTS)


def test_the_documents_tell_of_the_files_and_runs_of_today() -> None:
    seeds, *_ = log_tables(read_log(PROJECT_LOG))
    int8 = files(tuple(artifact for artifact in ARTIFACTS if artifact.precision == "int8"))
    assert "\n".join(markdown_rows(int8)) in README.read_text()
    for table in (files(ARTIFACTS), seeds):
        assert "\n".join(markdown_rows(table)) in MEASURED.read_text()
