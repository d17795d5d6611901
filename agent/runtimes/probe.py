"""Test whether a runtime runs a model on this machine. A child process does it, because it may crash or hang.

A successful import is not enough: tflite-runtime can be imported with NumPy 2 and fails later, and onnxruntime crashed
on a Raspberry Pi 4 with an illegal instruction. So the child loads the model and checks its golden vectors.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.runtimes.child import (
    ChildResult,
    Failure,
    print_answer,
    python_module,
    read_request,
    report_error,
    report_start,
    run_child,
    run_without_failing_items,
)
from agent.runtimes.net import RUNTIMES, LoadedNet, load_net, runtime_version
from agent.runtimes.tensors import golden_inputs, golden_rows
from profiles.errors import ArtifactError, DigitAgentError
from profiles.manifest import Artifact, load_manifest
from profiles.profile import Profile, RuntimeName

TIMEOUT_S = 60.0
"""Time limit for a runtime itself; a Raspberry Pi Zero imports it from its SD card for seconds."""
ARTIFACT_TIMEOUT_S = 10.0
"""Additional time limit for each artifact. Raising it waits longer for a runtime that hangs."""
FIRST_TIMEOUT_S = 900.0
"""Time limit for a provider that prepares each model at its first use: TensorRT builds engines."""
MEMORY_SHARE = 0.5
"""Share of the board's memory for a test; raising it lets a net take memory that the agent needs beside it."""
MIN_MEMORY_BYTES, MAX_MEMORY_BYTES = 2**29, 2**30
"""Least and largest memory for data of a test, whatever the board has.

The shipped nets take up to 81 MB with onnxruntime 1.31, 69 MB with ai-edge-litert 2.3, and 38 MB with tflite-runtime
2.14 (measured: x86).
"""
PROGRESS_AFTER_S = 3.0
"""Time after which progress is reported."""


class Probe(msgspec.Struct, frozen=True):
    """Result of the test of one artifact on one runtime."""

    artifact: Artifact
    runtime: RuntimeName
    provider: str
    version: str
    """Version of the runtime."""
    ok: bool
    reason: str
    """Why the test failed; empty if it passed."""
    advice: str
    """What to do about a failure; empty if unknown."""
    seconds: float
    """Time to load the model and compute its golden vectors; 0 if the test failed."""


class ProbeRequest(msgspec.Struct, frozen=True):
    """Request to the child process."""

    folder: str
    runtime: RuntimeName
    provider: str
    artifacts: tuple[Artifact, ...]


def probe(
    folder: Path,
    artifacts: Sequence[Artifact],
    runtime: RuntimeName,
    provider: str = "",
    *,
    timeout_s: float | None = None,
    memory_bytes: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
    command: Sequence[str] = python_module("agent.runtimes.probe"),
) -> list[Probe]:
    """Test artifacts on one runtime in a child process.

    Args:
        folder: folder of the artifacts and their manifest.
        artifacts: artifacts to test.
        runtime: runtime to test.
        provider: execution provider of the runtime; empty means the CPU.
        timeout_s: time limit for all artifacts together; None means the default of the provider.
        memory_bytes: largest memory for data of the child; None is no limit.
        progress: called with a progress message if a test takes long.
        command: starts the child.

    Returns:
        One probe per artifact, in the same order.
    """
    version = runtime_version(runtime)

    def passed(artifact: Artifact, seconds: float) -> Probe:
        return Probe(artifact, runtime, provider, version or "", True, "", "", seconds)

    def failed(artifact: Artifact, failure: Failure) -> Probe:
        return Probe(artifact, runtime, provider, version or "", False, failure.what, failure.advice, 0.0)

    if version is None:
        missing = Failure(f"{runtime} is not installed", RUNTIMES[runtime].install)
        return [failed(artifact, missing) for artifact in artifacts]
    preparation = RUNTIMES[runtime].first_time.get(provider, "")
    usual_s = TIMEOUT_S + ARTIFACT_TIMEOUT_S * len(artifacts)
    limit_s = timeout_s or (FIRST_TIMEOUT_S if preparation else usual_s)

    def run(left: Sequence[Artifact]) -> ChildResult:
        def report(number: int | None, seconds: float) -> None:
            if number is not None and seconds >= PROGRESS_AFTER_S:
                note = f"; the first time {preparation}" if preparation else ""
                progress(f"trying {left[number].file}, {number + 1} of {len(left)}: {seconds:.0f} s so far{note}")

        request = ProbeRequest(str(folder.absolute()), runtime, provider, tuple(left))
        return run_child(command, msgspec.json.encode(request), limit_s, report, memory_bytes=memory_bytes)

    result, good, bad = run_without_failing_items(artifacts, run)
    seconds = [answer["seconds"] for answer in result.answers if "seconds" in answer]
    probes = [passed(artifact, s) for artifact, s in zip(good, seconds, strict=True)]
    probes += [failed(artifact, failure) for artifact, failure in bad]
    return sorted(probes, key=lambda probe: artifacts.index(probe.artifact))


def memory_for_test(profile: Profile) -> int:
    """Return the largest memory for data that the test of an artifact may take on a board, in bytes."""
    return min(max(int(MEMORY_SHARE * profile.memory_bytes), MIN_MEMORY_BYTES), MAX_MEMORY_BYTES)


def check_golden(net: LoadedNet, inputs: NDArray[np.uint8]) -> None:
    """Compare the logits of a net with its golden vectors.

    Args:
        net: the net to check.
        inputs: golden inputs, uint8 (n, ...).

    Raises:
        ArtifactError: a logit differs by more than the tolerance, or there are no golden vectors.
        RuntimeUnusableError: the runtime failed.
    """
    golden = net.artifact.golden
    if not golden.logits:
        raise ArtifactError(f"{net.artifact.file} has no golden vectors", advice="convert it again")
    logits = golden_rows(net.logits(inputs))
    expected = np.array(golden.logits, np.float32)
    error = float(np.abs(logits - expected).max()) if logits.shape == expected.shape else np.inf
    if not error <= golden.tolerance:  # also true for NaN
        raise ArtifactError(
            f"{net.artifact.file} computes other logits here than at its export: they differ by {error:.3g}, "
            f"{golden.tolerance:g} is allowed",
            advice="use another runtime or convert it again",
        )


def main() -> int:
    """Run the child process: test every artifact of the request, and stop at the first failure."""
    request = read_request(ProbeRequest)
    folder = Path(request.folder)
    try:
        manifest = load_manifest(folder)
        for number, artifact in enumerate(request.artifacts):
            report_start(number)
            start = time.perf_counter()
            net = load_net(folder, artifact, request.runtime, provider=request.provider)
            check_golden(net, golden_inputs(manifest, artifact.role))
            print_answer({"seconds": time.perf_counter() - start})
    except DigitAgentError as error:
        report_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
