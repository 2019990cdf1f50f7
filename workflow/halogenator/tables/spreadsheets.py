"""Texts in CSV and TSV files that a spreadsheet would run as formulas: they are written with an apostrophe before them.

A cell that begins with ``= + - @``, a tab or a line end, also behind spaces or apostrophes, gets one apostrophe more.
Reading takes one off, so that every text comes back as it was. Outside of names and ids, a text that is a number is
left as it is, since it runs to itself.
"""

from __future__ import annotations

import re

RUNS = r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"
_RUNS = re.compile(RUNS)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def guarded(text: str, *, number: bool) -> str:
    """Return a text as it is written into a cell; ``number``: whether it may be one.

    Examples:
        >>> guarded("=1+1", number=False), guarded("-1.5", number=True), guarded("-1.5", number=False)
        ("'=1+1", '-1.5', "'-1.5")
    """
    runs = _RUNS.match(text) and not (number and _NUMBER.fullmatch(text))
    return f"'{text}" if runs else text


def unguarded(cell: str) -> str:
    """Return the text of a cell that ``guarded`` may have written.

    Examples:
        >>> unguarded("'=1+1"), unguarded("'hydroxy")
        ('=1+1', "'hydroxy")
    """
    return cell[1:] if cell[:1] == "'" and _RUNS.match(cell) else cell
