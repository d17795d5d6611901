"""Print, as JSON, the logits of all artifacts that ship for the golden inputs, in each runtime of this machine."""

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
    results = {
        f"{artifact.file} on {runtime}": {
            "logits": load_net(folder, artifact, runtime).logits(golden_inputs(manifest, artifact.role)).tolist(),
            "step": artifact.output.scale if artifact.output.dtype == "int8" else None,
        }
        for artifact in manifest.artifacts
        for runtime, row in RUNTIMES.items()
        if row.format == artifact.format and runtime_version(runtime)
    }
    sys.stdout.write(msgspec.json.encode(results).decode())


if __name__ == "__main__":
    main()
