"""What works on this machine and what does not, line by line, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.choice.rank import split_accurate
from agent.choice.variants import Refusal, find_variants, provider_of, runtime_title, split_intact
from agent.config.layers import resolve_settings
from agent.config.options import Config
from agent.paths import cache_folder, default_artifacts, default_log
from agent.runtimes.net import RUNTIMES, runtime_version
from agent.sensors.command import RunCommand
from agent.sensors.power import find_power_reader, refused_sensors
from agent.sensors.sysfs import read_text
from agent.sensors.thermal import temperature_c
from agent.sensors.throttling import Throttling, advice, find_throttling_reader
from profiles.board import detect_board
from profiles.errors import ConfigError, ManifestError, NoArtifactError
from profiles.manifest import load_manifest
from profiles.profile import Profile, RuntimeOption

State = Literal["ok", "none", "warn", "fail"]
LEAST_FREE_BYTES = 400 * 2**20
"""The log alone may take 256 MiB, TensorRT's engines some more."""
NOT_CAMERAS = ("bcm2835-codec", "bcm2835-isp", "rpivid", "rpi-hevc", "pispbe")
"""Video nodes of a Raspberry Pi that are codecs and image processors."""
RIBBON_CAMERAS = ("unicam", "rp1-cfe", "vi-output")
"""Video nodes behind which a camera hangs on the ribbon connector: of a Pi 4, a Pi 5, a Jetson."""
GET_ARTIFACTS = "copy the artifacts again, or name others with --artifacts"
JOIN_VIDEO = "sudo usermod -aG video $USER, then log in again"


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    state: State
    """`none` is not here, and need not be; `fail` is what the agent cannot do without."""
    what: str
    advice: str = ""
    """What to do; empty where there is nothing to do."""


def examine(
    root: Path,
    artifacts: Path,
    run_command: RunCommand,
    tell: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Check]:
    """Look at everything that the agent needs or uses.

    Args:
        root: where `dev`, `etc`, `proc` and `sys` are found.
        artifacts: the folder whose models are tried.
        run_command: runs the firmware's command.
        tell: told what is being done.
        environ: says where log and cache lie.
    """
    board = detect_board(root)
    yield Check("board", "ok", f"{board.profile.title} ({board.profile.name}): {board.evidence}")
    yield from _nets(artifacts, board.profile, tell)
    yield from _cameras(root)
    yield _power(board.profile, root, run_command)
    yield _temperature(board.profile, root)
    ask = find_throttling_reader(board.profile.sensors, root, run_command)
    if ask is not None:
        yield _throttling(ask())
    yield _folder("log", default_log(environ).parent, "no run can be logged")
    yield _folder("cache", cache_folder(environ), "every start has to find the best net anew")


def configuration(files: Sequence[Path]) -> tuple[Check, Path]:
    """Whether the files of options are right, and the folder of the artifacts that are read with.

    Args:
        files: what `config_files` gave.
    """
    try:
        artifacts = resolve_settings(Config(), files, detect_board().profile).artifacts
    except ConfigError as error:
        return _from_error("configuration", "fail", str(error)), default_artifacts()
    what = ", ".join(map(str, files)) or "no file, so every option is as built in"
    return Check("configuration", "ok", what), artifacts


def _nets(folder: Path, profile: Profile, tell: Callable[[str], None]) -> Iterator[Check]:
    """The artifacts, whether they are accurate enough, then each runtime with all of them that it takes."""
    try:
        artifacts = load_manifest(folder).artifacts
        good, damaged = intact(folder, artifacts)
    except (ManifestError, NoArtifactError) as error:
        yield _from_error("artifacts", "fail", str(error))
        return
    yield Check("artifacts", "ok", f"{len(good)} of {len(artifacts)} files are intact in {folder}")
    for refusal in damaged:
        yield _from_error("artifacts", "warn", refusal.reason)
    fit, poor = accurate(good, profile.budget.min_accuracy)
    state: State = "warn" if any(artifact.role == "classifier" for artifact in fit) else "fail"
    for refusal in poor:
        yield _from_error("artifacts", state, str(refusal))
    idle = {"classifier", *(artifact.role for artifact in artifacts)}
    for option in profile.runtimes:
        found, refused = find_variants(folder, good, [option], tell)
        idle -= {candidate.artifact.role for candidate in found}
        yield _runtime(option, {candidate.artifact.file for candidate in found}, refused)
    for role in sorted(idle):
        intact_ones = any(artifact.role == role for artifact in good)
        advice = RUNTIMES["ai-edge-litert"].install if intact_ones else GET_ARTIFACTS
        worst: State = "fail" if role == "classifier" else "warn"
        yield Check("runtimes", worst, f"none of them runs any of the {role}s", advice)


