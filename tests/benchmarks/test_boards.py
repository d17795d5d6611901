"""The table of the variants chosen on boards."""

from __future__ import annotations

from agent.choice.choice import Choice
from agent.choice.measurement import Measurement
from agent.choice.variants import Variant
from agent.paths import default_artifacts
from benchmarks.boards import Choices, table
from profiles.manifest import load_manifest


def test_a_board_has_a_line_per_role_and_its_name_in_the_first_line_only() -> None:
    candidate = Variant(load_manifest(default_artifacts()).artifacts[0], "onnxruntime", "", 1)
    ranked = (Measurement(candidate, ()),)
    chosen: dict[str, Choices] = {
        "pi-5": {
            "classifier": Choice("/", ranked, (), "base int8: twice as fast, 99% right"),
            "verifier": Choice("/", ranked, (), "verifier int8: the only one that works here: so it wins"),
        }
    }
    assert list(table(chosen))[2:] == [
        "| Raspberry Pi 5 Model B Rev 1.0, cortex-a76 | classifier | base int8 | twice as fast, 99% right |",
        "|  | verifier | verifier int8 | the only one that works here: so it wins |",
    ]
