"""Folders of drawings: an SVG of each entry of a file with its examples, and a page of all of them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape, unescape
from pathlib import Path

from halogenator.errors import UserError

_STYLE = "<meta name=viewport content='width=device-width'>\n<style>img { max-width: 100%; height: auto }</style>\n"


def add_draw(parser: argparse.ArgumentParser) -> None:
    """Add the option that asks for drawings."""
    parser.add_argument(
        "--draw",
        type=Path,
        metavar="DIR",
        help="write an SVG of each with its examples, and index.html (default: none)",
    )


def write_drawings(title: str, sheets: Mapping[str, Callable[[], str]], folder: Path) -> str:
    """Write ``<name>.svg`` of each sheet and a page of all of them, and return a line that says so.

    Args:
        title: what is drawn.
        sheets: {name: gives the text of its SVG}.
        folder: where to.

    Raises:
        UserError: a file that this did not make would be replaced, or the disk does not take it.
    """
    from halogenator.chemistry.molecules import quiet
    from halogenator.process.failures import writing
    from halogenator.tables.parquet import whole_or_absent

    def write(path: Path, text: str) -> None:
        with whole_or_absent(path) as temporary, writing(path):
            temporary.write_text(text, encoding="utf-8")

    quiet()
    begin = f"<!doctype html>\n<meta charset=utf-8>\n<title>{title}</title>\n"
    drawings = {folder / f"{name}.svg": sheet for name, sheet in sheets.items()}
    images = "\n".join(f'<p><img src="{escape(path.name)}" alt="{escape(path.stem)}"></p>' for path in drawings)
    page = folder / "index.html"
    _check(page, begin, drawings)
    write(page, f"{begin}{_STYLE}{images}\n")  # before the drawings: it shows that they are this program's
    for path, sheet in drawings.items():
        write(path, sheet())
    return f"{len(drawings)} drawings: {page}"


def _check(page: Path, begin: str, drawings: Iterable[Path]) -> None:
    """Check that no file is replaced but an earlier page of drawings, which begins like this one, and what that shows.

    Raises:
        UserError: one would be.
    """
    there = [path.name for path in (page, *drawings) if os.path.lexists(path)]
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = ""
    ours = [page.name, *map(unescape, re.findall('<img src="(.*?)"', text))] if text.startswith(begin) else []
    if foreign := [name for name in there if name not in ours]:
        fix = "give another --draw, or move them away"
        raise UserError("the folder holds files that this verb did not make", where=page.parent, value=foreign, fix=fix)
