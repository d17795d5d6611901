"""The documents' tables of nets: what ships, and how often what was trained is right: `python -m benchmarks.nets`.

Nothing is measured here: `digit-convert` measured each file when it was made, `digit-convert train` each run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from agent.paths import default_artifacts
from benchmarks.documents import MEASURED, README, put
from converters.report.log import SHIPPED, read
from converters.report.tables import Table, cells, log_tables
from profiles.manifest import Artifact, load_manifest


def main() -> int:
    """Write what ships as int8 into the README, everything into `docs/measured.md`."""
    artifacts = load_manifest(default_artifacts()).artifacts
    seeds, *_ = log_tables(read(SHIPPED))
    put("tiers", cells(files(tuple(a for a in artifacts if a.precision == "int8"))), README)
    put("files", cells(files(artifacts)), MEASURED)
    put("recipes", cells(seeds), MEASURED)
    return 0


def files(artifacts: tuple[Artifact, ...]) -> Table:
    """What ships, the smallest tier first."""
    ordered = sorted(artifacts, key=lambda a: (a.role, a.macs, a.bytes))
    head = ("file", "bytes", "right", "of", "parameters", "MACs")
    return Table("Files that ship", head, tuple(tuple(_row(artifact)) for artifact in ordered))


def _row(artifact: Artifact) -> Iterator[str]:
    reached = artifact.accuracy
    yield f"`{artifact.file}`"
    yield f"{artifact.bytes:,}"
    yield f"{reached.value:.2%}" if reached else "–"
    yield f"{reached.images:,}: {reached.data}" if reached else "–"
    yield f"{artifact.parameters:,}"
    yield f"{artifact.macs:,}"


if __name__ == "__main__":
    sys.exit(main())
