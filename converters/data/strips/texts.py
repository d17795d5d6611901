"""Random numbers as people write them: amounts, decimals, dates, times, telephone numbers and plain digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Rng = np.random.Generator


def random_text(rng: Rng) -> str:
    """Return a number in a random notation; a space is a wider gap."""
    kinds, weights = zip(*_KINDS, strict=True)
    kind: Callable[[Rng], str] = kinds[int(rng.choice(len(kinds), p=np.array(weights) / sum(weights)))]
    return kind(rng)


def _digits(rng: Rng, count: int) -> str:
    """Return random digits; some numbers are round, and some repeat a digit, as amounts and readings do."""
    values = rng.integers(0, 10, count)
    if rng.random() < 0.15:
        values[rng.integers(0, count) :] = 0
    if rng.random() < 0.1:
        values[:] = np.where(rng.random(count) < 0.7, values[0], values)
    if rng.random() < 0.12:
        values = np.where(rng.random(count) < 0.5, 1, values)
    return "".join(map(str, values.tolist()))


def _plain(rng: Rng) -> str:
    return _digits(
        rng, int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 10], p=[0.12, 0.16, 0.18, 0.16, 0.14, 0.1, 0.06, 0.04, 0.04]))
    )


def _long(rng: Rng) -> str:
    return _digits(rng, int(rng.integers(8, 17)))


def _grouped(rng: Rng, separator: str) -> str:
    groups = [_digits(rng, int(rng.integers(1, 4)))] + [
        _digits(rng, 3) for _ in range(int(rng.choice([1, 2], p=[0.8, 0.2])))
    ]
    return separator.join(groups)


def _amount(rng: Rng) -> str:
    separator, point = [(".", ","), (",", "."), ("'", "."), (" ", ","), ("", "."), ("", ",")][int(rng.integers(0, 6))]
    text = _grouped(rng, separator) if separator else _digits(rng, int(rng.integers(1, 5)))
    if not separator or rng.random() < 0.4:
        text += point + ("00" if rng.random() < 0.3 else _digits(rng, 2))
    currency = rng.random()
    if currency < 0.2:
        text = "$" + text
    elif currency < 0.3:
        text += "-" if rng.random() < 0.5 else ".-"
    return text


def _decimal(rng: Rng) -> str:
    return _digits(rng, int(rng.integers(1, 4))) + str(rng.choice([".", ","])) + _digits(rng, int(rng.integers(1, 4)))


def _signed(rng: Rng) -> str:
    text = _decimal(rng) if rng.random() < 0.3 else _digits(rng, int(rng.integers(1, 5)))
    return str(rng.choice(["-", "+"], p=[0.7, 0.3])) + text


def _date(rng: Rng) -> str:
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    year = int(rng.integers(0, 100)) if rng.random() < 0.5 else int(rng.integers(1950, 2050))
    pad = rng.random() < 0.5
    parts = [f"{v:02d}" if pad else str(v) for v in (day, month)] + ([f"{year:02d}"] if rng.random() < 0.8 else [])
    return str(rng.choice(["/", "-", "."], p=[0.5, 0.25, 0.25])).join(parts)


def _time(rng: Rng) -> str:
    text = f"{rng.integers(0, 24):{'02d' if rng.random() < 0.5 else 'd'}}:{rng.integers(0, 60):02d}"
    return text + (f":{rng.integers(0, 60):02d}" if rng.random() < 0.2 else "")


def _telephone(rng: Rng) -> str:
    text = _digits(rng, 3) + "-" + _digits(rng, 4)
    if rng.random() < 0.4:
        text = (f"({_digits(rng, 3)})" if rng.random() < 0.6 else _digits(rng, 3) + "-") + text
    return text


def _percent(rng: Rng) -> str:
    return (_decimal(rng) if rng.random() < 0.3 else _digits(rng, int(rng.integers(1, 4)))) + "%"


def _fraction(rng: Rng) -> str:
    return (
        _digits(rng, int(rng.integers(1, 3))) + str(rng.choice(["/", ":", "-"])) + _digits(rng, int(rng.integers(1, 3)))
    )


def _listed(rng: Rng) -> str:
    text = _digits(rng, int(rng.integers(1, 3)))
    return [f"{text})", f"({text})", f"{text}."][int(rng.integers(0, 3))]


_KINDS: tuple[tuple[Callable[[Rng], str], float], ...] = (
    (_plain, 9.0),
    (_long, 0.6),
    (_amount, 4.0),
    (_decimal, 2.0),
    (_signed, 1.5),
    (_date, 3.0),
    (_time, 1.2),
    (_telephone, 0.8),
    (_percent, 0.8),
    (_fraction, 1.2),
    (_listed, 0.8),
)
"""Notations and their relative frequencies."""
