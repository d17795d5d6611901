"""Tests of the structure: which folders may import which, and which libraries the board must never load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.imported_modules import imported_modules

ROOT = Path(__file__).parents[1]
PACKAGES = ("profiles", "agent", "deploy", "converters", "tools", "benchmarks")
INSTALLED = ("profiles", "agent", "deploy", "converters")
LIVE_BASE = "agent.events agent.forms agent.histogram agent.summary agent.capture agent.sensors agent.vision profiles"
CONVERTERS_BASE = "agent.paths agent.runtimes agent.vision profiles converters.extra converters.worker"
MAY_IMPORT = {
    "profiles": "",
    # The agent, from the bottom up.
    "agent.drawing": "",
    "agent.histogram": "",
    "agent.sd_notify": "",
    "agent.stderr": "",
    "agent.paths": "profiles",
    "agent.sensors": "profiles",
    "agent.vision": "profiles",
    "agent.config": "agent.paths profiles",
    "agent.runtimes": "agent.paths agent.stderr agent.vision profiles",
    "agent.capture": "agent.drawing agent.stderr agent.vision profiles",
    "agent.forms": "agent.capture agent.drawing agent.vision profiles",
    "agent.events": "agent.capture agent.forms agent.sensors agent.vision profiles",
    "agent.summary": "agent.events agent.histogram agent.capture agent.sensors agent.vision profiles",
    "agent.system_info": "agent.runtimes agent.sensors profiles",
    "agent.service": "agent.config agent.paths profiles",
    "agent.choice": "agent.paths agent.runtimes agent.sensors agent.vision profiles",
    "agent.bench": "agent.choice agent.system_info profiles",
    "agent.doctor": "agent.capture agent.choice agent.config agent.paths agent.runtimes agent.sensors profiles",
    "agent.reader": "agent.capture agent.choice agent.forms agent.paths agent.vision profiles",
    "agent": "agent.forms agent.reader agent.vision profiles",
    "agent.explain": "agent.capture agent.vision profiles",
    "agent.telemetry": LIVE_BASE,
    "agent.learn": "agent.choice agent.drawing agent.paths agent.telemetry agent.vision profiles",
    "agent.live": f"{LIVE_BASE} agent.explain agent.choice agent.paths agent.sd_notify",
    "agent.views": f"{LIVE_BASE} agent.bench agent.choice agent.telemetry",
    "agent.web": f"{LIVE_BASE} agent.config agent.telemetry agent.views",
    "agent.outlets": LIVE_BASE,
    "agent.camera_setup": "agent.capture agent.config agent.forms agent.live profiles",
    "agent.run": (
        f"{LIVE_BASE} agent.camera_setup agent.choice agent.config agent.live agent.paths agent.telemetry agent.views"
    ),
    "agent.cli": (
        "agent.bench agent.camera_setup agent.capture agent.config agent.doctor agent.explain agent.forms agent.learn "
        "agent.outlets agent.paths "
        "agent.reader agent.run agent.runtimes agent.sensors agent.service agent.telemetry agent.views agent.vision "
        "agent.web profiles"
    ),
    # Deployment: independent of the agent.
    "deploy": "profiles",
    "deploy.cli": "deploy profiles",
    "deploy.__main__": "deploy.cli",
    # Training and conversion: of the agent they use what a net needs on the board.
    "converters": "",
    "converters.extra": "profiles",
    "converters.worker": "",
    "converters.nets": "agent.vision profiles",
    "converters.recipe": "profiles converters.nets",
    "converters.checkpoint": "profiles converters.nets converters.recipe",
    "converters.data": f"{CONVERTERS_BASE} agent.drawing converters.recipe",
    "converters.evaluate": f"{CONVERTERS_BASE} converters.data",
    "converters.export": (
        f"{CONVERTERS_BASE} converters.checkpoint converters.data converters.evaluate converters.nets"
    ),
    "converters.convert": f"{CONVERTERS_BASE} converters.export",
    "converters.compress": f"{CONVERTERS_BASE} converters.export converters.nets converters.recipe",
    "converters.adapt": (
        f"agent.choice agent.learn agent.telemetry {CONVERTERS_BASE} converters.checkpoint converters.convert "
        "converters.data converters.nets"
    ),
    "converters.report": (
        f"{CONVERTERS_BASE} converters.checkpoint converters.data converters.evaluate converters.nets"
    ),
    "converters.train": (
        f"{CONVERTERS_BASE} converters.checkpoint converters.compress converters.convert converters.data "
        "converters.evaluate converters.export converters.nets converters.recipe converters.report"
    ),
    "converters.cli": (
        f"agent.reader {CONVERTERS_BASE} converters.adapt converters.checkpoint converters.convert converters.data "
        "converters.evaluate converters.export converters.recipe converters.report converters.train"
    ),
    # Tools and benchmarks: nothing that is installed uses them.
    "tools": "",
    "tools.arm64": "agent.choice agent.paths profiles",
    "tools.insn": "agent.capture agent.live agent.paths agent.runtimes agent.vision profiles tools.arm64",
    "benchmarks": " ".join(
        [
            *("agent", "agent.choice", "agent.drawing", "agent.learn", "agent.live", "agent.outlets", "agent.paths"),
            *("agent.run", "agent.runtimes", "agent.web"),
            *("agent.telemetry", LIVE_BASE, "converters.checkpoint", "converters.convert", "converters.data"),
            "converters.extra",
            *("converters.export", "converters.nets", "converters.report", "tools.arm64", "tools.insn"),
        ]
    ),
    "benchmarks.numbers": "agent agent.paths agent.vision benchmarks converters.data profiles",
    "benchmarks.forms": (
        "agent.drawing agent.forms agent.reader agent.vision benchmarks benchmarks.numbers converters.data profiles"
    ),
    "benchmarks.learning": (
        "agent.choice agent.learn agent.paths agent.vision benchmarks benchmarks.numbers converters.data profiles"
    ),
    "benchmarks.tables": (
        "agent.drawing agent.forms agent.reader agent.vision benchmarks benchmarks.forms benchmarks.numbers "
        "converters.data profiles"
    ),
}
"""Folders, each with the folders that it may import, ordered so that imports point upwards in this table.

