"""What every molecule file is read into: rows as records, and what its columns are taken for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import pyarrow

T = TypeVar("T")

MAX_LINE = 1_000_000  # characters of a line, or of a cell; a longer one is a problem of its row
KEPT = 1_000  # characters of a text that cannot be used which a reject keeps
SAMPLE_ROWS = 200  # that are looked at to find out which column is what


class Record(NamedTuple):
    """One row of a molecule file.

    Attributes:
        row: 1-based data row of its file (the header is not counted); in an SDF the record's number; in a .smi file the
            line below the header.
        id: None without an id column, or when the cell is empty.
        name: what a column beside the id's calls the molecule; None without one, or when the cell is empty.
        smiles: SMILES or CXSMILES (``SMILES |extension|``) as found, stripped ("" for an empty cell); None when there
            is none to be read.
        problem: why the row cannot be used; else None. What could be read of it is kept.
        extra: values of the other columns, in the order of ``Source.others``.
        file: the row's file, a position in the library's files.
    """

    row: int
    id: str | None
    name: str | None
    smiles: str | None
    problem: str | None
    extra: tuple[Any, ...] = ()
    file: int = 0


class Source(NamedTuple):
    """What the columns of a library's files are taken for.

    Attributes:
        smiles: the column that has the SMILES; None where the molecules are no column, as in an SDF.
        id: the column that has the ids; None where rows are numbered.
        name: the column that has names beside the ids; None where there is none.
        others: (column, Arrow type) of each other column that comes along, in file order.
        extension: the column that has the CXSMILES extensions of the SMILES; None where there is none.
    """

    smiles: str | None
    id: str | None
    name: str | None
    others: tuple[tuple[str, pyarrow.DataType], ...] = ()
    extension: str | None = None

    def names(self) -> list[str]:
        """Return the names of all columns that are read."""
        found = (self.smiles, self.id, self.name, *(name for name, _ in self.others), self.extension)
        return list(dict.fromkeys(name for name in found if name is not None))


def _uncounted() -> int:
    raise NotImplementedError("of a text, a part is counted")


@dataclass(frozen=True)
class Opened:
    """A file of any format, open: what every format gives.

    Attributes:
        source: what its columns are taken for.
        records: yields its records, whose ``extra`` has the order of ``source.others``; can be asked for once.
        number: returns how many rows it has, of a format that is not text.
    """

    source: Source
    records: Callable[[], Iterator[Record]]
    number: Callable[[], int] = _uncounted


class Undecoded(str):
    """A text that is none in its file's encoding: of bytes that are no character their numbers stand in it."""

    __slots__ = ()


def without_blank_end(rows: Iterable[T], is_blank: Callable[[T], bool], nothing: T) -> Iterator[T]:
    """Yield rows, ``nothing`` for each that is blank, but for the blank ones at the end.

    Examples:
        >>> list(without_blank_end(["CCO", " ", "CCN", "", ""], lambda row: not row.strip(), ""))
        ['CCO', '', 'CCN']
    """
    blank = 0
    for row in rows:
        if is_blank(row):
            blank += 1
            continue
        yield from repeat(nothing, blank)
        blank = 0
        yield row


def text_type() -> pyarrow.DataType:
    """Return the type of a column of text."""
    import pyarrow

    return pyarrow.string()


def make_record(
    row: int,
    smiles: str | None,
    identifier: str | None,
    name: str | None = None,
    extra: tuple[Any, ...] = (),
    problem: str | None = None,
) -> Record:
    """Return the record of a row's cells (None: an empty one), with its problem if it has one that is not known yet."""
    identifier = _unguarded((identifier or "").strip()) or None
    name = (name or "").strip() or None
    text = (smiles or "").strip()
    if problem is None:
        if "\0" in text or (identifier and "\0" in identifier):
            problem = "NUL byte in the row"  # RDKit would take the text up to the NUL byte for the whole
        elif "\n" in text:
            problem = "line end in the SMILES"  # RDKit would take the first line for the whole
        elif len(text) > MAX_LINE:
            problem = f"SMILES longer than {MAX_LINE:,} characters"
    if problem is None:
        return Record(row, identifier, name, text, None, extra)
    return Record(row, _kept(identifier), _kept(name), _kept(text.replace("\n", "\\n")), problem, extra)


def not_text(line: str | None) -> str | None:
    """Return what is wrong with a row that such a line is part of; None: nothing."""
    if line is None:
        return f"line longer than {MAX_LINE:,} characters"
    return "not UTF-8 text, as the rest of the file is" if isinstance(line, Undecoded) else None


def _unguarded(identifier: str) -> str:
    """Return an id without the guard ="…", by which a spreadsheet is kept from taking it for a number."""
    guarded = len(identifier) > 3 and identifier.startswith('="') and identifier.endswith('"')
    return identifier[2:-1] if guarded else identifier


def _kept(text: str | None) -> str | None:
    """Return what a reject can show of a text."""
    return text.replace("\0", "\\0")[:KEPT] if text else None
