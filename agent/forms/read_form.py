"""Read a picture of a filled-in form into a record."""

from __future__ import annotations

from collections.abc import Callable

from agent.forms.form import Form
from agent.forms.locate import FormFinder, Location
from agent.forms.montage import BlankPrint, Montage, make_montage
from agent.forms.page_layout import in_ink
from agent.forms.record import Record, RecordField
from agent.forms.solve import solve
from agent.forms.texts import possible_texts
from agent.vision.page import Page
from agent.vision.pixels import Pixels

FIELD_PX = 44
"""Height of a field when it is read, in pixels. The reader wants digits of 12 pixels or more. With 64 it takes
half as long again and reads no more on drawn forms."""


def read_form(image: Pixels, finder: FormFinder, read: Callable[[Pixels], Page]) -> Record:
    """Read a form.

    Args:
        image: the picture, BGR uint8 (H, W, 3).
        finder: finds the form.
        read: reads a picture of upright writing.

    Raises:
        FormNotFoundError: the form is not in the picture as a whole, or twice.
    """
    return read_located(image, finder, finder.find(image), read)


def read_located(image: Pixels, finder: FormFinder, location: Location, read: Callable[[Pixels], Page]) -> Record:
    """Read a form that was found; the other arguments as in `read_form`."""
    return read_montage(cut_fields(image, finder, location), finder.form, location, read)


def cut_fields(image: Pixels, finder: FormFinder, location: Location) -> Montage:
    """Cut out the fields of a form that was found; the arguments as in `read_located`."""
    return make_montage(image, location, finder.form.fields, BlankPrint(*finder.blank()), FIELD_PX)


def read_montage(montage: Montage, form: Form, location: Location, read: Callable[[Pixels], Page]) -> Record:
    """Read the fields of a form that were cut out; the other arguments as in `read_located`."""
    texts = possible_texts(montage.slots, [in_ink(page, read(page).readings) for page in montage.pages])
    return Record(
        form.name,
        tuple(
            RecordField(
                name=field.name,
                value=solution.chosen.checked.value if not solution.broken else None,
                text=solution.chosen.text,
                raw_text=of_field[0].text,
                confidence=solution.confidence,
                broken=solution.broken,
                corners=tuple((float(x), float(y)) for x, y in location.quad(field.area)),
            )
            for field, of_field, solution in zip(form.fields, texts, solve(form, texts), strict=True)
        ),
    )