A folder below one of these belongs to it. A module directly in `agent` or `converters` is a row of its own; the rows
with their names are their `__init__.py`.
"""
DESKTOP_ONLY = ("torch", "onnx", "matplotlib", "pandas", "litert_torch", "ai_edge_quantizer")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Give the name of each module, or name in a module, that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path} has a relative import; write the full name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def row_of(path: Path) -> str:
    """Return the row of the table to which a file belongs."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[-1] == "__init__" or (parts[-1] != "__main__" and parts[0] not in ("agent", "converters")):
        parts = parts[:-1]
    return ".".join(parts[:2])


def imported_row(name: str) -> str:
    """Return the row of the table to which an imported module, or a name in it, belongs."""
    parts = name.split(".")
    while not (ROOT.joinpath(*parts).with_suffix(".py").is_file() or ROOT.joinpath(*parts, "__init__.py").is_file()):
        parts = parts[:-1]
        assert parts, f"there is no module {name}"
    module = ROOT.joinpath(*parts).with_suffix(".py")
    return row_of(module if module.is_file() else ROOT.joinpath(*parts, "__init__.py"))


def test_every_folder_is_in_the_table() -> None:
    assert {row_of(path) for package in PACKAGES for path in modules(package)} == MAY_IMPORT.keys()


@pytest.mark.parametrize("row", MAY_IMPORT)
def test_a_folder_imports_only_its_row(row: str) -> None:
    allowed = {row, *MAY_IMPORT[row].split()}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(row.partition(".")[0])
        if row_of(path) == row
        for name in imports(path)
        if name.split(".")[0] in PACKAGES and imported_row(name) not in allowed
    ]
    assert not wrong


def test_imports_between_folders_form_no_ring() -> None:
    rows = list(MAY_IMPORT)
    wrong = [
        f"{row} imports {imported}"
        for row in rows
        for imported in MAY_IMPORT[row].split()
        if rows.index(imported) >= rows.index(row)
    ]
    assert not wrong


@pytest.mark.parametrize("package", ["agent", "profiles"])
def test_the_board_imports_no_library_of_the_desktop(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if name.split(".")[0] in DESKTOP_ONLY
    ]
    assert not wrong


def test_imports_between_modules_form_no_ring() -> None:
    graph = {name: set(imported) for name, imported in _module_graph().items()}
    while graph:
        leaves = {name for name, imported in graph.items() if not imported & graph.keys()}
        assert leaves, f"these modules import each other: {sorted(graph)}"
        graph = {name: imported for name, imported in graph.items() if name not in leaves}


def _module_graph() -> dict[str, set[str]]:
    """Return the modules that each module imports when it is imported itself, without the `__init__.py` files."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for package in PACKAGES
        for path in modules(package)
        if path.name != "__init__.py"
    }
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        found = set()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        graph[name] = {other for other in names if other in found and other != name}
    return graph


@pytest.mark.slow
@pytest.mark.parametrize("name", ["agent", "agent.reader", "agent.live.loop", "converters.cli"])
def test_importing_loads_no_torch(name: str) -> None:
    code = f"import sys, {name}; print([m for m in {DESKTOP_ONLY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["digit-agent", "digit-convert"])
def test_help_imports_nothing_slow(name: str) -> None:
    """Any of these modules alone takes about as long as the whole help."""
    imported = imported_modules(Path(sys.executable).with_name(name), "--help")
    assert "typer" in imported
    assert imported.isdisjoint({"numpy", "cv2", "onnxruntime", "ai_edge_litert", *DESKTOP_ONLY})


def test_files_are_short_enough_to_read() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for package in INSTALLED
        for path in modules(package)
        if (lines := len(path.read_text().splitlines())) > 400
    ]
    assert not long
