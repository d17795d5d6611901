"""Load corrections that `digit-agent corrections export` wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np

from agent.learn.examples import KnownNumber
from agent.telemetry.corrections_export import ABOUT, FORMAT, TRUTH, AboutExport, CorrectedPicture
from agent.vision.box import Box
from profiles.errors import DatasetError

EXPORT_AGAIN = "export the corrections again"


def load_corrections(folders: Sequence[Path]) -> list[KnownNumber]:
    """Load exported corrections. A picture that is in two folders counts once.

    Raises:
        DatasetError: a folder has no export of this version, a picture is missing or damaged, the truth contradicts
            itself, or there is no picture.
    """
    loaded = dict[str, tuple[KnownNumber, str]]()
    for folder in folders:
        for name, truth in _load_truth(folder).items():
            content = _read(folder, name)
            number, checksum = _known(folder / name, content, truth), hashlib.sha256(content).hexdigest()
            if checksum in loaded and loaded[checksum][0].text != number.text:
                raise DatasetError(
                    f"{folder / name} is {truth.text!r}, and {loaded[checksum][1]} shows the same picture and is "
                    f"{loaded[checksum][0].text!r}",
                    advice="correct one of them, and export again",
                )
            loaded.setdefault(checksum, (number, str(folder / name)))
    if not loaded:
        raise DatasetError(f"{folders[0]} has no picture", advice="correct readings on the web page, and export again")
    return [loaded[checksum][0] for checksum in sorted(loaded)]


def _load_truth(folder: Path) -> dict[str, CorrectedPicture]:
    try:
        about = msgspec.json.decode((folder / ABOUT).read_bytes(), type=AboutExport)
        if about.format != FORMAT:
            raise DatasetError(
                f"{folder} has corrections of format {about.format}; this version reads format {FORMAT}",
                advice="use the same version of digit-agent on the board and here",
            )
        return msgspec.json.decode((folder / TRUTH).read_bytes(), type=dict[str, CorrectedPicture])
    except FileNotFoundError as error:
        advice = "name a folder that 'digit-agent corrections export' wrote"
        raise DatasetError(f"there is no {error.filename}", advice=advice) from None
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read ({error.strerror})", advice="check its permissions") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DatasetError(f"the truth in {folder} is damaged ({error})", advice=EXPORT_AGAIN) from error


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    if path.name != name:
        raise DatasetError(f"{path} is not in the folder of its truth", advice=EXPORT_AGAIN)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror})", advice=EXPORT_AGAIN) from error


def _known(path: Path, content: bytes, truth: CorrectedPicture) -> KnownNumber:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise DatasetError(f"{path} is not a picture", advice=EXPORT_AGAIN)
    number = KnownNumber(np.asarray(image, np.uint8), Box(*truth.box), truth.text)
    if "".join(truth.lines) != number.digits:
        raise DatasetError(
            f"the truth of {path} contradicts itself: {truth.text!r} has the digits {number.digits!r}, not "
            f"{''.join(truth.lines)!r}",
            advice=EXPORT_AGAIN,
        )
    return number
