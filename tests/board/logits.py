"""Prints, as JSON, the logits that every shipped artifact computes of the golden inputs here, in every runtime."""

from __future__ import annotations

import sys

import msgspec

from agent.paths import default_artifacts
from agent.runtimes.net import RUNTIMES, load_net, runtime_version
from agent.runtimes.tensors import golden_inputs
from profiles.manifest import load_manifest


def main() -> None:
    folder = default_artifacts()
    manifest = load_manifest(folder)
    told = {
        f"{artifact.file} on {runtime}": {
            "logits": load_net(folder, artifact, runtime).logits(golden_inputs(manifest, artifact.role)).tolist(),
            "step": artifact.output.scale if artifact.output.dtype == "int8" else None,
        }
        for artifact in manifest.artifacts
        for runtime, row in RUNTIMES.items()
        if row.format == artifact.format and runtime_version(runtime)
    }
    sys.stdout.write(msgspec.json.encode(told).decode())


if __name__ == "__main__":
    main()
