from __future__ import annotations

from decimal import Decimal

import pytest

from agent.forms.expression import add_equation, parse_comparison

VALUES = {"a": Decimal(2), "b": Decimal("3.5"), "c-d": Decimal(7), "none": None, "zero": Decimal(0)}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a + b = 5.5", True),
        ("a + b * 2 = 9", True),
        ("(a + b) * 2 = 11", True),
        ("b - a - 1 = 0.5", True),
        ("c-d / a = b", True),
        ("-a < b", True),
        ("a >= b", False),
        ("a != 2", False),
        ("a = a + none", True),
        ("a / zero = 1", False),
        ("a >= none", True),
        ("none = 5", True),
    ],
)
def test_a_rule_compares_two_sums(text: str, holds: bool) -> None:
    assert parse_comparison(text).holds(VALUES) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it ends where a number or a name is expected"),
        ("a +", "it ends where a number or a name is expected"),
        ("a + b", "it ends where a comparison is expected"),
        ("a = b = c", "'=' is one too many"),
        ("(a = b", "a bracket is not closed"),
        ("a = __import__('os')", r"'\('|is not understood"),
        ("a ~ b", "'~ b' is not understood"),
        ("(" * 30 + "a = 1", "more than 20 brackets"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_comparison(text)


def test_a_rule_knows_its_names() -> None:
    assert parse_comparison("total = a + 2 * (b - c)").names == {"total", "a", "b", "c"}


@pytest.mark.parametrize(
    ("rules", "circle"),
    [
        (["a = a + 1"], ("a", "a")),
        (["a = b", "b = a"], ("b", "a", "b")),
        (["total = a + b", "a = c * 2", "c = d - total"], ("c", "total", "a", "c")),
        (["a + b = total", "total - b = a"], ("a", "total", "a")),
        (["total = a + b", "total = c + d", "a = c"], ()),
        (["a >= b", "b >= a"], ()),
        (["a + b = b + a"], ()),
    ],
)
def test_equations_that_compute_a_field_from_itself_are_a_circle(rules: list[str], circle: tuple[str, ...]) -> None:
    computed: dict[str, set[str]] = {}
    *first, last = [add_equation(parse_comparison(rule), computed) for rule in rules]
    assert not any(first)
    assert last == circle


def test_many_equations_are_searched_for_a_circle_in_time() -> None:
    computed = {f"x{n}": {f"x{n + 1}", f"y{n + 1}"} for n in range(100)}
    computed |= {f"y{n}": {f"x{n + 1}", f"y{n + 1}"} for n in range(100)}
    assert add_equation(parse_comparison("end = x0"), computed) == ()
