"""Show text that others chose: names of files, boards and cameras, manifests, logs, and answers of servers.

Such a text may hold escape sequences that change a terminal, line breaks that forge lines of output, characters that
reverse its direction, a priority for the journal, or a formula for a spreadsheet. For Rich there is
`agent.views.foreign`.
"""

from __future__ import annotations

import re

JOURNAL_PRIORITY = re.compile(r"<(?=\d{1,3}>)")
"""At the start of a line, journald takes `<3>` as a priority: sd-daemon(3)."""
FORMULA = re.compile(r"[=+@\t\r-](?![\d.,]*$)")
"""Start of a cell that a spreadsheet computes, unless it is just a number. Source: OWASP on CSV injection."""
PLAIN_CELL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 :._/+-]*")
"""A cell that stays as it is, found at once; a log has millions of them."""


def show(text: object) -> str:
    """Return a text for people on one line. Each character that does not print is escaped as in Python."""
    line = str(text)
    if line.isprintable() and not line.startswith("<"):
        return line
    start = r"\x3c" if JOURNAL_PRIORITY.match(line) else line[:1]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in start + line[1:])


def show_cell(value: object) -> object:
    """Return a cell for a CSV file: text as in `show`, with a `'` before a formula; other values stay."""
    if not isinstance(value, str) or PLAIN_CELL.fullmatch(value):
        return value
    return f"'{show(value)}" if FORMULA.match(value) else show(value)


def to_json(value: object) -> str:
    """Encode as JSON on one line, in which each character that does not print is escaped; readers get it unchanged."""
    import msgspec  # noqa: PLC0415 (imported late: every command imports this module, also where it reports an error)

    text = msgspec.json.encode(value).decode()
    return text if text.isprintable() else "".join(c if c.isprintable() else _json_escape(c) for c in text)


def _json_escape(character: str) -> str:
    utf16 = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{utf16[i : i + 4]}" for i in range(0, len(utf16), 4))
