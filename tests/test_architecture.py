"""The house's arrows: who may import whom, and what the board must never load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"agent", "converters", "deploy", "profiles"}
MAY_IMPORT = {
    "profiles": ("profiles",),
    "agent": ("agent", "profiles"),
    "deploy": ("deploy", "profiles"),
    "converters": ("converters", "profiles", "agent.drawing", "agent.vision", "agent.runtimes", "agent.paths"),
}
DESKTOP_ONLY = ("torch", "onnx", "matplotlib", "pandas", "litert_torch", "ai_edge_quantizer")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path} imports relatively; write the whole name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_the_arrows_between_packages_hold(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if name.split(".")[0] in OURS
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in MAY_IMPORT[package])
    ]
    assert not wrong


@pytest.mark.parametrize("package", ["agent", "profiles"])
def test_nothing_of_the_desktop_is_imported_on_the_board(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if name.split(".")[0] in DESKTOP_ONLY
    ]
    assert not wrong


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {name: set(needs) for name, needs in _module_graph().items()}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & graph.keys()}
        assert leaves, f"these modules import each other in a circle: {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


def _module_graph() -> dict[str, set[str]]:
    """Which of our modules each one imports when it is itself imported; packages' docstring files are left out."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for package in OURS
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


@pytest.mark.parametrize("name", ["agent", "agent.reader", "agent.live.loop", "converters.cli"])
def test_importing_loads_no_torch(name: str) -> None:
    code = f"import sys, {name}; print([m for m in {DESKTOP_ONLY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_answers_at_once() -> None:
    command = [str(Path(sys.executable).parent / "digit-agent"), "--help"]
    subprocess.run(command, capture_output=True, check=True)
    before = os.times()
    for _ in range(5):
        subprocess.run(command, capture_output=True, check=True)
    after = os.times()
    # The processor's time, and not the clock's: other tests may be running beside this one.
    spent_s = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent_s / 5 < 0.4


def test_files_are_short_enough_to_read() -> None:
    long = [
        f"{p.relative_to(ROOT)}: {n}"
        for pkg in OURS
        for p in modules(pkg)
        if (n := len(p.read_text().splitlines())) > 300
    ]
    assert not long
