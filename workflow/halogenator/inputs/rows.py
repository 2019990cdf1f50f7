"""Records, into which the rows of all formats are read, and the columns that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import pyarrow

T = TypeVar("T")

MAX_LINE = 1_000_000  # characters of a line or a SMILES; a longer one is a problem of its row
MAX_NAME = 10_000  # characters of an id or a name, which every product of a molecule has
MAX_EXTRA = 1_000_000  # characters of all other columns of a row together
KEPT = 1_000  # characters that a reject keeps of each text
SAMPLED = 6_000  # characters that a sample keeps of a SMILES: more than the longest that is worked on
SAMPLE_ROWS = 200  # first rows, from which columns are chosen


class Record(NamedTuple):
    """One row of a molecule file.

    Attributes:
        row: number of the row, from 1, without the header; of an SDF, the record's number; of a .smi file, the line's.
        id: None without an id column, or if the cell is empty.
        name: None without a column of names beside the id's, or if the cell is empty.
        smiles: SMILES or CXSMILES (``SMILES |extension|``) as it stands in the file, without spaces around it; "" for
            an empty cell, None if nothing can be read.
        problem: why the row cannot be used; None if it can.
        extra: values of the other columns, in the order of ``Source.others``.
        file: position of the row's file in the library's files.
    """

    row: int
    id: str | None
    name: str | None
    smiles: str | None
    problem: str | None
    extra: tuple[Any, ...] = ()
    file: int = 0


class Source(NamedTuple):
    """The names of the columns of a library's files that are read.

    Attributes:
        smiles: the column of SMILES; None where the molecules are no column, as in an SDF.
        id: the column of ids; None where rows are numbered.
        name: the column of names beside the ids; None where there is none.
        others: (name, Arrow type) of each other column that is kept, in file order.
        extension: the column of the SMILES' CXSMILES extensions; None where there is none.
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
    """An open file of any format.

    Attributes:
        source: its columns.
        records: yields its records; can be called once.
        number: returns its number of rows; not for text files.
    """

    source: Source
    records: Callable[[], Iterator[Record]]
    number: Callable[[], int] = _uncounted


class Undecoded(str):
    r"""A text with bytes that are no character in its file's encoding; these are written as numbers, ``\xe9``."""

    __slots__ = ()


def without_blank_end(rows: Iterable[T], is_blank: Callable[[T], bool], nothing: T) -> Iterator[T]:
    """Yield the rows, with ``nothing`` for each blank row; blank rows at the end are left out.

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
    """Return the record of a row, after a check for problems that are not known yet.

    Args:
        row: its number.
        smiles: its SMILES; None for an empty cell, here and below.
        identifier: its id.
        name: its name.
        extra: values of the other columns.
        problem: why the row cannot be used, if that is known already.
    """
    identifier = _unguarded((identifier or "").strip()) or None
    name = (name or "").strip() or None
    text = (smiles or "").strip()
    if problem is None:
        if "\0" in text or (identifier and "\0" in identifier):
            problem = "NUL byte in the row"  # RDKit would read the text up to the NUL byte only
        elif "\n" in text:
            problem = "line end in the SMILES"  # RDKit would read the first line only
        elif len(text) > MAX_LINE:
            problem = f"SMILES longer than {MAX_LINE:,} characters"
        else:
            problem = _too_long(identifier, name)
    if problem is None:
        return Record(row, identifier, name, text, None, extra)
    extra = () if too_much(extra) else extra
    return Record(row, _kept(identifier), _kept(name), _kept(text.replace("\n", "\\n")), problem, extra)


def too_much(extra: Iterable[Any]) -> str | None:
    """Return the problem of a row with these values of other columns; None if they are not too much for one row."""
    if sum(len(value) for value in extra if isinstance(value, str)) <= MAX_EXTRA:
        return None
    return f"other columns with more than {MAX_EXTRA:,} characters together"


def not_text(line: str | None) -> str | None:
    """Return the problem of a row that a line (see ``Lines``) is part of; None if there is none."""
    if line is None:
        return f"line longer than {MAX_LINE:,} characters"
    return "not UTF-8 text, as the rest of the file is" if isinstance(line, Undecoded) else None


def _too_long(identifier: str | None, name: str | None) -> str | None:
    """Return the problem of a row whose id or name is too long; None if neither is."""
    what = next((kind for kind, text in (("id", identifier), ("name", name)) if text and len(text) > MAX_NAME), None)
    return f"{what} longer than {MAX_NAME:,} characters" if what else None


def _unguarded(identifier: str) -> str:
    """Return an id without ="…", which people write around it so that spreadsheets do not make it a number."""
    guarded = len(identifier) > 3 and identifier.startswith('="') and identifier.endswith('"')
    return identifier[2:-1] if guarded else identifier


def _kept(text: str | None) -> str | None:
    """Return the part of a text that a reject keeps."""
    return text.replace("\0", "\\0")[:KEPT] if text else None
