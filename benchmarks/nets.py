"""Write the tables of the nets into docs/measured.md: `python -m benchmarks.nets`, a second.

The tables show the artifacts that ship and the accuracy of the training runs. Nothing is measured here:
`digit-convert` measured each artifact when it was made, `digit-convert train` each run. Exit code 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.paths import default_artifacts
from benchmarks.report import MEASURED, replace_table, run_benchmark
from converters.report.log import PROJECT_LOG, read_log
from converters.report.tables import Table, log_tables, markdown_rows
from profiles.manifest import Artifact, load_manifest


def main() -> int:
    """Write the tables of artifacts and of training runs into docs/measured.md."""
    artifacts = load_manifest(default_artifacts()).artifacts
    seeds, *_ = log_tables(read_log(PROJECT_LOG))
    replace_table("files", markdown_rows(files(artifacts)), MEASURED)
    replace_table("recipes", markdown_rows(seeds), MEASURED)
    return 0


def files(artifacts: tuple[Artifact, ...]) -> Table:
    """Return the table of the artifacts, ordered by role and MACs."""
    ordered = sorted(artifacts, key=lambda a: (a.role, a.macs, a.bytes))
    head = ("file", "bytes", "right", "of", "parameters", "MACs")
    return Table("Files that ship", head, tuple(tuple(_row(artifact)) for artifact in ordered))


def _row(artifact: Artifact) -> Iterator[str]:
    accuracy = artifact.accuracy
    yield f"`{artifact.file}`"
    yield f"{artifact.bytes:,}"
    yield f"{accuracy.value:.2%}" if accuracy else "–"
    yield f"{accuracy.images:,}: {accuracy.data}" if accuracy else "–"
    yield f"{artifact.parameters:,}"
    yield f"{artifact.macs:,}"


if __name__ == "__main__":
    run_benchmark(main, "nets")
