"""The page of records: what filled-in forms say, field by field."""

from __future__ import annotations

from datetime import datetime

from agent.web.log_reader import FoundField, FoundRecord, RecordPart, RecordQuery
from agent.web.markup import Markup, fill, join

FORM = """
<details class="filter"{open}><summary>Filter</summary><form method="get" action="/records">
<label>Field<input name="field" value="{field}" maxlength="64" list="fields"></label>
<datalist id="fields">{names}</datalist>
<label>Value contains<input type="search" name="text" value="{text}" maxlength="64"></label>
<label class="tick"><input type="checkbox" name="to_check" value="true"{to_check}>To be checked only</label>
<div class="actions"><button>Show</button><a class="button quiet" href="/records">Clear</a></div></form></details>
<p class="actions"><a class="button" download href="/api/v1/records.csv">CSV of all</a></p>
"""


def records_body(part: RecordPart, query: RecordQuery) -> Markup:
    """Return the content of the page."""
    is_filtered = bool(query.field or query.text or query.to_check)
    if not part.records and not is_filtered:
        return fill("<p>No sheet has been recorded. <code>digit-agent run --form FORM</code> records them.</p>")
    names = dict.fromkeys(field.name for record in part.records for field in record.fields)
    form = fill(
        FORM,
        open=Markup(" open" if is_filtered else ""),
        field=query.field,
        names=join(fill('<option value="{name}"></option>', name=name) for name in names),
        text=query.text,
        to_check=Markup(" checked" if query.to_check else ""),
    )
    rows = fill('<ol class="rows">{rows}</ol>', rows=join(map(_row, part.records)))
    return join((form, rows if part.records else Markup("<p>No record matches.</p>")))


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
