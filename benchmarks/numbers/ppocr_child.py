"""Reads pictures with PP-OCRv6, in an interpreter that has `rapidocr` and `onnxruntime`; `ppocr.py` starts it.

Its only argument is the characters that numbers consist of. Each line on stdin is a request: `{"task": …, "picture":
…}`, with a PNG file in base64. Each line on stdout is the answer: a list of pairs of text and confidence. The tasks are
`ready`, which has no picture; `line`, which reads a picture of one line with the recogniser alone, restricted to the
given characters; and `page`, which runs the whole program as it is installed.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

BLANK = 0
"""Class of "no new character"."""


def main() -> None:
    """Answer requests until stdin ends."""
    from rapidocr import RapidOCR  # type: ignore[import-not-found]  # noqa: PLC0415  # only this interpreter has it

    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 1, "Global.log_level": "critical"})
    engine(np.full((48, 96, 3), 255, np.uint8), use_det=False, use_cls=False)  # loads the recogniser
    cv2.setNumThreads(1)
    for request in map(json.loads, sys.stdin):
        answer: list[tuple[str, float]] = []
        if request["task"] != "ready":
            packed = np.frombuffer(base64.b64decode(request["picture"]), np.uint8)
            picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
            is_line = request["task"] == "line"
            answer = read_line(engine, picture, sys.argv[1]) if is_line else read_page(engine, picture)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def read_line(engine: Any, picture: NDArray[np.uint8], characters: str) -> list[tuple[str, float]]:
    """Return the most probable path of allowed characters, and its probability among all paths of these."""
    recogniser = engine.text_rec
    known = recogniser.postprocess_op.character
    allowed = [BLANK, *(number for number, character in enumerate(known) if character in characters)]
    _, height, width = recogniser.rec_image_shape
    ratio = max(width / height, picture.shape[1] / picture.shape[0])
    shares = recogniser.session(recogniser.resize_norm_img(picture, ratio)[None])[0][:, allowed]
    shares = shares / shares.sum(axis=1, keepdims=True)
    best = shares.argmax(axis=1)
    begins = (best != BLANK) & (best != np.append(BLANK, best[:-1]))
    text = "".join(known[allowed[index]] for index in best[begins])
    return [(text, float(shares.max(axis=1).prod()))] if text else []


def read_page(engine: Any, picture: NDArray[np.uint8]) -> list[tuple[str, float]]:
    """Return all texts with their scores."""
    result = engine(picture)
    return list(zip(result.txts or (), map(float, result.scores or ()), strict=True))


if __name__ == "__main__":
    main()
