"""The report as one HTML file: style, charts and pictures inside, no script, nothing fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

import cv2

from converters.report import charts
from converters.report.study import Judged, Misread, Study
from converters.report.tables import Table, corruption, digits, log_tables, nets

SIGNS = (*map(str, range(10)), "–")
"""Of classes; the last is what is rejected."""


def page(study: Study) -> str:
    """The whole page."""
    shipped = [one for one in study.nets if one.contender.ships]
    sections = [
        _section("Bytes against accuracy", charts.sizes(study.nets) + _table(nets(study), titled=False)),
        _section("Harder images", _harder(study)),
        _section("Each digit", '<div class="row">' + "".join(_digits(one) for one in shipped) + "</div>"),
        _section("Misread test images", "".join(_misread(one) for one in shipped)),
        *(_section(table.title, _table(table, titled=False)) for table in log_tables(study.runs) if table.rows),
    ]
    body = "\n".join(["<h1>How well the nets read</h1>", _lead(study), *sections])
    head = f"<head>{HEAD}<style>{STYLE}</style></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body><main>{body}</main></body></html>\n'


def _lead(study: Study) -> str:
    images = study.nets[0].verdict.images
    runs = f"The log knows {len(study.runs)} training runs." if study.runs else "The log is empty yet."
    return f"<p>Measured on MNIST's {images:,} test images, which nothing was chosen by. {runs}</p>"


def _harder(study: Study) -> str:
    told = "<p>Accuracy on test images made harder, from untouched to the fifth strength.</p>"
    small = f'<div class="row">{charts.corruptions(study.nets)}</div>'
    return told + charts.legend(study.nets) + small + _table(corruption(study))


def _digits(net: Judged) -> str:
    return f"<div>{_table(digits(net))}{_confusion(net)}</div>"


def _confusion(net: Judged) -> str:
    """What is true in rows, what was read in columns; mistakes are the darker the more there are."""
    matrix = net.verdict.confusion
    most = max([1, *(matrix[i][j] for i in range(10) for j in range(11) if i != j)])
    head = "".join(f"<th>{sign}</th>" for sign in SIGNS)
    rows = []
    for true in range(10):
        cells = []
        for read in range(11):
            count = matrix[true][read]
            if read == true:
                cells.append(f'<td class="right">{count}</td>')
            elif count:
                cells.append(f'<td style="--share:{0.25 + 0.75 * count / most:.2f}" class="wrong">{count}</td>')
            else:
                cells.append("<td>·</td>")
        rows.append(f"<tr><th>{true}</th>{''.join(cells)}</tr>")
    caption = f"{escape(net.contender.name)}: true ↓, read →, – is rejected"
    return (
        f'<table class="confusion"><caption>{caption}</caption><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _misread(net: Judged) -> str:
    pictures = "".join(_picture(one) for one in net.misread)
    told = f"{net.contender.name}: {len(net.misread)} of {net.verdict.images:,}"
    return f'<h3>{escape(told)}</h3><div class="misread">{pictures}</div>'


def _picture(miss: Misread) -> str:
    encoded, content = cv2.imencode(".png", miss.image)
    assert encoded
    source = b64encode(content.tobytes()).decode()
    told = f"{miss.true} read as {SIGNS[miss.read]}"
    return (
        f'<figure><img alt="{told}" title="test image {miss.number}" src="data:image/png;base64,{source}">'
        f"<figcaption>{miss.true} → <b>{SIGNS[miss.read]}</b></figcaption></figure>"
    )


def _table(table: Table, *, titled: bool = True) -> str:
    caption = f"<caption>{escape(table.title)}</caption>" if titled else ""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}'


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>digit-agent: how well the nets read</title>"
)
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #66707a; --line: #d9dee3; --back: #fff;
  --net0: #0072b2; --net1: #d55e00; --net2: #009e73; --net3: #aa4499; --net4: #8c6d00; --wrong: 213 94 0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa4ae; --line: #363d44; --back: #15181b;
  --net0: #56b4e9; --net1: #ff8c42; --net2: #2fc79a; --net3: #e08ad6; --net4: #e0c04a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0; }
main { max-width: 1200px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 10px; } h3 { font-size: 15px; }
svg { width: 100%; height: auto; display: block; font: 11px system-ui, sans-serif; }
.grid { stroke: var(--line); } .axis { fill: var(--soft); } .title { fill: var(--ink); font-weight: 600; }
circle.record { fill: var(--soft); } text.record { fill: var(--soft); } text.own { fill: var(--ink); font-weight: 600; }
.line { fill: none; stroke-width: 2; } circle.net { stroke: var(--back); stroke-width: 1.5; }
.line.net0 { stroke: var(--net0); } .line.net1 { stroke: var(--net1); } .line.net2 { stroke: var(--net2); }
.line.net3 { stroke: var(--net3); } .line.net4 { stroke: var(--net4); }
circle.net0 { fill: var(--net0); } circle.net1 { fill: var(--net1); } circle.net2 { fill: var(--net2); }
circle.net3 { fill: var(--net3); } circle.net4 { fill: var(--net4); }
.legend { display: flex; gap: 18px; flex-wrap: wrap; } .key::before { content: ""; display: inline-block; width: 18px;
  height: 3px; vertical-align: middle; margin-right: 6px; background: currentColor; }
.key.net0 { color: var(--net0); } .key.net1 { color: var(--net1); } .key.net2 { color: var(--net2); }
.key.net3 { color: var(--net3); } .key.net4 { color: var(--net4); }
.row { display: flex; flex-wrap: wrap; gap: 18px 26px; } .small { width: 238px; margin: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 6px 0; }
caption { text-align: left; font-weight: 600; padding: 8px 0 4px; } .wide { overflow-x: auto; }
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } td:first-child, th:first-child { text-align: left; padding-left: 0; }
.confusion { table-layout: fixed; width: 376px; }
.confusion th, .confusion td { padding: 2px 0; text-align: center; border: 0; font-size: 12px; }
.confusion td { color: var(--soft); } .confusion td.right { color: var(--ink); font-weight: 600; }
.confusion td.wrong { color: var(--ink); background: rgb(var(--wrong) / calc(var(--share) * 0.6)); border-radius: 3px; }
.note { color: var(--soft); margin: 2px 0 0; font-size: 13px; }
.misread { display: flex; flex-wrap: wrap; gap: 10px; } .misread figure { margin: 0; text-align: center; }
.misread img { width: 56px; height: 56px; image-rendering: pixelated; border-radius: 4px; display: block; }
figcaption { font-size: 13px; color: var(--soft); } figcaption b { color: var(--net1); }
"""
