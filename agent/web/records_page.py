"""The page of records: what filled-in forms say, field by field."""

from __future__ import annotations

from datetime import datetime

from agent.web.log_reader import FoundField, FoundRecord, RecordPart
from agent.web.markup import Markup, fill, join


def records_body(part: RecordPart) -> Markup:
    """Return the content of the page."""
    if not part.records:
        return fill("<p>No sheet has been recorded. <code>digit-agent run --form FORM</code> records them.</p>")
    return fill(
        '<p class="actions"><a class="button" download href="/api/v1/records.csv">CSV</a></p>'
        '<ol class="rows">{rows}</ol>',
        rows=join(map(_row, part.records)),
    )


def _row(record: FoundRecord) -> Markup:
    at = datetime.fromisoformat(record.at).astimezone()
    return fill(
        '<li class="record"><b>{form}</b><time datetime="{at}">{shown}</time><dl class="fields">{fields}</dl></li>',
        form=record.form,
        at=record.at,
        shown=f"{at:%Y-%m-%d %H:%M:%S}",
        fields=join(map(_field, record.fields)),
    )


def _field(field: FoundField) -> Markup:
    if field.sure:
        return fill("<dt>{name}</dt><dd>{value}</dd>", name=field.name, value=field.value or "–")
    reason = "; ".join(field.broken) or f"{field.confidence:.0%} sure"
    return fill(
        '<dt>{name}</dt><dd class="unsure">{value} ({reason})</dd>',
        name=field.name,
        value=field.value or field.text or "–",
        reason=reason,
    )
