"""Rows as Arrow batches, and from these as tables of Arrow, pandas and Polars, and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from halogenator.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

BATCH_ROWS = 10_000  # of an Arrow batch; some megabytes
SHOWN_ROWS = 10  # in a notebook
_LONG = 60  # characters of a cell

STYLE = """<style>
.hgr p { white-space: pre-wrap; overflow-wrap: anywhere; }
.hgr-table { overflow-x: auto; }
.hgr table { border-collapse: collapse; font-size: 0.85em; }
.hgr td, .hgr th { text-align: left; vertical-align: middle; padding: 0.2em 0.6em; }
.hgr-cards { display: flex; flex-wrap: wrap; gap: 0.6em; }
.hgr-cards figure { margin: 0; border: 1px solid #d9d9d3; border-radius: 6px; overflow: hidden; max-width: 100%; }
.hgr-cards figcaption { padding: 0.2em 0.6em 0.4em; font-size: 0.8em; overflow-wrap: anywhere; }
.hgr-cards svg { max-width: 100%; height: auto; display: block; }
</style>"""


class Frame:
    """Rows that are read in batches, and become tables where that is asked for. Each conversion is one pass."""

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        raise NotImplementedError

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as Arrow batches, of some ten thousand rows each."""
        raise NotImplementedError

    def to_arrow(self) -> pa.Table:
        """Return all rows as an Arrow table."""
        return pa.Table.from_batches(self.batches(), schema=self.schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows as a pandas DataFrame.

        Raises:
            UserError: pandas is not installed.
        """
        needed("pandas")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """Return all rows as a Polars DataFrame.

        Raises:
            UserError: Polars is not installed.
        """
        frame: pl.DataFrame = needed("polars").from_arrow(self.to_arrow())
        return frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as a stream of the Arrow C interface, which DuckDB, Polars and pandas read."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches()).__arrow_c_stream__(requested_schema)


def needed(name: str) -> Any:
    """Return a package that is no dependency of this one.

    Raises:
        UserError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(
            f"{name} is not installed here, and nothing else needs it",
            value=str(error),
            allowed="to_arrow() needs nothing more",
            fix=f"pip install {name}",
        ) from error


def html_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as an HTML table; pictures, which are texts that begin with ``<svg``, stay as they are."""
    if not rows:
        return ""
    names = list(rows[0])
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="hgr-table">{table}</div>'


def html_cards(cards: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return pictures side by side, each with lines of text below it."""
    drawn = "".join(
        f"<figure>{picture}<figcaption>{'<br>'.join(map(escape, lines))}</figcaption></figure>"
        for picture, lines in cards
    )
    return f'<div class="hgr-cards">{drawn}</div>' if drawn else ""


def framed(*parts: str) -> str:
    """Return parts of HTML as one, with their style."""
    return f'<div class="hgr">{STYLE}{"".join(parts)}</div>'


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.startswith("<svg"):
        return value
    text = str(value)
    return escape(text if len(text) <= _LONG else f"{text[:_LONG]}…")
