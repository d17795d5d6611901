"""What compression is worth: the `small` tier against the plain CNN in fp32, `python -m benchmarks.plain`.

Both are exported here and timed by turns, 16 digits at once, in every runtime for the CPU. The plain CNN's file alone
is larger than all that ships, so its weights are random here, which changes neither its size nor its speed; its
accuracy is that of the runs in the log.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.console import Console

from agent.choice.measurement import Measurement
from agent.choice.survey import survey
from benchmarks.bounds import Bound, tell
from converters.checkpoint import SHIPPED, Checkpoint, save
from converters.convert import convert
from converters.export.golden import golden_inputs
from converters.export.ranges import measure_ranges
from converters.nets import build_net
from converters.report.log import SHIPPED as LOG
from converters.report.log import read
from profiles.board import detect_board

BATCH = 16
SECONDS = 8.0
SMALL = next(file for file in SHIPPED if file.stem == "small")


def main() -> int:
    """Export, time, and say whether the promise is kept."""
    console = Console()
    measured = _measure()
    small = [m for m in measured if m.candidate.artifact.tier == "small" and m.candidate.artifact.precision == "int8"]
    plain = [m for m in measured if m.candidate.artifact.tier == "plain" and m.candidate.artifact.precision == "fp32"]
    quick, slow = (min(ones, key=lambda m: m.us_per_digit) for ones in (small, plain))
    for one in (quick, slow):
        console.print(f"{one.candidate}: {one.us_per_digit:.2f} µs a digit, {one.candidate.artifact.bytes:,} bytes")
    reached = quick.candidate.artifact.accuracy
    assert reached is not None  # what ships was measured
    runs = [step.test for entry in read(LOG) if entry.recipe == "plain" for step in entry.steps[-1:] if step.test]
    size = slow.candidate.artifact.bytes / quick.candidate.artifact.bytes
    return tell(
        [
            Bound("times smaller than the plain CNN in fp32", size, at_least=160),
            Bound("times faster a digit", slow.us_per_digit / quick.us_per_digit, at_least=3),
            Bound("% of MNIST's test images right", 100 * reached.value, at_least=100 * sum(runs) / len(runs)),
        ],
        console,
    )


def _measure() -> list[Measurement]:
    """Both nets' files, timed on this machine."""
    profile = detect_board().profile
    with TemporaryDirectory() as name:
        folder = Path(name)
        _save_plain(folder / "plain.pt")
        (manifest,) = convert([SMALL, folder / "plain.pt"], [profile], folder, None, lambda _made: None)
        measured, _ = survey(
            folder / profile.name, manifest.artifacts, profile, batches=(BATCH,), seconds=SECONDS, tell=lambda _: None
        )
    return measured


def _save_plain(file: Path) -> None:
    net = build_net("plain").eval()
    ranges = measure_ranges(net, golden_inputs("classifier"))
    save(Checkpoint("plain", net.state_dict(), ranges, "plain", 0, {"torch": torch.__version__}), file)


if __name__ == "__main__":
    sys.exit(main())
