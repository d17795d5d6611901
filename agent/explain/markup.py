"""Write the HTML of figures and tables: without scripts or external files, for light and dark mode, and responsive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from agent.explain.figures import Figure
from agent.explain.outcomes import OutcomeKind

GENERATOR = '<meta name="generator" content="digit-agent read --explain">'
"""Marks our pages; only files with this mark are overwritten."""
STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 25%, transparent) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 90rem; margin: auto; padding: 1rem }
h1 { overflow-wrap: anywhere }
figure { margin: 1rem 0 }
figure svg { display: block; width: 100%; height: auto; background: #fff; border: 1px solid var(--line) }
figure img, td img { max-width: 100%; background: #fff }
figcaption, .note { opacity: .8 }
svg rect { fill: transparent } svg rect:hover { stroke: #d00; stroke-width: 3 }
.wide { overflow-x: auto } table { border-collapse: collapse }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top }
td img { width: 14rem }
summary { cursor: pointer; font-weight: bold; padding: .5rem 0 }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border: 1px solid var(--line) }
.read { font-size: 1.5rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
"""


class Html(str):
    """Text that is already HTML and must not be escaped again."""

    __slots__ = ()


def document(title: str, parts: Iterable[Html]) -> str:
    """Return a complete page."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{GENERATOR}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def element(tag: str, content: str, **attributes: str) -> Html:
    """Return `content` inside an element `tag`; plain text is escaped. Write `class_` for the attribute `class`."""
    given = "".join(f' {name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items())
    return Html(f"<{tag}{given}>{_html(content)}</{tag}>")


def link(address: str, content: str) -> Html:
    """Return a link to a file in the folder of the page or below it."""
    return element("a", content, href=quote(address))


def image(address: str, alt: str) -> Html:
    """Return an image whose file is in the folder of the page or below it."""
    return Html(f'<img src="{quote(address)}" alt="{escape(alt)}" loading="lazy">')


def figure(file: str, drawn: Figure) -> Html:
    """Return a figure with tooltips on its spots; `file` is its PNG in the folder of the page."""
    h, w = drawn.pixels.shape[:2]
    spots = "".join(
        f'<rect x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}"><title>{escape(text)}</title></rect>'
        for box, text in drawn.spots
    )
    return Html(
        f'<figure><svg viewBox="0 0 {w} {h}" role="img" aria-label="{escape(drawn.caption)}">'
        f'<image href="{quote(file)}" width="{w}" height="{h}"/>{spots}</svg>'
        f"<figcaption>{escape(drawn.caption)} {link(file, file)}</figcaption></figure>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table that scrolls horizontally on a narrow screen."""
    titles = "".join(element("th", cell) for cell in head)
    lines = "\n".join(f"<tr>{''.join(element('td', cell) for cell in row)}</tr>" for row in rows)
    return Html(f'<div class="wide"><table>\n<tr>{titles}</tr>\n{lines}\n</table></div>')


def folded(title: str, parts: Iterable[Html]) -> Html:
    """Return parts that are hidden until their title is clicked."""
    return Html(f"<details>{element('summary', title)}{''.join(parts)}</details>")


def swatch(kind: OutcomeKind, text: str) -> Html:
    """Return text after a square in the colour of an outcome."""
    return Html(f'<span class="swatch" style="background: rgb{kind.rgb}"></span>{escape(text)}')


def _html(text: str) -> Html:
    return text if isinstance(text, Html) else Html(escape(text))
