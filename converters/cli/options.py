"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MNIST_FOLDER = Path("data") / "mnist"
"""Folder that the commands use unless --data names another."""

MnistFolder = Annotated[Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder with MNIST.")]
