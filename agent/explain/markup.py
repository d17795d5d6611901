"""The HTML that shows figures and tables: no script, nothing from the net, light or dark, as wide as the screen is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from agent.explain.figures import Figure
from agent.explain.outcomes import Outcome

GENERATOR = '<meta name="generator" content="digit-agent read --explain">'
"""By it our pages are known again, and only they are ever overwritten."""
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
.fate { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border: 1px solid var(--line) }
.read { font-size: 1.5rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def document(title: str, parts: Iterable[Html]) -> str:
    """A whole page."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{GENERATOR}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def element(tag: str, content: str, **attributes: str) -> Html:
    """`content` within `tag`; what is no HTML yet is escaped. `class_` stands for `class`."""
    given = "".join(f' {name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items())
    return Html(f"<{tag}{given}>{_html(content)}</{tag}>")


def link(address: str, content: str) -> Html:
    """A link to a file beside the page, or below it."""
    return element("a", content, href=quote(address))


def image(address: str, alt: str) -> Html:
    """A picture beside the page, or below it."""
    return Html(f'<img src="{quote(address)}" alt="{escape(alt)}" loading="lazy">')


def figure(file: str, drawn: Figure) -> Html:
    """A figure whose spots say what they are when they are pointed at; `file` is its PNG beside the page."""
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
    """A table that scrolls by itself where the screen is narrow."""
    titles = "".join(element("th", cell) for cell in head)
    lines = "\n".join(f"<tr>{''.join(element('td', cell) for cell in row)}</tr>" for row in rows)
    return Html(f'<div class="wide"><table>\n<tr>{titles}</tr>\n{lines}\n</table></div>')


def folded(title: str, parts: Iterable[Html]) -> Html:
    """What is shown when its title is clicked."""
    return Html(f"<details>{element('summary', title)}{''.join(parts)}</details>")


def swatch(fate: Outcome, text: str) -> Html:
    """Text after a square of a fate's colour."""
    return Html(f'<span class="fate" style="background: rgb{fate.rgb}"></span>{escape(text)}')


def _html(text: str) -> Html:
    return text if isinstance(text, Html) else Html(escape(text))
