"""The kind of a file, from its first bytes: a picture or a video. Its suffix may be missing or wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal

from profiles.regular_file import open_regular_file

Kind = Literal["picture", "video"]
HEAD_BYTES = 512
"""Number of bytes that are compared with the magic numbers: MPEG-TS needs 377, the others fewer."""
MAX_JPEG_BYTES = 4 << 20
"""Bytes in which the end of the first JPEG of a Motion JPEG file is searched. Raising it takes more memory. A frame of
a camera is smaller."""
MAX_GIF_BYTES = 4 << 20
"""Bytes in which a second frame of a GIF is searched. A GIF without one in these bytes counts as a still picture."""
PICTURE_SUFFIXES = frozenset(
    {
        ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg",
        ".jpf", ".jpg", ".jpx", ".mpo", ".pbm", ".pdf", ".pfm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff",
        ".webp",
    }
)  # fmt: skip
"""Suffixes, in lower case, of files that count as pictures if their content does not show the kind."""
VIDEO_SUFFIXES = frozenset(
    {
        ".264", ".265", ".3gp", ".asf", ".avi", ".flv", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mjpg",
        ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv", ".y4m",
    }
)  # fmt: skip
"""Suffixes, in lower case, of files that count as videos if their content does not show the kind."""

PICTURES: Mapping[str, bytes] = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "BMP": rb"BM.{12}[\x0c-\x7c]\0\0\0",
    "WebP": rb"RIFF.{4}WEBP",
    "TIFF": rb"II\*\0|MM\0\*|II\+\0|MM\0\+",
    "PNM": rb"P[1-6fF]\s",
    "GIF": rb"GIF8[79]a",
    "JPEG 2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "AVIF": rb".{4}ftypavi[fs]",
    "HEIC": rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)",
    "PDF": rb"%PDF-",
}
"""Magic number of each format of pictures."""
VIDEOS = re.compile(
    rb".{4}(ftyp|moov|mdat|free|skip|wide)"  # MP4, QuickTime, 3GP
    rb"|\x1a\x45\xdf\xa3"  # Matroska, WebM
    rb"|RIFF.{4}AVI |FLV\x01|OggS|YUV4MPEG2 |DKIF"
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11"  # ASF: WMV
    rb"|\0\0\x01[\xba\xb3]"  # MPEG program stream, MPEG video
    rb"|\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47"  # MPEG transport stream, and with the time stamps of M2TS
    rb"|\0?\0\0\x01[\x09\x27\x40\x42\x46\x67]",  # H.264 and H.265 without a container
    re.DOTALL,
)
"""Magic numbers of videos. A playlist is not a video: it may name other files and addresses."""


def picture_format(head: bytes) -> str | None:
    """Return the name of the format of a picture from its first bytes; None if it is not a picture."""
    return next((name for name, magic in PICTURES.items() if re.match(magic, head, re.DOTALL)), None)


def kind_of(file: BinaryIO) -> Kind | None:
    """Return the kind of an open file; None if it is neither a picture nor a video.

    Args:
        file: open for reading and seekable; its position afterwards is its beginning.

    Raises:
        OSError: the file cannot be read.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    name = picture_format(head)
    if name == "JPEG":
        head += file.read(MAX_JPEG_BYTES)
    elif name == "GIF":
        head += file.read(MAX_GIF_BYTES)
    file.seek(0)
    if (name == "JPEG" and _is_motion_jpeg(head)) or (name == "GIF" and _is_animated(head)):
        return "video"
    return "picture" if name else "video" if VIDEOS.match(head) else None


def kind_of_path(path: Path) -> Kind | None:
    """Return the kind of a path: from the content of the file, else from its suffix; None if neither shows it."""
    try:
        with open_regular_file(path) as file:
            kind = kind_of(file)
    except OSError:
        kind = None
    suffix = path.suffix.lower()
    return kind or ("picture" if suffix in PICTURE_SUFFIXES else "video" if suffix in VIDEO_SUFFIXES else None)


def _is_motion_jpeg(content: bytes) -> bool:
    """Return whether a second JPEG follows the first one, other than in the multi-picture format of cameras (MPO)."""
    return b"\xff\xd9\xff\xd8\xff" in content and b"MPF\0" not in content[: 64 << 10]


def _is_animated(content: bytes) -> bool:
    """Return whether a GIF has two graphic control extensions (GIF89a, 23): each of them precedes a frame."""
    return len(re.findall(rb"\0\x21\xf9\x04.{4}\0[\x2c\x21]", content, re.DOTALL)) > 1
