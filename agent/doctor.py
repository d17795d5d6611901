"""Diagnosis of this machine: what works, what does not, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.capture.controls import list_controls
from agent.choice.learned import load_learned
from agent.choice.rank import split_accurate
from agent.choice.variants import Refusal, find_variants, provider_of, runtime_title, split_intact
from agent.config.layers import resolve_settings
from agent.config.options import Config
from agent.paths import cache_folder, default_artifacts, default_log, learned_file
from agent.runtimes.net import RUNTIMES, runtime_version
from agent.sensors.power import find_power_reader, unreadable_sensors
from agent.sensors.sources import RunCommand, read_text
from agent.sensors.thermal import temperature_c
from agent.sensors.throttling import Throttling, find_throttling_reader, throttling_advice
from profiles.board import detect_board
from profiles.errors import ArtifactError, ConfigError, ManifestError, NoArtifactError
from profiles.manifest import Artifact, Role, load_manifest
from profiles.profile import Profile, RuntimeOption

State = Literal["ok", "none", "warn", "fail"]
MIN_FREE_BYTES = 400 * 2**20
"""Free space below which the doctor warns: the log takes up to 256 MiB, and TensorRT's engines need space too."""
NON_CAMERA_NODES = ("bcm2835-codec", "bcm2835-isp", "rpivid", "rpi-hevc", "pispbe")
"""Prefixes of the names of video nodes that are not cameras: a Raspberry Pi's codecs and image processors."""
RIBBON_CAMERAS = ("unicam", "rp1-cfe", "vi-output")
"""Prefixes of the names of video nodes for a ribbon camera: of a Raspberry Pi 4, a Raspberry Pi 5, and a Jetson."""
REPLACE_ARTIFACTS = "copy the artifacts again, or name others with --artifacts"
JOIN_VIDEO_GROUP = "sudo usermod -aG video $USER, then log in again"


@dataclass(frozen=True)
class Check:
    """Result of one check."""

    name: str
    state: State
    """`none`: absent, but optional. `warn`: a problem, but the agent can read. `fail`: the agent cannot read."""
    what: str
    advice: str = ""
    """What to do; empty if there is nothing to do."""


@dataclass(frozen=True)
class Diagnosis:
    """Results of all checks."""

    checks: tuple[Check, ...]
    roles: Mapping[Role, bool]
    """Whether an accurate artifact of a role works on a runtime, for classifiers and each other role in the folder."""

    @property
    def works(self) -> bool:
        """Whether the agent can read digits on this machine."""
        return all(check.state != "fail" for check in self.checks)


def examine(
    root: Path,
    artifacts: Path,
    run_command: RunCommand,
    progress: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
) -> Diagnosis:
    """Check everything that the agent needs or uses, except the configuration.

    Args:
        root: folder that contains `dev`, `etc`, `proc` and `sys`.
        artifacts: folder of the artifacts to try.
        run_command: runs the command of a Raspberry Pi's firmware.
        progress: called with progress messages.
        environ: environment that determines the folders of the log and the cache.
    """
    board = detect_board(root)
    nets, roles = _check_nets(artifacts, board.profile, progress)
    checks = [
        Check("board", "ok", f"{board.profile.title} ({board.profile.name}): {board.evidence}"),
        *nets,
        *_check_cameras(root),
        _check_power(board.profile, root, run_command),
        _check_temperature(board.profile, root),
    ]
    read_throttling = find_throttling_reader(board.profile.sensors, root, run_command)
    if read_throttling is not None:
        checks.append(_check_throttling(read_throttling()))
    checks += _check_learned(learned_file(default_log(environ)), artifacts)
    checks.append(_check_folder("log", default_log(environ).parent, "no run can be logged"))
    checks.append(_check_folder("cache", cache_folder(environ), "every start measures all nets again"))
    return Diagnosis(tuple(checks), roles)


