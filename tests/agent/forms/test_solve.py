from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent.forms.document import parse_form
from agent.forms.form import Form
from agent.forms.solve import Solution, solve
from agent.forms.texts import PossibleText

HEAD = "[form]\nsize = [210, 297]\nmarks = 0\n"


def form_of(rules: tuple[str, ...] = (), **fields: str) -> Form:
    """A form with fields below each other, each with further lines of TOML."""
    text = HEAD + "".join(
        f'[[field]]\nname = "{name}"\nbox = [40, {40 + 20 * place}, 50, 10]\n{lines}\n'
        for place, (name, lines) in enumerate(fields.items())
    )
    text += "".join(f'[[rule]]\nthat = "{rule}"\n' for rule in rules)
    document = parse_form(text.encode(), Path("f.toml"))
    assert document.form is not None, document.problems
    return document.form


def texts(**probabilities: float) -> list[PossibleText]:
    """Possible texts: `_12=0.9` is the text 12."""
    return [PossibleText(name[1:], probability) for name, probability in probabilities.items()]


def read(form: Form, *of_fields: list[PossibleText]) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.chosen.text, one.broken) for one in solve(form, of_fields)]


def test_the_likeliest_text_that_fits_the_field_is_read() -> None:
    form = form_of(a='digits = "2"\nmax = 50')
    assert read(form, texts(_71=0.6, _11=0.3, _1=0.1)) == [("11", ())]


def test_a_text_without_an_alternative_that_fits_is_flagged_and_not_mended() -> None:
    form = form_of(a='digits = "2"\nmax = 50')
    (solution,) = solve(form, [texts(_71=0.6, _77=0.3)])
    assert (solution.chosen.text, solution.chosen.checked.value) == ("71", None)
    assert solution.broken == ("more than 50",)


def test_a_sum_decides_between_the_alternatives_of_its_fields() -> None:
    form = form_of(("total = a + b",), a="", b="", total="")
    solutions = solve(form, [texts(_1=0.6, _7=0.4), texts(_5=0.99), texts(_12=0.95)])
    assert [one.chosen.text for one in solutions] == ["7", "5", "12"]
    assert all(one.confidence > 0.95 for one in solutions)


def test_a_sum_that_no_combination_fits_flags_its_fields_and_changes_none() -> None:
    form = form_of(("total = a + b",), a="", b="", total="", other="")
    solutions = read(form, texts(_1=0.6), texts(_5=0.99), texts(_12=0.95), texts(_4=0.9))
    assert solutions == [("1", ("total = a + b",)), ("5", ("total = a + b",)), ("12", ("total = a + b",)), ("4", ())]


def test_only_the_rules_that_the_likeliest_texts_break_are_named() -> None:
    broken = ("b <= a + 50",)
    form = form_of(("b >= a", *broken, "c >= b"), a="", b="", c="")
    solutions = read(form, texts(_1234=0.9), texts(_3450=0.9), texts(_4000=0.9))
    assert solutions == [("1234", broken), ("3450", broken), ("4000", ())]


def test_what_is_too_improbable_is_not_read_for_the_sake_of_a_rule() -> None:
    form = form_of(("total = a + b",), a="max = 9", b="", total="")
    assert read(form, texts(_11=0.99, _1=0.001), texts(_5=0.9), texts(_6=0.9))[0] == ("11", ("more than 9",))
    solutions = read(form, texts(_1=0.9), texts(_5=0.9), texts(_8=0.98, _6=0.001))
    assert solutions[2] == ("8", ("total = a + b",))


def test_a_check_digit_raises_the_confidence() -> None:
    plain, checked = form_of(a='kind = "code"'), form_of(a='kind = "code"\ncheck = "luhn"')
    (without,), (with_check,) = (solve(form, [texts(_79927398713=0.8)]) for form in (plain, checked))
    assert without.confidence == 0.8
    assert with_check.confidence > 0.95


def test_a_doubtful_field_does_not_make_the_others_doubtful() -> None:
    form = form_of(("b >= a",), a="", b="")
    doubtful, sure = solve(form, [texts(_1=0.7), texts(_5=0.99)])
    assert doubtful.confidence < 0.71
    assert sure.confidence > 0.98


def test_an_empty_field_counts_as_nothing_in_a_sum() -> None:
    form = form_of(("total = a + b",), a="", b="empty = true", total="")
    assert read(form, texts(_5=0.9), texts(_=0.97), texts(_6=0.5, _5=0.4)) == [("5", ()), ("", ()), ("5", ())]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 99), st.floats(0.01, 1)), min_size=1, max_size=4), min_size=3, max_size=3
    )
)
def test_only_texts_that_the_nets_found_are_ever_read(listed: list[list[tuple[int, float]]]) -> None:
    form = form_of(("total = a + b", "b >= a"), a="", b="max = 60", total='digits = "2"')
    possible = [
        [PossibleText(str(number), probability / len(of_field)) for number, probability in of_field]
        for of_field in listed
    ]
    solutions: tuple[Solution, ...] = solve(form, possible)
    for solution, of_field in zip(solutions, possible, strict=True):
        assert solution.chosen.text in {one.text for one in of_field}
        assert 0 <= solution.confidence <= 1 + 1e-9
        assert (solution.chosen.checked.value is None) <= bool(solution.broken)
    if not any(one.broken for one in solutions):
        a, b, total = (Decimal(one.chosen.text) for one in solutions)
        assert total == a + b
        assert b >= a
