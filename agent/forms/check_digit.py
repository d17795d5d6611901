"""Check digits, through python-stdnum."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from profiles.errors import UsageError

CHECKS = {
    "luhn": "stdnum.luhn",
    "verhoeff": "stdnum.verhoeff",
    "damm": "stdnum.damm",
    "mod-11-10": "stdnum.iso7064.mod_11_10",
    "mod-97-10": "stdnum.iso7064.mod_97_10",
    "ean": "stdnum.ean",
    "isbn": "stdnum.isbn",
    "issn": "stdnum.issn",
    "imei": "stdnum.imei",
}
"""Module of python-stdnum for each name of a check digit."""
CHANCE = 0.1
"""Share of wrong texts that fit a check digit by chance: one of ten."""


def load_check(name: str) -> Callable[[str], bool]:
    """Return the function that checks whether a text of digits has the right check digit.

    Args:
        name: a key of `CHECKS`.

    Raises:
        UsageError: python-stdnum is not installed.
    """
    try:
        is_valid: Callable[[str], bool] = import_module(CHECKS[name]).is_valid
    except ImportError as error:
        raise UsageError(
            f"the check digit {name} needs an extra", advice="run pip install 'digit-agent[forms]'"
        ) from error
    return is_valid
