from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.forms.document import parse_form
from agent.forms.form import Form
from agent.forms.invent import invent_texts
from agent.forms.values import check
from tests.agent.forms.sheets import delivery_note

MANY_KINDS = """
[form]
size = [210, 148]
marks = 1
[[field]]
name = "day"
box = [40, 30, 60, 10]
kind = "date"
[[field]]
name = "start"
box = [40, 50, 40, 10]
kind = "time"
[[field]]
name = "end"
box = [40, 70, 40, 10]
kind = "time"
[[field]]
name = "price"
box = [40, 90, 40, 10]
decimals = 2
digits = "3-5"
[[field]]
name = "half"
box = [40, 110, 40, 10]
decimals = 1
printed-point = true
min = 0
max = 90
[[rule]]
that = "end > start"
[[rule]]
that = "half = price / 2"
"""


def kinds() -> Form:
    document = parse_form(MANY_KINDS.encode(), Path("kinds.toml"))
    assert document.form is not None, document.problems
    return document.form


@pytest.mark.parametrize("form", [delivery_note(), kinds()], ids=lambda form: form.name)
@pytest.mark.parametrize("seed", range(10))
def test_what_is_invented_fits_all_rules(form: Form, seed: int) -> None:
    texts = invent_texts(np.random.default_rng(seed), form)
    checked = {field.name: check(field, texts[field.name], signs_read=True) for field in form.fields}
    assert not [one.broken for one in checked.values() if one.broken]
    assert all(rule.comparison.holds({name: one.number for name, one in checked.items()}) for rule in form.rules)
    assert texts == invent_texts(np.random.default_rng(seed), form)
