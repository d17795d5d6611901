"""The QR code of the first start is read by a camera."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.web.serve import qr_code

HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
"""Upper and lower half of a character; 1 is bright, on a dark terminal."""


@pytest.mark.parametrize("url", ["http://board.local:8080/", "http://192.168.1.20/", "http://[2001:db8::1]:65535/"])
def test_a_camera_reads_the_address_from_the_terminal(url: str) -> None:
    rows = list[list[int]]()
    for line in qr_code(url).strip("\n").splitlines():
        rows += [[HALVES[character][half] for character in line] for half in (0, 1)]
    screen = np.kron(np.array(rows, np.uint8) * 255, np.ones((8, 8), np.uint8))
    assert cv2.QRCodeDetector().detectAndDecode(screen)[0] == url
