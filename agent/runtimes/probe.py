"""Does a runtime really run a model here? Asked in a child process, which may crash or hang.

An import proves nothing: tflite-runtime imports with numpy 2 and fails later, onnxruntime died of illegal
instructions on a Raspberry Pi 4. So the child loads the real model and compares it with its golden vectors.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.runtimes.child import Ending, begin, outlive, python_module, run_child, say
from agent.runtimes.net import RUNTIMES, LoadedNet, load_net, runtime_version
from agent.runtimes.tensors import golden_inputs
from profiles.errors import ArtifactError, DigitAgentError
from profiles.manifest import Artifact, load_manifest
from profiles.profile import RuntimeName

TIMEOUT_S = 60.0
"""A Raspberry Pi Zero needs several seconds to import a runtime from a cold SD card."""
FIRST_TIMEOUT_S = 900.0
"""Of a provider that prepares each model the first time, as TensorRT builds its engines."""
TELL_S = 3.0
"""What takes no longer than this is not told."""


class Probe(msgspec.Struct, frozen=True):
    """Whether one runtime runs one artifact here."""

    artifact: Artifact
    runtime: RuntimeName
    provider: str
    version: str
    """Of the runtime."""
    ok: bool
    reason: str
    """Why not; empty when it does."""
    seconds: float
    """To load the model and run its golden vectors; 0 when it does not."""


class Request(msgspec.Struct, frozen=True):
    """What the child is asked."""

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
    tell: Callable[[str], None] = lambda _: None,
    command: Sequence[str] = python_module("agent.runtimes.probe"),
) -> list[Probe]:
    """Try artifacts on one runtime, in the order given, in a child process.

    Args:
        folder: where they lie.
        artifacts: what to try.
        runtime: on which runtime.
        provider: on which of its execution providers; empty is the CPU's.
        timeout_s: for all of them together; None is what the provider needs.
        tell: told what is being tried, where that takes long.
        command: starts the child.
    """
    version = runtime_version(runtime)

    def result(artifact: Artifact, reason: str, seconds: float = 0.0) -> Probe:
        return Probe(artifact, runtime, provider, version or "", not reason, reason, seconds)

    if version is None:
        return [result(a, f"{runtime} is not installed; {RUNTIMES[runtime].install}") for a in artifacts]
    slowly = RUNTIMES[runtime].first_time.get(provider, "")
    limit_s = timeout_s or (FIRST_TIMEOUT_S if slowly else TIMEOUT_S)

    def run(left: Sequence[Artifact]) -> Ending:
        def hear(number: int | None, seconds: float) -> None:
            if number is not None and seconds >= TELL_S:
                aside = f"; the first time {slowly}" if slowly else ""
                tell(f"trying {left[number].file}, {number + 1} of {len(left)}: {seconds:.0f} s so far{aside}")

        request = Request(str(folder.absolute()), runtime, provider, tuple(left))
        return run_child(command, msgspec.json.encode(request), limit_s, hear)

    ending, alive, dead = outlive(artifacts, run)
    seconds = [said["seconds"] for said in ending.said if "seconds" in said]
    results = [result(artifact, "", s) for artifact, s in zip(alive, seconds, strict=True)]
    results += [result(artifact, reason) for artifact, reason in dead]
    return sorted(results, key=lambda probe: artifacts.index(probe.artifact))


def check_golden(net: LoadedNet, inputs: NDArray[np.uint8]) -> None:
    """Compare a net with its golden vectors, which are logits of these inputs, uint8 (n, ...).

    Raises:
        ArtifactError: a logit is further off than the tolerance, or there is nothing to compare.
        RuntimeUnusableError: the runtime failed.
    """
    golden = net.artifact.golden
    if not golden.logits:
        raise ArtifactError(f"{net.artifact.file} has no golden vectors; convert it again")
    logits = net.logits(inputs)
    expected = np.array(golden.logits, np.float32)
    off = float(np.abs(logits - expected).max()) if logits.shape == expected.shape else np.inf
    if not off <= golden.tolerance:  # a NaN is off, too
        raise ArtifactError(
            f"{net.artifact.file} computes other logits here than when it was made, by {off:.3g} where "
            f"{golden.tolerance:g} is allowed; use another runtime or convert it again"
        )


def main() -> int:
    """The child: try every artifact of the request, and stop at the first that fails."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    folder = Path(request.folder)
    try:
        manifest = load_manifest(folder)
        for number, artifact in enumerate(request.artifacts):
            begin(number)
            start = time.perf_counter()
            net = load_net(folder, artifact, request.runtime, provider=request.provider)
            check_golden(net, golden_inputs(manifest, artifact.role))
            say({"seconds": time.perf_counter() - start})
    except DigitAgentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
