"""Draw the pictures of the README: `python -m benchmarks.readme_pictures`.

`docs/note.jpg` is a drawn note on ruled paper, half of it in the shade. `docs/note-read.jpg` is the same picture with
what was read in it.
"""

from __future__ import annotations

from pathlib import Path

import cv2

from agent import Reader
from benchmarks.note_images import draw_frame

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write both pictures."""
    note = DOCS / "note.jpg"
    cv2.imwrite(str(note), draw_frame().image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    image = cv2.imread(str(note))
    page = Reader().read(note)
    cv2.imwrite(str(DOCS / "note-read.jpg"), page.draw(image), [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()
