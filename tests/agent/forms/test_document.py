from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.forms.document import MAX_BYTES, MAX_FIELDS, FormProblem, load_form, load_forms, parse_form
from profiles.errors import FormError
from tests.agent.forms.sheets import FIELDS, HEAD_MARKS, delivery_note

ONE_FIELD = '[form]\nsize = [210, 297]\nmarks = 0\n[[field]]\nname = "a"\nbox = [40, 40, 50, 10]\n'


def test_a_form_is_parsed() -> None:
    form = delivery_note()
    assert (form.name, form.title, form.size, form.marks) == ("delivery", "Delivery note", (210, 148), 1)
    assert [field.name for field in form.fields] == ["customer", "apples", "pears", "plums", "total"]
    assert (form.fields[0].min_digits, form.fields[0].max_digits, form.fields[0].leading_zeros) == (6, 6, True)
    assert (form.fields[4].min_digits, form.fields[4].max_digits, form.fields[4].leading_zeros) == (1, 5, False)
    assert [rule.text for rule in form.rules] == ["total = apples + pears + plums"]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[form", 1, "the file is not valid TOML"),
        (ONE_FIELD + "[[ruel]]\n", 7, r"there is no table \[ruel\]"),
        (ONE_FIELD.replace("marks = 0\n", ""), 1, "neither a picture nor marks"),
        (ONE_FIELD.replace("marks = 0", 'picture = "none.png"'), 3, "none.png cannot be read"),
        (ONE_FIELD + "digits = 4\n", 7, 'digits must be "4" or "1-6", in quotes'),
        (ONE_FIELD.replace("50, 10]", "50]"), 6, r"box must be four numbers, \[x, y, width, height\]"),
        (ONE_FIELD.replace("40, 40", "nan, 40"), 6, "box must be four numbers"),
        (ONE_FIELD + "max = nan\n", 7, "max must be a number"),
        (ONE_FIELD.replace("210, 297", "2100, 2970"), 2, "size must be two numbers of more than 0, up to 1200"),
        (ONE_FIELD + 'label = "a\\u001b[31m"\n', 7, "label must be one line of text"),
        (ONE_FIELD + 'digits = "4\\n"\n', 7, 'digits must be "4" or "1-6"'),
        (ONE_FIELD.replace('"a"', '"a\\n"'), 5, "name must be letters a to z"),
        (ONE_FIELD.replace('"a"', '"ä"'), 5, "name must be letters a to z"),
        ("[[form]]\n" + ONE_FIELD[7:], 1, r"form is written \[form\], with these brackets"),
        (ONE_FIELD + '[rule]\nthat = "a > 1"\n', 7, r"rule is written \[\[rule\]\], with these brackets"),
        (ONE_FIELD + 'digits = "6-1"\n', 7, "'6-1' is not a range"),
        (ONE_FIELD + "digit = 4\n", 7, "a field has no 'digit'; did you mean digits"),
        (ONE_FIELD + 'check = "crc"\n', 7, "there is no check digit 'crc'; choose one of luhn"),
        (ONE_FIELD + 'pattern = "["\n', 7, "the pattern is not valid"),
        (ONE_FIELD + "min = 5\nmax = 4\n", 8, "max of a is less than its min"),
        (ONE_FIELD + 'kind = "code"\ndecimals = 2\n', 8, "a code has no decimals"),
        (ONE_FIELD + 'kind = "date"\ncheck = "luhn"\n', 8, "a date has no check digit"),
        (ONE_FIELD + 'kind = "date"\nmin = 2026\n', 8, "a date has no min and max"),
        (ONE_FIELD + "printed-point = true\n", 7, "a point is printed in a, so it needs decimals"),
        (ONE_FIELD + 'digits = "1-2"\ndecimals = 2\n', 8, "leaves no digit before its 2 decimals"),
        (ONE_FIELD.replace('name = "a"\n', ""), 4, "this field has no name"),
        (ONE_FIELD.replace("40, 40", "200, 40"), 6, "the box of a lies outside the sheet of 210×297"),
        (ONE_FIELD.replace("40, 40", "4, 4"), 6, "the box of a lies on a mark"),
        (ONE_FIELD + '[[field]]\nname = "a"\nbox = [40, 80, 50, 10]\n', 5, "two fields are called a"),
        (ONE_FIELD + '[[field]]\nname = "b"\nbox = [60, 45, 50, 10]\n', 9, r"box of b overlaps that of a \(line 6\)"),
        (ONE_FIELD + '[[rule]]\nthat = "a >"\n', 8, "'a >' is not a rule: it ends where"),
        (ONE_FIELD + '[[rule]]\nthat = "a > bb"\n', 8, "the rule 'a > bb' names no field: bb"),
        (ONE_FIELD + '[[rule]]\nthat = "a = a + 1"\n', 8, "'a = a [+] 1' closes a circle: a from a"),
        (ONE_FIELD + '[[rule]]\nthat = "1 = 2"\n', 8, "the rule '1 = 2' is not about a field"),
        ("[form]\nsize = [210, 297]\nmarks = 0\n", 1, r"the form has no \[\[field\]\]"),
    ],
)
def test_a_mistake_has_its_line(text: str, line: int, what: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(FormError, match=rf"wrong.toml:{line}: .*({what})"):
        load_form(file)


def test_all_mistakes_are_found() -> None:
    text = ONE_FIELD + 'digits = 4\nchecks = "luhn"\n[[field]]\nname = "0"\n[[rule]]\nthat = "a + 1"\n'
    problems = parse_form(text.encode(), Path("f.toml")).problems
    assert [problem.line for problem in problems] == [7, 8, 9, 10, 12]


def test_a_field_with_a_mistake_is_known_to_the_rules() -> None:
    text = ONE_FIELD + 'digits = 4\n[[rule]]\nthat = "a > 1"\n'
    assert [problem.line for problem in parse_form(text.encode(), Path("f.toml")).problems] == [7]


def test_fields_are_not_left_out_silently() -> None:
    fields = "".join(
        f'[[field]]\nname = "f{number}"\nbox = [{40 + number}, 80, 1, 10]\n' for number in range(MAX_FIELDS)
    )
    text = ONE_FIELD.replace("210", "810") + fields
    (problem,) = parse_form(text.encode(), Path("f.toml")).problems
    assert problem == FormProblem(4 + 3 * MAX_FIELDS, f"a form has at most {MAX_FIELDS} fields")


def test_a_file_in_another_encoding_is_named_with_its_line() -> None:
    content = (ONE_FIELD + 'label = "Äpfel"\n').encode("latin-1")
    (problem,) = parse_form(content, Path("f.toml")).problems
    assert problem == FormProblem(7, "the file is not UTF-8 text; save it in this encoding")


def test_two_forms_of_a_folder_with_the_same_marks_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(ONE_FIELD)
    with pytest.raises(FormError, match=r"the forms a and b of the folder .* have the same marks: 0"):
        load_forms(tmp_path)
    (tmp_path / "b.toml").write_text(ONE_FIELD.replace("marks = 0", "marks = 1"))
    assert [form.name for form in load_forms(tmp_path)] == ["a", "b"]


def test_a_picture_gives_the_size_of_the_sheet(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((600, 800, 3), 255, np.uint8))
    (tmp_path / "f.toml").write_text('[form]\npicture = "blank.png"\n[[field]]\nname = "a"\nbox = [40, 40, 50, 10]\n')
    form = load_form(tmp_path / "f.toml")
    assert form.size == (800.0, 600.0)
    assert form.picture == tmp_path / "blank.png"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"the form .*none.toml cannot be read \(No such file or directory\)"):
        load_form(tmp_path / "none.toml")


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"/dev/zero cannot be read \(it is not a regular file\)"):
        load_form(Path("/dev/zero"))
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(FormError, match=r"large.toml cannot be read \(it has more than 1048576 bytes\)"):
        load_form(large)


def test_crlf_and_a_byte_order_mark_are_no_mistakes() -> None:
    content = "\ufeff".encode() + (HEAD_MARKS + FIELDS).replace("\n", "\r\n").encode()
    assert not parse_form(content, Path("f.toml")).problems
