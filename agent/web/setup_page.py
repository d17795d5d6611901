"""The page on which people set the board up: the region that is read, the camera, and every option."""

from __future__ import annotations

from agent.web.configuration import Configuration, ShownOption
from agent.web.markup import Markup, fill, join

STEPS = {"rotate": "90"}
"""Steps of numbers that do not take every value."""
SETUP = """
<noscript><p class="alert">This page needs JavaScript.</p></noscript>{locked}
<div class="live setup">
  <div class="stage">
    <div id="drawn"><img id="picture" alt="What the camera sees" draggable="false"><div id="region" hidden></div></div>
    <p class="note">Draw the region to read on the picture, or write it below.
      <button id="whole" type="button" class="quiet"{disabled}>Whole picture</button></p>
  </div>
  <form id="options" autocomplete="off" data-version="{version}" data-state="{state}">
    {changeable}
    <div id="controls" hidden><h2>Controls of this camera</h2>
      <p class="note">They are set at once. Save keeps them in the option <code>control</code>.</p></div>
    <div class="save"><p id="said" class="note" role="status">{text}</p>
      <p class="actions"><button id="save" disabled>Save</button>
      <button id="reset" type="button" class="quiet" disabled>Discard</button></p></div>
  </form>
</div>
<h2>Other options</h2>
<p class="note">They are changed in <code>{file}</code>. <code>digit-agent config check</code> finds mistakes in it.</p>
<dl class="options">{fixed}</dl>
"""


def setup_body(found: Configuration) -> Markup:
    """Return the content of the page; its script draws and saves."""
    changeable = [one for one in found.options if not one.locked]
    return fill(
        SETUP,
        locked=fill('<p class="alert">{text}</p>', text=found.locked) if found.locked else "",
        disabled=Markup(" disabled") if found.locked else "",
        version=found.version,
        state=found.change.state,
        text=found.change.text,
        changeable=join(_field(one, is_locked=bool(found.locked)) for one in changeable),
        file=found.file,
        fixed=join(_row(one) for one in found.options if one.locked),
    )


def _field(option: ShownOption, *, is_locked: bool) -> Markup:
    return fill(
        '<div class="option"><label for="option-{name}"><code>{name}</code> <span class="origin">from: {origin}</span>'
        '</label>{input}<p id="help-{name}" class="note">{help}</p></div>',
        name=option.name,
        origin=option.origin,
        input=_input(option, Markup(" disabled" if is_locked else "")),
        help=option.help,
    )


def _input(option: ShownOption, disabled: Markup) -> Markup:
    common = fill(
        'id="option-{name}" name="{name}" data-kind="{kind}" aria-describedby="help-{name}"{disabled}',
        name=option.name,
        kind=option.kind,
        disabled=disabled,
    )
    choices = ("true", "false") if option.kind == "switch" else option.choices
    if choices:
        shown = join(
            fill('<option value="{value}"{selected}>{label}</option>', value=value, label=value or "not set",
                 selected=Markup(" selected") if value == _text(option) else "")
            for value in ("", *choices)
        )  # fmt: skip
        return fill("<select {common}>{shown}</select>", common=common, shown=shown)
    limits = join(
        fill(' {name}="{value}"', name=name, value=value)
        for name, value in (("min", option.minimum), ("max", option.maximum))
        if value is not None
    )
    step = STEPS.get(option.name, "1" if option.kind == "integer" else "any")
    kind = (
        Markup('type="text" spellcheck="false"')
        if option.kind == "text"
        else fill('type="number" step="{step}"{limits}', step=step, limits=limits)
    )
    return fill('<input {common} {kind} value="{value}">', common=common, kind=kind, value=_text(option))


def _text(option: ShownOption) -> str:
    if isinstance(option.value, bool):
        return str(option.value).lower()
    return "" if option.value is None else str(option.value)


def _row(option: ShownOption) -> Markup:
    return fill(
        "<dt><code>{name}</code> <b>{value}</b></dt><dd>{help} <i>From: {origin}.</i>{why}</dd>",
        name=option.name,
        value=_text(option) or "not set",
        help=option.help,
        origin=option.origin,
        why=" It wins over the file." if option.origin == "command line" else "",
    )
