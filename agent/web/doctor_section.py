"""What the doctor says, as a part of the page about the board."""

from __future__ import annotations

from datetime import datetime

from agent.web.diagnosis import DoctorReport, FoundCheck
from agent.web.markup import Markup, fill, join

STATES = {"ok": ("sure", "fine"), "none": ("note", "none"), "warn": ("fair", "look"), "fail": ("unsure", "broken")}
"""The class and a word for each state of a check."""
SECTION = """
<h2 id="doctor">Doctor</h2>{found}
<form method="post" action="/board"><p class="actions"><button class="quiet">Check this board</button></p></form>
"""


def doctor_section(report: DoctorReport) -> Markup:
    """Return the section; without a report it offers to ask the doctor."""
    if not report.at:
        note = "It tries each runtime, the camera and the sensors, which takes some seconds and some of the processor."
        return fill(SECTION, found=fill('<p class="note">{note}</p>', note=note))
    at = datetime.fromisoformat(report.at).astimezone()
    found = fill(
        '<p class="note">Checked at <time datetime="{at}">{shown}</time>.</p><dl class="checks">{rows}</dl>',
        at=report.at,
        shown=f"{at:%Y-%m-%d %H:%M:%S}",
        rows=join(map(_row, report.checks)),
    )
    return fill(SECTION, found=found)


def _row(check: FoundCheck) -> Markup:
    kind, word = STATES.get(check.state, ("note", check.state))
    return fill(
        '<dt>{name} <span class="{kind}">{word}</span></dt><dd>{what}{advice}</dd>',
        name=check.name,
        kind=kind,
        word=word,
        what=check.what,
        advice=fill("<br><b>{advice}</b>", advice=check.advice) if check.advice and check.state != "ok" else "",
    )