def check_configuration(files: Sequence[Path]) -> tuple[Check, Path]:
    """Check the configuration files.

    Args:
        files: result of `config_files`.

    Returns:
        The result, and the folder of the configured artifacts.
    """
    try:
        artifacts = resolve_settings(Config(), files, detect_board().profile).artifacts
    except ConfigError as error:
        return Check("configuration", "fail", error.what, error.advice), default_artifacts()
    what = ", ".join(map(str, files)) or "no file, so every option has its default"
    return Check("configuration", "ok", what), artifacts


def _check_learned(path: Path, folder: Path) -> list[Check]:
    """Say what was learned from corrections; nothing if nothing was."""
    try:
        learned = load_learned(path)
        if learned is None:
            return []
        files = {artifact.sha256 for artifact in load_manifest(folder).artifacts}
    except (ArtifactError, ManifestError) as error:
        return [Check("learned", "warn", error.what, error.advice)]
    unused = [a.tier for a in learned.adjustments.values() if not files & set(a.files)]
    if unused:
        advice = "run 'digit-agent learn' again, or 'digit-agent learn --undo'"
        what = f"what was learned for {', '.join(unused)} is not used: these nets are not in {folder}"
        return [Check("learned", "warn", what, advice)]
    count, before, after = learned.corrections, learned.right_before, learned.right_after
    what = f"from {count} corrections, of which {before} were read right before and {after} now"
    return [Check("learned", "ok", what)]


def _check_nets(
    folder: Path, profile: Profile, progress: Callable[[str], None]
) -> tuple[list[Check], dict[Role, bool]]:
    """Check the artifacts, their accuracy, and each runtime with all artifacts of its format.

    Returns:
        The results, and for each role whether an accurate artifact works on a runtime.
    """
    try:
        artifacts = load_manifest(folder).artifacts
        good, damaged = split_intact(folder, artifacts)
    except (ManifestError, NoArtifactError) as error:
        return [Check("artifacts", "fail", error.what, error.advice)], {"classifier": False}
    checks = [Check("artifacts", "ok", f"{len(good)} of {len(artifacts)} files are intact in {folder}")]
    checks += [Check("artifacts", "warn", refusal.reason, refusal.advice) for refusal in damaged]
    accurate, inaccurate = split_accurate(good, profile.budget.min_accuracy)
    state: State = "warn" if any(artifact.role == "classifier" for artifact in accurate) else "fail"
    checks += [Check("artifacts", state, f"{r.what}: {r.reason}", r.advice) for r in inaccurate]
    working: list[Artifact] = []
    for option in profile.runtimes:
        found, refused = find_variants(folder, good, profile, progress, [option])
        working += [variant.artifact for variant in found]
        checks.append(_check_runtime(option, {variant.artifact.file for variant in found}, refused))
    roles: set[Role] = {"classifier", *(artifact.role for artifact in artifacts)}
    for role in sorted(roles - {artifact.role for artifact in working}):
        intact = any(artifact.role == role for artifact in good)
        advice = RUNTIMES["ai-edge-litert"].install if intact else REPLACE_ARTIFACTS
        checks.append(
            Check("runtimes", "fail" if role == "classifier" else "warn", f"no {role} works on any runtime", advice)
        )
    return checks, {role: any(a.role == role and a in accurate for a in working) for role in sorted(roles)}


def _check_runtime(option: RuntimeOption, files: Set[str], refused: Sequence[Refusal]) -> Check:
    """Check one runtime, from the files that it runs and the files that it does not."""
    name, version = runtime_title(option.name, provider_of(option)), runtime_version(option.name)
    if version is None:
        return Check(name, "none", "not installed", f"to use it: {RUNTIMES[option.name].install}")
    if not files and not refused:
        return Check(name, "none", f"{version}, but no file has its format")
    result = f"{version} runs {len(files)} file{'' if len(files) == 1 else 's'} correctly"
    if refused:
        reasons = "; ".join(f"{refusal.what}: {refusal.reason}" for refusal in refused)
        advice = " | ".join(dict.fromkeys(refusal.advice for refusal in refused if refusal.advice))
        return Check(name, "warn", f"{result}; {reasons}", advice)
    return Check(name, "ok", result)


