"""PP-OCRv6 small beside the agent: the text recogniser of the `rapidocr` package, in an interpreter of its own."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from agent.vision.box import Box
from agent.vision.line_text import SIGNS
from benchmarks.numbers.answer import Answer, ReadText, make_answer
from benchmarks.numbers.case import Case, Image
from profiles.errors import UsageError

CHARACTERS = "0123456789" + SIGNS
MARGIN_HEIGHTS = 0.1
"""Margin around a line that is cut out for the recogniser, in heights of the line. Chosen by trial."""


class PpOcr:
    """A child process that reads pictures. A request is answered while the caller does something else."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask_line(self, case: Case) -> None:
        """Ask for the line of a case, cut out at its true place, restricted to digits and signs."""
        assert case.line is not None
        self._ask("line", cut_out(case.image, case.line))

    def ask_page(self, case: Case) -> None:
        """Ask for all texts in the picture of a case, with the program as it is installed."""
        self._ask("page", case.image)

    def answer(self) -> Answer:
        """Wait for the answer to the request."""
        assert self._process.stdout is not None
        texts = json.loads(self._process.stdout.readline())
        return make_answer([ReadText(text, confidence, confidence) for text, confidence in texts])

    def _ask(self, task: str, image: Image) -> None:
        assert self._process.stdin is not None
        _, packed = cv2.imencode(".png", image)
        request = {"task": task, "picture": base64.b64encode(packed.tobytes()).decode()}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()


@contextmanager
def start_ppocr(python: Path | None) -> Iterator[PpOcr | None]:
    """Start the child process, and end it afterwards.

    Args:
        python: a Python interpreter with `rapidocr` and `onnxruntime`; None gives None.

    Raises:
        UsageError: the interpreter does not start, or lacks the packages.
    """
    if python is None:
        yield None
        return
    child = Path(__file__).with_name("ppocr_child.py")
    advice = "make a virtual environment, and run in it: pip install rapidocr onnxruntime"
    try:
        process = subprocess.Popen(
            [python, "-I", child, CHARACTERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise UsageError(f"{python} cannot be run ({error})", advice=advice) from error
    with process:
        try:
            process.stdin.write('{"task": "ready"}\n')  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass
        if process.stdout.readline().strip() != "[]":  # type: ignore[union-attr]
            raise UsageError(f"{python} does not run PP-OCRv6", advice=advice)
        yield PpOcr(process)


def cut_out(image: Image, line: Box) -> Image:
    """Return the part of a picture with a line and a margin."""
    margin = round(MARGIN_HEIGHTS * line.h)
    top, left = max(0, line.y - margin), max(0, line.x - margin)
    return image[top : line.bottom + margin, left : line.right + margin]
