"""Effect of each threshold of `agent.vision`: `python -m benchmarks.sensitivity --pictures DIR --data DIR`.

Each number is changed by -20 % and by +20 %, alone, and the pictures are read again: real pictures that training may
use, rendered pages, and rendered videos for the numbers that act between frames. The result is the table in
`docs/thresholds.md`: the change of read-F1 (videos: of the share of numbers announced correctly), in points. It takes
one to two hours on one core. Exit code 0.

Each measurement is saved in a file (`--out`), and a later run measures only what the file does not have: it continues
an interrupted run, or adds new numbers. Delete the file after a change of the reading itself.

A number is changed in the source text while its module is imported, so everything computed from it changes, too.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.abc
import importlib.util
import json
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NamedTuple

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from agent.paths import default_artifacts
from agent.runtimes.net import load_net
from agent.vision.box import Box
from benchmarks.reading import SingleThreadNets
from benchmarks.rendered_video import RenderedVideo
from benchmarks.report import replace_table, run_benchmark
from benchmarks.scenes import CONDITIONS, WITHOUT_DIGITS
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from converters.data.pictures import load_labelled_picture, load_truth, training_pictures
from converters.data.scenes import Scene
from converters.data.scenes.draw import LAYOUTS, draw_page
from profiles.atomic_write import write_atomic
from profiles.manifest import load_manifest

ROOT = Path(__file__).parents[1]
STEP = 0.2
"""Share by which a number is changed."""
NEAR_ONE = 0.9
"""Numbers between this and 1, such as quantiles, are changed by a share of their distance from 1."""
VIDEOS = 3
"""Number of rendered videos."""
PAGES = 4
"""Number of rendered pages, each of another kind and under another condition."""
CLASSIFIER, VERIFIER = "nano-fp32.tflite", "verifier-int8.tflite"
"""Artifacts of the nets. They are fixed: if an interrupted run continues, other nets may be the fastest, and other nets
give other probabilities."""
EVERY = 3
"""Every third of the training pictures is read."""
CONTRACT = {
    "agent.vision.glyph": "input of the classifier",
    "agent.vision.context": "input of the verifier",
    "agent.vision.overlay": "colours",
}
"""Modules whose numbers are not thresholds, with the reason."""
NOT_TUNED = {"CLASSES", "NOT_A_DIGIT", "WALL_INK"}
"""Numbers that are not thresholds: the classes of the nets, and a value that stands for infinity."""
BETWEEN_FRAMES = (
    "agent.vision.track",
    "agent.vision.tracker",
    "agent.vision.motion",
    "agent.live.announce",
    "agent.live.look_policy",
)
"""Modules that act between frames; they are measured on videos."""
QUICK_ONLY = ("agent.vision.pipeline.QUICK.", "agent.vision.classify.MAX_DUPLICATE_OFFSET_PX")
"""Beginnings of the names of the thresholds that act only in quick looks; they are measured with quick looks."""


class Threshold(NamedTuple):
    """A module-level number in a source text: a constant, an item of a tuple, or a keyword argument."""

    module: str
    name: str
    value: float
    line: int
    column: int
    """Position of the number in the source."""

    @property
    def key(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def baseline(self) -> str:
        """Name of the measurement without changes that the threshold is compared with."""
        return "quick baseline" if self.key.startswith(QUICK_ONLY) else "baseline"


def find_thresholds(module: str, source: str) -> Iterator[Threshold]:
    """Yield the module-level numbers of a source text, in its order."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        names = [ast.unparse(t) for t in target.elts] if isinstance(target, ast.Tuple) else [ast.unparse(target)]
        values = value.elts if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [value]
        for name, item in zip(names, values, strict=False):
            yield from _numbers(module, name, item)


def _numbers(module: str, name: str, node: ast.expr) -> Iterator[Threshold]:
    """Yield the numbers of an assigned expression: itself, items of a tuple, or keyword arguments of a call."""
    if (value := _number(node)) is not None and name.lstrip("_").isupper():
        yield Threshold(module, name, value, node.lineno, node.col_offset)
    elif isinstance(node, ast.Tuple):
        for number, item in enumerate(node.elts):
            yield from _numbers(module, f"{name}[{number}]", item) if isinstance(item, ast.Constant) else ()
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            is_tuple = isinstance(keyword.value, ast.Tuple)
            for number, item in enumerate(
                keyword.value.elts if isinstance(keyword.value, ast.Tuple) else [keyword.value]
            ):
                if (value := _number(item)) is not None:
                    label = f"{name}.{keyword.arg}{f'[{number}]' if is_tuple else ''}"
                    yield Threshold(module, label, value, item.lineno, item.col_offset)


