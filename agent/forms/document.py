"""Parse the TOML file of a form; every mistake is reported with its line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import msgspec

from agent.forms.check_digit import CHECKS, CHOICES
from agent.forms.expression import add_equation, parse_comparison
from agent.forms.form import Area, Field, Form, Rule
from agent.forms.keys import EXPECTED, MAX_MARKS, FieldTable, FormTable, RuleTable
from agent.forms.marks import mark_areas
from profiles.errors import FormError
from profiles.foreign_text import show
from profiles.regular_file import read_regular_file

_HEADER = re.compile(r"^\s*(\[\[|\[)\s*([\w-]+)\s*\]")
_KEY = re.compile(r"""^\s*["']?([\w-]+)["']?\s*=""")
_DIGITS = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
MAX_BYTES = 2**20
"""Size from which a file is refused, in bytes. A form with 200 fields takes a few ten thousand."""
MAX_FIELDS = 200
"""Largest number of fields of a form."""


@dataclass(frozen=True, order=True)
class FormProblem:
    """A mistake in the file of a form."""

    line: int
    what: str


@dataclass(frozen=True)
class FormDocument:
    """A parsed file."""

    form: Form | None
    """The form; None if there are mistakes."""
    problems: tuple[FormProblem, ...]
    """The mistakes, from the first line to the last."""


def load_form(path: Path) -> Form:
    """Read the file of a form.

    Raises:
        FormError: the file cannot be read, or contains a mistake; the message has the line of the first one.
    """
    document = read_form_document(path)
    if document.form is None:
        first, more = document.problems[0], len(document.problems) - 1
        raise FormError(
            f"{path}:{first.line}: {show(first.what)}",
            advice=f"'digit-agent form check {path}' lists {more} more" if more else "",
        )
    return document.form


def load_forms(path: Path) -> list[Form]:
    """Read the file of a form, or all such files of a folder.

    Raises:
        FormError: a file cannot be read, or contains a mistake; or the folder holds none, or two with the same marks.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise FormError(f"the folder {path} holds no form", advice="put files such as delivery.toml there")
    forms = [load_form(file) for file in files]
    for one, other in combinations(forms, 2):
        if one.marks is not None and one.marks == other.marks:
            raise FormError(
                f"the forms {one.name} and {other.name} of the folder {path} have the same marks: {one.marks}",
                advice=f"give one of them another set of marks, 0 to {MAX_MARKS}, and print it again",
            )
    return forms


def read_form_document(path: Path) -> FormDocument:
    """Read the file of a form and collect its mistakes.

    Raises:
        FormError: the file is missing or cannot be read.
    """
    try:
        return parse_form(read_regular_file(path, MAX_BYTES), path)
    except OSError as error:
        raise FormError(
            f"the form {path} cannot be read ({error.strerror})",
            advice="check its name; 'digit-agent form new PICTURE' begins one",
        ) from error


def parse_form(content: bytes, path: Path) -> FormDocument:
    """Parse the content of a form's file; mistakes in it are returned, never raised.

    Args:
        content: TOML 1.0 in UTF-8.
        path: the file; its name without suffix names the form, and the reference picture is looked up beside it.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        raw = msgspec.toml.decode(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return FormDocument(None, (FormProblem(line, "the file is not UTF-8 text; save it in this encoding"),))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        at = re.search(r"at line (\d+)", str(error))
        return FormDocument(None, (FormProblem(int(at[1]) if at else 1, f"the file is not valid TOML ({error})"),))
    lines = _Lines(text)
    problems = [
        FormProblem(lines.of(key), f"there is no table [{key}]; a form has [form], [[field]] and [[rule]]")
        for key in raw
        if key not in ("form", "field", "rule")
    ]
    (head,) = _convert("form", [raw.get("form", {})], FormTable, lines, problems)
    fields = _convert("field", raw.get("field", []), FieldTable, lines, problems)
    rules = _convert("rule", raw.get("rule", []), RuleTable, lines, problems)
    if not raw.get("field"):
        problems.append(FormProblem(1, "the form has no [[field]]"))
    size = None
    if head is not None:
        problems += _head_problems(head, lines)
        size = _size(head, path, lines, problems)
    marks = () if head is None or head.marks is None or size is None else mark_areas(size)
    problems += _field_problems(fields, size, marks, lines)
    parsed = list(_rules(rules, _names(raw.get("field")), lines, problems))
    if problems or head is None or size is None:
        return FormDocument(None, tuple(sorted(problems)))
    form = Form(
        name=path.stem,
        title=head.title or path.stem,
        size=size,
        fields=tuple(_field(field) for field in fields if field is not None),
        rules=tuple(parsed),
        picture=None if head.picture is None else path.absolute().parent / head.picture,
        marks=head.marks,
        picture_place=f"{path}:{lines.of('form', 0, 'picture')}",
    )
    return FormDocument(form, ())


class _Lines:
    """The line of each table and key of a document."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        counts: Counter[str] = Counter()
        table, index = "", 0
        for number, line in enumerate(text.split("\n"), 1):
            if header := _HEADER.match(line):
                table, index = header[2], counts[header[2]]
                counts[table] += 1
                self._lines[table, index, ""] = number
            elif key := _KEY.match(line):
                self._lines.setdefault((table, index, key[1]), number)
                self._lines.setdefault((key[1], 0, ""), number)

    def of(self, table: str, index: int = 0, key: str = "") -> int:
        """Return the line of a key, or of its table if it is not there."""
        return self._lines.get((table, index, key), self._lines.get((table, index, ""), 1))


def _convert(table: str, rows: Any, kind: type[Any], lines: _Lines, problems: list[FormProblem]) -> list[Any]:
    """Convert tables to a struct; each key is checked by itself, so that every mistake is found."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        written = "[form]" if table == "form" else f"[[{table}]]"
        problems.append(FormProblem(lines.of(table), f"{table} is written {written}, with these brackets"))
        return [None] if table == "form" else []
    hints = {_kebab(name): hint for name, hint in get_type_hints(kind, include_extras=True).items()}
    required = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    converted = list[Any]()
    if len(rows) > MAX_FIELDS:
        problems.append(FormProblem(lines.of(table, MAX_FIELDS), f"a form has at most {MAX_FIELDS} {table}s"))
    for index, row in enumerate(rows[:MAX_FIELDS]):
        found = list(_row_problems(row, hints, required, _Place(table, index, lines)))
        problems += found
        converted.append(None if found else msgspec.convert(row, kind))
    return converted


class _Place(NamedTuple):
    """A table of a document."""

    table: str
    row: int
    lines: _Lines

    def problem(self, key: str, what: str) -> FormProblem:
        return FormProblem(self.lines.of(self.table, self.row, key), what)


def _row_problems(
    row: Mapping[str, Any], hints: Mapping[str, Any], required: set[str], place: _Place
) -> Iterator[FormProblem]:
    for key, value in row.items():
        if key not in hints:
            close = get_close_matches(key.lower().replace("_", "-"), hints, n=1)
            hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(hints)}"
            yield place.problem(key, f"a {place.table} has no {key!r}; {hint}")
            continue
        try:
            msgspec.convert(value, hints[key])
        except msgspec.ValidationError:
            yield place.problem(key, f"{key} must be {EXPECTED[key]}")
    for key in sorted(required - row.keys()):
        yield place.problem("", f"this {place.table} has no {key}")


def _head_problems(head: FormTable, lines: _Lines) -> Iterator[FormProblem]:
    if head.picture is None and head.marks is None:
        yield FormProblem(lines.of("form"), "the form has neither a picture nor marks; name one of them")
    if head.picture is not None and (head.marks is not None or head.size is not None):
        yield FormProblem(lines.of("form", 0, "picture"), "with a picture there are no marks and no size")
    if head.picture is None and head.size is None:
        yield FormProblem(lines.of("form"), "marks need a size: size = [210, 297] is A4 in millimetres")


def _size(head: FormTable, path: Path, lines: _Lines, problems: list[FormProblem]) -> tuple[float, float] | None:
    """Return the size of the sheet: the given one, or that of the reference picture."""
    if head.picture is None:
        return head.size
    from agent.capture.pictures import load_picture
    from profiles.errors import SourceError

    try:
        height, width = load_picture(path.absolute().parent / head.picture).shape[:2]
    except SourceError as error:
        problems.append(FormProblem(lines.of("form", 0, "picture"), str(error)))
        return None
    return float(width), float(height)


def _field_problems(
    fields: Sequence[FieldTable | None], size: tuple[float, float] | None, marks: Sequence[Area], lines: _Lines
) -> Iterator[FormProblem]:
    names = Counter(field.name for field in fields if field is not None)
    for index, field in enumerate(fields):
        if field is None:
            continue
        place = _Place("field", index, lines)
        if names[field.name] > 1:
            yield place.problem("name", f"two fields are called {field.name}")
        if size is not None and not Area(0, 0, *size).contains(Area(*field.box)):
            yield place.problem("box", f"the box of {field.name} lies outside the sheet of {size[0]:g}×{size[1]:g}")
        if any(mark.overlaps(Area(*field.box)) for mark in marks):
            yield place.problem("box", f"the box of {field.name} lies on a mark")
        yield from _content_problems(field, place)
    for (one, first), (two, second) in combinations(enumerate(fields), 2):
        if first is not None and second is not None and Area(*first.box).overlaps(Area(*second.box)):
            what = f"the box of {second.name} overlaps that of {first.name} (line {lines.of('field', one, 'box')})"
            yield FormProblem(lines.of("field", two, "box"), what)


def _content_problems(field: FieldTable, place: _Place) -> Iterator[FormProblem]:
    """Yield the mistakes in what may stand in a field."""
    if field.min is not None and field.max is not None and field.min > field.max:
        yield place.problem("max", f"max of {field.name} is less than its min")
    if not 1 <= _digits(field)[0] <= _digits(field)[1]:
        yield place.problem("digits", f"{field.digits!r} is not a range, such as 1-6")
    if field.decimals and field.kind != "number":
        yield place.problem("decimals", f"a {field.kind} has no decimals")
    if field.printed_point and not field.decimals:
        yield place.problem("printed-point", f"a point is printed in {field.name}, so it needs decimals")
    if field.kind == "number" and not field.printed_point and field.decimals >= _digits(field)[1]:
        yield place.problem("decimals", f"digits of {field.name} leaves no digit before its {field.decimals} decimals")
    if field.kind == "date" and not field.min is field.max is None:
        yield place.problem("min" if field.max is None else "max", "a date has no min and max")
    if field.check and field.kind in ("date", "time"):
        yield place.problem("check", f"a {field.kind} has no check digit")
    if field.check and field.check not in CHECKS:
        yield place.problem("check", f"there is no check digit {field.check!r}; choose one of {CHOICES}")
    try:
        re.compile(field.pattern)
    except re.error as error:
        yield place.problem("pattern", f"the pattern is not valid ({error})")


def _rules(
    rules: Sequence[RuleTable | None], names: Sequence[str], lines: _Lines, problems: list[FormProblem]
) -> Iterator[Rule]:
    computed: dict[str, set[str]] = {}
    for index, rule in enumerate(rules):
        if rule is None:
            continue
        line = lines.of("rule", index, "that")
        try:
            parsed = parse_comparison(rule.that)
        except ValueError as error:
            problems.append(FormProblem(line, f"{rule.that!r} is not a rule: {error}"))
            continue
        for name in sorted(parsed.names - set(names)):
            close = get_close_matches(name, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            problems.append(FormProblem(line, f"the rule {rule.that!r} names no field: {name}{hint}"))
        if not parsed.names:
            problems.append(FormProblem(line, f"the rule {rule.that!r} is not about a field"))
        if circle := add_equation(parsed, computed):
            steps = ", ".join(f"{name} from {other}" for name, other in pairwise(circle))
            problems.append(FormProblem(line, f"the rule {rule.that!r} closes a circle: {steps}; leave out one rule"))
        yield Rule(rule.that, parsed)


def _names(rows: Any) -> list[str]:
    """Return the names of all fields, also of those with mistakes."""
    rows = rows if isinstance(rows, list) else []
    return [row["name"] for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]


def _digits(field: FieldTable) -> tuple[int, int]:
    """Return the smallest and largest number of digits."""
    given = field.digits or {"number": "1-12", "code": "1-24", "date": "4-8", "time": "3-4"}[field.kind]
    found = _DIGITS.fullmatch(given)
    assert found is not None
    return int(found[1]), int(found[2] or found[1])


def _field(table: FieldTable) -> Field:
    low, high = _digits(table)
    leading_zeros = low == high if table.leading_zeros is None else table.leading_zeros
    return Field(
        name=table.name,
        area=Area(*map(float, table.box)),
        kind=table.kind,
        label=table.label,
        min_digits=low,
        max_digits=high,
        decimals=table.decimals,
        printed_point=table.printed_point,
        minimum=None if table.min is None else Decimal(str(table.min)),
        maximum=None if table.max is None else Decimal(str(table.max)),
        pattern=table.pattern,
        leading_zeros=leading_zeros,
        may_be_empty=table.empty,
        check=table.check,
        comb=table.comb,
    )


def _kebab(name: str) -> str:
    return name.replace("_", "-")
