"""The README's tables of nets: what ships, and how often what was trained is right: `python -m benchmarks.nets`.

Nothing is measured here: `digit-convert` measured each file when it was made, `digit-convert train` each run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from agent.folders import default_artifacts
from benchmarks.readme import put
from converters.report.log import SHIPPED, read
from converters.report.tables import Table, cells, log_tables
from profiles.manifest import Artifact, load_manifest


def main() -> int:
    """Write both tables into the README."""
    seeds, *_ = log_tables(read(SHIPPED))
    put("files", cells(files(load_manifest(default_artifacts()).artifacts)))
    put("recipes", cells(seeds))
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