def _number(node: ast.expr) -> float | None:
    """Return the value of a number or of a quotient of two numbers, None for others; integers stay integers."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            numerator, denominator = _number(left), _number(right)
            return None if numerator is None or denominator is None else numerator / denominator
    return None


def moved(value: float, direction: int) -> float:
    """Return a value 20 % lower (-1) or higher (+1); integers change by at least one."""
    if isinstance(value, int):
        return value + direction * max(1, round(STEP * abs(value)))
    if NEAR_ONE <= value < 1:
        return 1 - (1 - value) * (1 - direction * STEP)
    return value * (1 + direction * STEP)


def replaced(source: str, threshold: Threshold, value: float) -> str:
    """Return the source text with another number in the place of a threshold."""
    lines = source.splitlines(keepends=True)
    line = lines[threshold.line - 1]
    end = next(
        node.end_col_offset
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant | ast.BinOp)
        and (node.lineno, node.col_offset) == (threshold.line, threshold.column)
    )
    lines[threshold.line - 1] = f"{line[: threshold.column]}{value!r}{line[end:]}"
    return "".join(lines)


class Changed(importlib.abc.MetaPathFinder):
    """Imports one module with another number in its source."""

    def __init__(self, threshold: Threshold, value: float) -> None:
        self._threshold, self._value = threshold, value

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - the interface
    ) -> ModuleSpec | None:
        if fullname != self._threshold.module:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or not spec.origin:
            return None
        threshold, value = self._threshold, self._value

        class Loader(SourceFileLoader):
            def get_code(self, name: str) -> Any:  # noqa: ARG002 - the interface
                return compile(replaced(Path(self.path).read_text(), threshold, value), self.path, "exec")

        return importlib.util.spec_from_loader(fullname, Loader(fullname, spec.origin), origin=spec.origin)


def import_anew() -> None:
    """Forget all modules that hold a threshold, or something computed from one."""
    for name in [
        n for n in sys.modules if n.startswith(("agent.vision", "agent.live", "benchmarks.scenes", "benchmarks.video"))
    ]:
        del sys.modules[name]


class Pictures(NamedTuple):
    """Everything that is read for each measurement; made once."""

    nets: Any
    real: Sequence[Any]
    rendered: Sequence[Any]
    videos: Sequence[Any]


class CachedVideo:
    """A rendered video whose frames are drawn once."""

    def __init__(self, video: Any) -> None:
        self.duration_s, self._video, self._frames = video.duration_s, video, dict[float, Any]()

    def frame_at(self, time_s: float) -> Any:
        if time_s not in self._frames:
            self._frames[time_s] = self._video.frame_at(time_s)
        return self._frames[time_s]


_PAGES: dict[tuple[int, int], Any] = {}
"""Pages that were read from video frames, by the index of the frame and the longest side of the working image."""


def read_pictures(pictures: Pictures, *, quick: bool = False) -> dict[str, object]:
    """Return the read-F1 on real pictures and on rendered pages, and a digest of all digits."""
    pipeline, scenes = importlib.import_module("agent.vision.pipeline"), importlib.import_module("benchmarks.scenes")
    depth = pipeline.QUICK if quick else pipeline.THOROUGH
    digest, scores = hashlib.sha256(), []
    for group in (pictures.real, pictures.rendered):
        total = scenes.DetectionCounts()
        for scene in group:
            digits = pipeline.read_page(scene.image, pictures.nets, depth).digits
            total += scenes.match_digits(scene, digits)
            digest.update(repr([(d.digit, tuple(d.box), round(d.probability, 6)) for d in digits]).encode())
        scores.append(total.read_f1)
    return {"real": scores[0], "drawn": scores[1], "digest": digest.hexdigest()}


def play_videos(pictures: Pictures) -> dict[str, object]:
    """Return the share of numbers that were announced correctly, once, and a digest of all announcements."""
    video = importlib.import_module("benchmarks.video")
    read_page = video.read_page

    def read_once(image: Any, nets: Any, depth: Any) -> Any:
        key = id(image), depth.longest_px
        if key not in _PAGES:
            _PAGES[key] = read_page(image, nets, depth)
        return _PAGES[key]

    vars(video)["read_page"] = read_once
    results = [video.evaluate_video(each, pictures.nets) for each in pictures.videos]
    announced = repr([[(trace.name, trace.announced) for trace in result.traces] for result in results])
    share = sum(result.right for result in results) / sum(result.shown for result in results)
    return {"films": share, "said": hashlib.sha256(announced.encode()).hexdigest()}


def measure(threshold: Threshold, value: float, pictures: Pictures) -> dict[str, object]:
    """Read everything with another value of a threshold, in a child process; an error ends only the child."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def work() -> None:
        import_anew()
        sys.meta_path.insert(0, Changed(threshold, value))
        try:
            if threshold.module in BETWEEN_FRAMES:
                sender.send(play_videos(pictures))
            else:
                sender.send(read_pictures(pictures, quick=threshold.baseline == "quick baseline"))
        except Exception as error:  # noqa: BLE001 - an impossible value is a result, too
            sender.send({"error": f"{type(error).__name__}: {error}"})

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    sender.close()
    try:
        result: dict[str, object] = receiver.recv()
    except EOFError:
        result = {"error": "the process died"}
    process.join()
    return result


