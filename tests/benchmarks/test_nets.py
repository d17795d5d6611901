"""The tables of nets in the documents agree with the manifest and the training log."""

from __future__ import annotations

from agent.paths import default_artifacts
from benchmarks.nets import files
from benchmarks.report import MEASURED
from converters.report.log import PROJECT_LOG, read_log
from converters.report.tables import log_tables, markdown_rows
from profiles.manifest import load_manifest

ARTIFACTS = load_manifest(default_artifacts()).artifacts


def test_each_shipped_artifact_has_a_row() -> None:
    rows = files(ARTIFACTS).rows
    assert sorted(row[0] for row in rows) == sorted(f"`{artifact.file}`" for artifact in ARTIFACTS)


def test_the_documents_have_the_current_tables() -> None:
    seeds, *_ = log_tables(read_log(PROJECT_LOG))
    for table in (files(ARTIFACTS), seeds):
        assert "\n".join(markdown_rows(table)) in MEASURED.read_text()
