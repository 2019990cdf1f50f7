"""A page of drawn molecules in one file, to send by mail: no script, nothing from elsewhere, every text escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path

_SHORT = 30  # characters of a value that has a line of its own

# Only the style sheet in the page is allowed: a browser runs and loads nothing, whatever a text says.
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
form-action 'none'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --page: #fff; --ink: #1b1d22; --mute: #575c66; --line: #d9d9d3;
  --k: #1b1d22; --n: #2343c4; --o: #bf1d1d; --s: #766700; --x: #0a7430; --e: #6b3fa0; --m: #ffd978; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #14161a; --ink: #e9e9e5; --mute: #a9aeb8; --line: #383d47;
  --k: #e9e9e5; --n: #94acff; --o: #ff8d84; --s: #d8cc55; --x: #74dd92; --e: #cbaaff; --m: #6a5208; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, Arial, sans-serif; }}
h1 {{ font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }}
p {{ margin: 0 0 1.2rem; color: var(--mute); overflow-wrap: anywhere; }}
ol {{ list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); }}
li {{ border: 1px solid var(--line); border-radius: 6px; padding: .8rem; break-inside: avoid; min-width: 0;
  content-visibility: auto; contain-intrinsic-size: auto 24rem; }}
h2 {{ font-size: 1rem; line-height: 1.3; margin: .5rem 0 0; overflow-wrap: anywhere; }}
li > p {{ margin: 0 0 .5rem; font-size: .82rem; }}
.box {{ min-height: 11rem; gap: .4rem; display: grid; place-items: center; color: var(--mute); }}
.mol {{ display: block; max-width: 100%; max-height: 11rem; height: auto; font-family: Arial, sans-serif; }}
.k {{ fill: var(--k); }} .n {{ fill: var(--n); }} .o {{ fill: var(--o); }} .s {{ fill: var(--s); }}
.x {{ fill: var(--x); }} .e {{ fill: var(--e); }}
.m {{ fill: var(--m); }} .mol path.m {{ stroke: var(--m); stroke-width: 8; stroke-linejoin: round; }}
.mol path.l {{ fill: none; stroke-width: 1.6; stroke-linecap: round; }}
.l.k {{ stroke: var(--k); }} .l.n {{ stroke: var(--n); }} .l.o {{ stroke: var(--o); }} .l.s {{ stroke: var(--s); }}
.l.x {{ stroke: var(--x); }} .l.e {{ stroke: var(--e); }}
dl {{ display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .8rem; margin: 0; font-size: .87rem; }}
dt {{ color: var(--mute); }}
dd {{ margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }}
summary {{ cursor: pointer; color: var(--mute); font-size: .87rem; padding: .3rem 0; }}
@media print {{ body {{ padding: 0; max-width: none; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{subtitle}</p>
<ol>
"""
_FOOT = """</ol>
</body>
</html>
"""


@contextmanager
def html_writer(
    path: Path, columns: Sequence[str], drawing: str, *, title: str, subtitle: str
) -> Iterator[Callable[[Sequence[Sequence[object]]], None]]:
    """Give a function that writes rows to a page as cards: drawing, title, name, short values, then all others.

    Args:
        path: the file.
        columns: the columns of each row: ``drawing``, which is an SVG or None, and others with texts and numbers.
        drawing: name of that column.
        title: heading of the page.
        subtitle: the line below it.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD.format(title=escape(title), subtitle=escape(subtitle)))

        def write(rows: Sequence[Sequence[object]]) -> None:
            for row in rows:
                file.write(_card(dict(zip(columns, row, strict=True)), drawing))

        yield write
        file.write(_FOOT)


def _card(values: dict[str, object], drawing: str) -> str:
    """Return the card of a molecule."""
    drawn = values.pop(drawing) or "not drawn: too large"
    name = values.get("name")
    heading = values.pop("title", None) or name
    shown = {key: str(value) for key, value in values.items() if value is not None and key != "name"}
    short = {key: text for key, text in shown.items() if len(text) <= _SHORT and key not in _FOLDED}
    folded = {key: text for key, text in shown.items() if key not in short}
    named = f"<p>{escape(str(name))}</p>\n" if heading != name else ""
    more = f"<details><summary>More</summary>{_pairs(folded)}</details>" if folded else ""
    head = f'<li><div class="box">{drawn}</div>\n<h2>{escape(str(heading or ""))}</h2>\n{named}'
    return f"{head}{_pairs(short)}{more}</li>\n"


_FOLDED = frozenset({"smiles", "library", "transform", "parent_id", "site", "n_routes", "parent", "parent_smiles"})


def _pairs(values: dict[str, str]) -> str:
    shown = "".join(f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>" for key, text in values.items())
    return f"<dl>{shown}</dl>\n" if shown else ""