def _runtime(option: RuntimeOption, files: Set[str], refused: Sequence[Refusal]) -> Check:
    """One runtime, from the files that it ran and those that it did not."""
    name, version = place(option.name, provider_of(option)), runtime_version(option.name)
    if version is None:
        return Check(name, "none", "not installed", f"where it is wanted: {RUNTIMES[option.name].install}")
    if not files and not refused:
        return Check(name, "none", f"{version}, but no file here is for it")
    ran = f"{version} runs {len(files)} file{'' if len(files) == 1 else 's'} rightly"
    if refused:
        return _from_error(name, "warn", "; ".join([ran, *map(str, refused)]))
    return Check(name, "ok", ran)


def _cameras(root: Path) -> Iterator[Check]:
    """Every video node that gives pictures; metadata nodes of a camera have an index above 0."""
    nodes = sorted((root / "sys/class/video4linux").glob("video*"), key=lambda node: (len(node.name), node.name))
    found = False
    for node in nodes:
        name = read_text(node / "name") or "no name"
        if not name.startswith(NOT_CAMERAS) and (read_text(node / "index") or "0") == "0":
            found = True
            yield _camera(root / "dev" / node.name, name)
    if not found:
        yield Check("camera", "warn", "none", "plug one in, or try without: digit-agent run --source demo:")


def _camera(device: Path, name: str) -> Check:
    title = f"camera {device.name}"
    if not os.access(device, os.R_OK | os.W_OK):
        return Check(title, "warn", f"{name}: {device} cannot be opened", JOIN_VIDEO)
    if not name.startswith(RIBBON_CAMERAS):
        return Check(title, "ok", name, f"digit-agent run --camera {device.name.removeprefix('video')}")
    if name.startswith("vi-output") or importlib.util.find_spec("picamera2"):
        return Check(title, "ok", name, "digit-agent run --source csi://0")
    advice = "sudo apt install python3-picamera2, and a virtual environment made with --system-site-packages"
    return Check(title, "warn", f"{name}: on the ribbon connector, but picamera2 is missing", advice)


def _power(profile: Profile, root: Path, run_command: RunCommand) -> Check:
    reader = find_power_reader(profile, root, run_command)
    if reader is not None:
        return Check("power", "ok", reader.describe)
    if refused := refused_sensors(root):
        files = ", ".join(map(str, refused))
        return Check("power", "warn", f"{files}: only root may read it", "sudo digit-agent service install adds a rule")
    tried = f" (tried {', '.join(profile.sensors.power)})" if profile.sensors.power else ""
    return Check("power", "none", f"energy is not measurable on this board: no sensor that can be read{tried}")


def _temperature(profile: Profile, root: Path) -> Check:
    now_c = temperature_c(profile.sensors.temperature_zones, root)
    if now_c is None:
        return Check("temperature", "none", "no sensor that can be read")
    if now_c >= profile.sensors.slow_down_c:
        limit = f"{now_c:.0f} °C, and the board slows down at {profile.sensors.slow_down_c:.0f} °C"
        return Check("temperature", "warn", limit, "give it a heat sink or a fan")
    return Check("temperature", "ok", f"{now_c:.0f} °C")


def _throttling(throttling: Throttling | None) -> Check:
    if throttling is None:
        return Check("throttling", "none", "the board cannot be asked", JOIN_VIDEO)
    if throttling.now:
        return Check("throttling", "warn", f"now: {', '.join(throttling.now)}", advice(throttling.now))
    if throttling.since_boot:
        since = ", ".join(throttling.since_boot)
        return Check("throttling", "warn", f"since the start: {since}", advice(throttling.since_boot))
    return Check("throttling", "ok", "none since the start")


def _folder(name: str, folder: Path, loss: str) -> Check:
    """A folder of ours: whether it can be written, or made, and whether there is room."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Check(name, "warn", f"{folder} cannot be written, so {loss}", f"let this user write to {there}")
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        return Check(name, "warn", f"{folder}: only {free / 1e6:.0f} MB are free", "free some space on this disk")
    return Check(name, "ok", f"{folder}: can be written, {free / 1e9:.1f} GB free")


def _from_error(name: str, state: State, message: str) -> Check:
    """Our errors end in what to do next, after their last semicolon."""
    what, _, advice = message.rpartition("; ")
    return Check(name, state, what or advice, advice if what else "")