def _check_cameras(root: Path) -> Iterator[Check]:
    """Check every camera; the metadata nodes of a camera have an index above 0."""
    nodes = sorted((root / "sys/class/video4linux").glob("video*"), key=lambda node: (len(node.name), node.name))
    found = False
    for node in nodes:
        name = read_text(node / "name") or "no name"
        if not name.startswith(NON_CAMERA_NODES) and (read_text(node / "index") or "0") == "0":
            found = True
            device = root / "dev" / node.name
            yield _check_camera(device, name)
            yield from _check_controls(device)
    if not found:
        yield Check("camera", "warn", "none", "plug one in, or run the demo: digit-agent run --source demo:")


def _check_camera(device: Path, name: str) -> Check:
    title = f"camera {device.name}"
    if not os.access(device, os.R_OK | os.W_OK):
        return Check(title, "warn", f"{name}: {device} cannot be opened", JOIN_VIDEO_GROUP)
    if not name.startswith(RIBBON_CAMERAS):
        return Check(title, "ok", name, f"digit-agent run --camera {device.name.removeprefix('video')}")
    if name.startswith("vi-output") or importlib.util.find_spec("picamera2"):
        return Check(title, "ok", name, "digit-agent run --source csi://0")
    advice = "sudo apt install python3-picamera2, and a virtual environment made with --system-site-packages"
    return Check(title, "warn", f"{name}: on the ribbon connector, but picamera2 is missing", advice)


def _check_controls(device: Path) -> Iterator[Check]:
    """List the controls of a camera, if it has any."""
    try:
        controls = list_controls(str(device))
    except OSError:  # the check of the camera has said why
        return
    if controls:
        yield Check(f"controls {device.name}", "ok", ", ".join(map(str, controls)), "set one: --control NAME=VALUE")


def _check_power(profile: Profile, root: Path, run_command: RunCommand) -> Check:
    reader = find_power_reader(profile, root, run_command)
    if reader is not None:
        return Check("power", "ok", reader.description)
    if refused := unreadable_sensors(root):
        files = ", ".join(map(str, refused))
        return Check(
            "power",
            "warn",
            f"{files}: only root can read it",
            "to allow it, install the service: sudo digit-agent service install",
        )
    tried = f" (tried {', '.join(profile.sensors.power)})" if profile.sensors.power else ""
    return Check("power", "none", f"energy is not measurable on this board: no sensor that can be read{tried}")


def _check_temperature(profile: Profile, root: Path) -> Check:
    now_c = temperature_c(profile.sensors.temperature_zones, root)
    if now_c is None:
        return Check("temperature", "none", "no sensor that can be read")
    if now_c >= profile.sensors.slow_down_c:
        what = f"{now_c:.0f} °C, and the board slows down at {profile.sensors.slow_down_c:.0f} °C"
        return Check("temperature", "warn", what, "give it a heat sink or a fan")
    return Check("temperature", "ok", f"{now_c:.0f} °C")


def _check_throttling(throttling: Throttling | None) -> Check:
    if throttling is None:
        return Check("throttling", "none", "the throttling state cannot be read", JOIN_VIDEO_GROUP)
    if throttling.now:
        return Check("throttling", "warn", f"now: {', '.join(throttling.now)}", throttling_advice(throttling.now))
    if throttling.since_boot:
        since = ", ".join(throttling.since_boot)
        return Check("throttling", "warn", f"since the start: {since}", throttling_advice(throttling.since_boot))
    return Check("throttling", "ok", "none since the start")


def _check_folder(name: str, folder: Path, loss: str) -> Check:
    """Check whether a folder can be written or created, and whether there is enough free space."""
    # Unlike `Path.exists`, it returns False where a parent folder cannot be entered.
    existing = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))  # noqa: PTH110
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        return Check(name, "warn", f"{folder} cannot be written, so {loss}", f"let this user write to {existing}")
    free = shutil.disk_usage(existing).free
    if free < MIN_FREE_BYTES:
        return Check(name, "warn", f"{folder}: only {free / 1e6:.0f} MB are free", "free some space on this disk")
    return Check(name, "ok", f"{folder}: can be written, {free / 1e9:.1f} GB free")
