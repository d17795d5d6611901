"""Size, speed and accuracy of the `small` tier against the plain CNN in fp32: `python -m benchmarks.plain`.

Both nets are exported and timed in turn, 16 digits at once, in each runtime for the CPU; it takes about a minute and
needs torch. The checkpoint of the plain CNN does not ship, because it is larger than all checkpoints that ship. So its
weights are random here, and its accuracy comes from the training log. Random weights change neither size nor speed.
Exit code 1 if a bound is missed or torch is not installed, else 0.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from agent.choice.choose import measure_variants
from agent.choice.measurement import Measurement
from benchmarks.report import Bound, check_bounds, run_benchmark
from converters.extra import require_convert_extra
from converters.report.log import PROJECT_LOG, read_log
from profiles.board import detect_board

BATCH = 16
"""Digits per call."""
SECONDS = 8.0
"""Time to spend on timing."""


def main() -> int:
    """Export and time both nets, and check that the small one is smaller, faster and at least as accurate."""
    console = Console()
    measured = _measure()
    small = [m for m in measured if m.variant.artifact.tier == "small" and m.variant.artifact.precision == "int8"]
    plain = [m for m in measured if m.variant.artifact.tier == "plain" and m.variant.artifact.precision == "fp32"]
    fastest_small, fastest_plain = (min(group, key=lambda m: m.us_per_digit) for group in (small, plain))
    for best in (fastest_small, fastest_plain):
        console.print(f"{best.variant}: {best.us_per_digit:.2f} µs per digit, {best.variant.artifact.bytes:,} bytes")
    accuracy = fastest_small.variant.artifact.accuracy
    assert accuracy is not None  # each artifact that ships has a measured accuracy
    last_steps = [step for entry in read_log(PROJECT_LOG) if entry.recipe == "plain" for step in entry.steps[-1:]]
    plain_accuracies = [step.test for step in last_steps if step.test]
    size = fastest_plain.variant.artifact.bytes / fastest_small.variant.artifact.bytes
    mean_accuracy = sum(plain_accuracies) / len(plain_accuracies)
    return check_bounds(
        [
            Bound("times smaller than the plain CNN in fp32", size, at_least=160),
            Bound("times faster per digit", fastest_plain.us_per_digit / fastest_small.us_per_digit, at_least=3),
            Bound("% of MNIST's test images right", 100 * accuracy.value, at_least=100 * mean_accuracy),
        ],
        console,
    )


def _measure() -> list[Measurement]:
    """Export the artifacts of both nets and time them on this machine.

    Raises:
        RuntimeUnusableError: torch or a converter is not installed.
    """
    with require_convert_extra():
        from converters.checkpoint import SHIPPED  # noqa: PLC0415 (imported late: torch may be missing)
        from converters.convert import convert  # noqa: PLC0415

    small = next(file for file in SHIPPED if file.stem == "small")
    profile = detect_board().profile
    with TemporaryDirectory() as name:
        folder = Path(name)
        _save_plain(folder / "plain.pt")
        (manifest,) = convert([small, folder / "plain.pt"], [profile], folder, None, lambda _made: None)
        measured, _ = measure_variants(
            folder / profile.name,
            manifest.artifacts,
            profile,
            batches=(BATCH,),
            seconds=SECONDS,
            progress=lambda _: None,
        )
    return measured


def _save_plain(file: Path) -> None:
    """Write a checkpoint of the plain CNN with random weights."""
    import torch  # noqa: PLC0415

    from converters.checkpoint import Checkpoint, save  # noqa: PLC0415
    from converters.export.golden import golden_inputs  # noqa: PLC0415
    from converters.export.ranges import measure_ranges  # noqa: PLC0415
    from converters.nets import build_net  # noqa: PLC0415

    net = build_net("plain").eval()
    ranges = measure_ranges(net, golden_inputs("classifier"))
    save(Checkpoint("plain", net.state_dict(), ranges, "plain", 0, {"torch": torch.__version__}), file)


if __name__ == "__main__":
    run_benchmark(main, "plain")
