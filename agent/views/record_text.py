"""A record as lines of text for people."""

from __future__ import annotations

from agent.forms.record import Record, RecordField


def record_lines(record: Record) -> list[str]:
    """Return a line for each field of a record: its name, its value, and what is doubtful in it."""
    width = max(len(field.name) for field in record.fields)
    return [f"  {field.name:{width}}  {describe_field(field)}" for field in record.fields]


def describe_field(field: RecordField) -> str:
    """Format a value, with what is doubtful in it."""
    if field.broken:
        return f"{field.text or '–'}  to check: {', '.join(field.broken)}"
    notes = [] if field.is_sure else [f"to check: only {field.confidence:.0%} sure"]
    if field.text != field.raw_text:
        notes.append(f"without rules {field.raw_text or 'empty'}")
    return f"{field.value_text or '–'}{'  ' if notes else ''}{', '.join(notes)}"
