"""Draw the fields of a form on a picture of it."""

from __future__ import annotations

import cv2
import numpy as np

from agent.forms.form import Form
from agent.forms.locate import Location
from agent.vision.pixels import Pixels

FIELD_BGR = (40, 160, 40)
EDGE_BGR = (200, 90, 20)


def draw_fields(image: Pixels, form: Form, location: Location) -> Pixels:
    """Return a copy of a picture with the box and the name of each field.

    Args:
        image: BGR uint8 (H, W, 3).
        form: the form.
        location: where it is in the picture.
    """
    canvas = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 800))
    for field in form.fields:
        quad = np.rint(location.quad(field.area)).astype(np.int32)
        cv2.polylines(canvas, [quad], isClosed=True, color=FIELD_BGR, thickness=thickness)
        x, y = quad[0].tolist()
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(canvas, field.name, (x, y - 2 * thickness), font, 0.45 * thickness, EDGE_BGR, thickness)
    return canvas
