"""Check digits, through python-stdnum."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from profiles.errors import UsageError

IBAN_COUNTRIES = (
    "ae at ba be bi cr cz de dj dk ee eg es fi fo gl hr hu il is lt ly "
    "me mn mr no pl pt rs sd se si sk so st tl tn va xk"
)  # fmt: skip
"""Countries whose IBANs have only digits after the letters of the country. Source: python-stdnum's copy of the
registry."""
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
    **{f"iban-{country}": "stdnum.iban" for country in IBAN_COUNTRIES.split()},
}
"""Module of python-stdnum for each name of a check digit. Of an IBAN the digits are written, as the letters of its
country are printed on the form."""
CHOICES = ", ".join([*(name for name in CHECKS if not name.startswith("iban-")), "iban-de (or another country)"])
"""The names in words."""
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
    prefix = name.removeprefix("iban-").upper() if name.startswith("iban-") else ""
    return lambda digits: is_valid(prefix + digits)