def load_nets(folder: Path) -> SingleThreadNets:
    """Load the two nets of a folder of artifacts, with LiteRT on one thread."""
    artifacts = {artifact.file: artifact for artifact in load_manifest(folder).artifacts}
    classifier, verifier = (load_net(folder, artifacts[file], "ai-edge-litert") for file in (CLASSIFIER, VERIFIER))
    return SingleThreadNets(classifier, verifier)


def load_real(folder: Path) -> list[Scene]:
    """Return every third picture that training may use."""
    labels = [(name, truth) for name, truth in training_pictures(load_truth(folder)).items() if truth.boxes]
    return [
        Scene(
            load_labelled_picture(folder, name),
            tuple((int(digit), Box(*box)) for digit, *box in truth.boxes or ()),
            tuple(Box(*box) for _, *box in truth.ignore),
        )
        for name, truth in labels[::EVERY]
    ]


def render_pages(data: Path) -> list[Scene]:
    """Return the rendered pages."""
    images, labels = load_mnist(data, "test")
    digits = LabelledImages(images, labels.astype(np.int64))
    kinds, conditions = [kind for kind in LAYOUTS if kind != WITHOUT_DIGITS], list(CONDITIONS.values())
    return [
        draw_page(
            np.random.default_rng((11, number)),
            kinds[number % len(kinds)],
            digits,
            conditions=conditions[2 * number % len(conditions)],
        )
        for number in range(PAGES)
    ]


def all_thresholds() -> list[Threshold]:
    """Return the thresholds of all modules, in the order of modules and lines."""
    modules = [f"agent.vision.{path.stem}" for path in sorted((ROOT / "agent" / "vision").glob("*.py"))]
    modules += [module for module in BETWEEN_FRAMES if module not in modules]
    return [
        threshold
        for module in modules
        if module not in CONTRACT
        for threshold in find_thresholds(module, (ROOT / f"{module.replace('.', '/')}.py").read_text())
        if threshold.name not in NOT_TUNED
    ]


def table(done: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the rows of the table, in Markdown, from the saved measurements."""
    lines = [
        "| threshold | value | real −20 % | +20 % | rendered −20 % | +20 % | videos −20 % | +20 % |",
        "|---" * 8 + "|",
    ]
    for threshold in all_thresholds():
        cells = [f"`{threshold.key.removeprefix('agent.')}`", f"{threshold.value:g}"]
        for column, digest in (("real", "digest"), ("drawn", "digest"), ("films", "said")):
            for direction in (-1, 1):
                result = done.get(f"{threshold.key} {direction:+d}", {})
                cells.append(_cell(result, done[threshold.baseline], column, digest))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(result: Mapping[str, Any], base: Mapping[str, Any], column: str, digest: str) -> str:
    if "error" in result:
        return "fails"
    if result.get(column) is None:
        return ""
    if result[digest] == base[digest]:
        return "="
    return f"{100 * (result[column] - base[column]):+.2f}"


def main(
    pictures: Annotated[Path, typer.Option(metavar="DIR", help="Folder of real pictures with a truth.json.")],
    data: Annotated[Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder with MNIST.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File of all measurements.")] = Path(
        "build/sensitivity.json"
    ),
    save: Annotated[bool, typer.Option("--save", help="Write the table into docs/thresholds.md.")] = False,
) -> None:
    """Change each threshold by 20 % in both directions, and measure the effect on what is read."""
    cv2.setNumThreads(1)
    done: dict[str, dict[str, Any]] = json.loads(out.read_text()) if out.exists() else {}
    work = [(t, d) for t in all_thresholds() for d in (-1, 1) if f"{t.key} {d:+d}" not in done]
    if work or "baseline" not in done or "quick baseline" not in done:
        videos = [CachedVideo(RenderedVideo(seed)) for seed in range(VIDEOS)]
        read = Pictures(load_nets(default_artifacts()), load_real(pictures), render_pages(data), videos)
        done.setdefault("baseline", {}).update(play_videos(read))  # fills the caches before processes are forked
        if "real" not in done["baseline"]:
            done["baseline"].update(read_pictures(read))
        if "quick baseline" not in done:
            done["quick baseline"] = read_pictures(read, quick=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        for threshold, direction in track(work, "measuring", console=Console(stderr=True)):
            value = moved(threshold.value, direction)
            done[f"{threshold.key} {direction:+d}"] = {"value": value, **measure(threshold, value, read)}
            write_atomic(out, json.dumps(done, indent=0).encode())
    lines = table(done)
    if save:
        replace_table("thresholds", lines, ROOT / "docs" / "thresholds.md")
    else:
        typer.echo("\n".join(lines))


if __name__ == "__main__":
    run_benchmark(main, "sensitivity")
