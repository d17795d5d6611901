"""The report as one self-contained HTML file: style, charts and pictures are embedded, without scripts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

import cv2

from converters.report import charts
from converters.report.results import MisreadImage, NetResult, ReportData
from converters.report.tables import Table, corruption_table, digits_table, log_tables, nets_table, paper_table

CLASS_LABELS = (*map(str, range(10)), "–")
"""Label of each class in tables; the last class is "not a digit"."""


def page(report: ReportData) -> str:
    """Return the HTML of the page."""
    shipped = [one for one in report.nets if one.net.ships]
    paper = paper_table(report.paper)
    titled = [
        *([(paper.title, _table(paper, titled=False))] if paper.rows else []),
        ("Accuracy over file size", charts.size_chart(report.nets) + _table(nets_table(report), titled=False)),
        ("Corrupted images", _corrupted(report)),
        ("Metrics of each digit", '<div class="row">' + "".join(_digits(one) for one in shipped) + "</div>"),
        ("Misread test images", "".join(_misread(one) for one in shipped)),
        *((table.title, _table(table, titled=False)) for table in log_tables(report.runs) if table.rows),
    ]
    sections = [_section(number, *one) for number, one in enumerate(titled)]
    body = "\n".join(
        ["<h1>Accuracy of the nets</h1>", _lead(report), _contents([title for title, _ in titled]), *sections]
    )
    head = f"<head>{HEAD}<style>{STYLE}</style></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body><main>{body}</main></body></html>\n'


def _lead(report: ReportData) -> str:
    images = report.nets[0].metrics.images
    runs = f"The log has {len(report.runs)} training runs." if report.runs else "The log has no training runs yet."
    return f"<p>Measured on MNIST's {images:,} test images. No model was selected on them. {runs}</p>"


def _corrupted(report: ReportData) -> str:
    intro = "<p>Accuracy on corrupted test images, from the original images to the fifth strength.</p>"
    small_charts = f'<div class="row">{charts.corruption_charts(report.nets)}</div>'
    return intro + charts.legend(report.nets) + small_charts + _table(corruption_table(report))


def _digits(result: NetResult) -> str:
    return f"<div>{_table(digits_table(result))}{_confusion(result)}</div>"


def _confusion(result: NetResult) -> str:
    """Return the confusion matrix: rows are labels, columns predictions; frequent errors are darker."""
    matrix = result.metrics.confusion
    max_errors = max([1, *(matrix[i][j] for i in range(10) for j in range(11) if i != j)])
    head = "".join(f"<th>{class_label}</th>" for class_label in CLASS_LABELS)
    rows = []
    for label in range(10):
        cells = []
        for predicted in range(11):
            count = matrix[label][predicted]
            if predicted == label:
                cells.append(f'<td class="right">{count}</td>')
            elif count:
                cells.append(f'<td style="--share:{0.25 + 0.75 * count / max_errors:.2f}" class="wrong">{count}</td>')
            else:
                cells.append("<td>·</td>")
        rows.append(f"<tr><th>{label}</th>{''.join(cells)}</tr>")
    caption = f"{escape(result.net.name)}: label ↓, prediction →, – means rejected"
    return (
        f'<table class="confusion"><caption>{caption}</caption><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _misread(result: NetResult) -> str:
    pictures = "".join(_picture(one) for one in result.misread)
    title = f"{result.net.name}: {len(result.misread)} of {result.metrics.images:,}"
    return f'<h3>{escape(title)}</h3><div class="misread">{pictures}</div>'


def _picture(miss: MisreadImage) -> str:
    encoded, content = cv2.imencode(".png", miss.image)
    assert encoded
    source = b64encode(content.tobytes()).decode()
    description = f"{miss.label} read as {CLASS_LABELS[miss.predicted]}"
    return (
        f'<figure><img alt="{description}" title="test image {miss.number}" src="data:image/png;base64,{source}">'
        f"<figcaption>{miss.label} → <b>{CLASS_LABELS[miss.predicted]}</b></figcaption></figure>"
    )


def _table(table: Table, *, titled: bool = True) -> str:
    caption = f"<caption>{escape(table.title)}</caption>" if titled else ""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}'


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell).replace(' ± ', '&nbsp;±&nbsp;')}</td>" for cell in row)


def _contents(titles: Sequence[str]) -> str:
    links = (f'<li><a href="#section{number}">{escape(title)}</a></li>' for number, title in enumerate(titles))
    return f"<nav><ol>{''.join(links)}</ol></nav>"


def _section(number: int, title: str, content: str) -> str:
    return f'<section id="section{number}"><h2>{escape(title)}</h2>{content}</section>'


HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>digit-agent: accuracy of the nets</title>"
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
circle.published, text.published { fill: var(--soft); } text.own { fill: var(--ink); font-weight: 600; }
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
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
td:first-child, th:first-child { text-align: left; padding-left: 0; white-space: nowrap; }
nav ol { columns: 2; max-width: 760px; } a { color: var(--net0); }
.confusion { table-layout: fixed; width: 376px; }
.confusion th, .confusion td { padding: 2px 0; text-align: center; border: 0; font-size: 12px; }
.confusion td { color: var(--soft); } .confusion td.right { color: var(--ink); font-weight: 600; }
.confusion td.wrong { color: var(--ink); background: rgb(var(--wrong) / calc(var(--share) * 0.6)); border-radius: 3px; }
.note { color: var(--soft); margin: 2px 0 0; font-size: 13px; }
.misread { display: flex; flex-wrap: wrap; gap: 10px; } .misread figure { margin: 0; text-align: center; }
.misread img { width: 56px; height: 56px; image-rendering: pixelated; border-radius: 4px; display: block; }
figcaption { font-size: 13px; color: var(--soft); } figcaption b { color: var(--net1); }
"""
