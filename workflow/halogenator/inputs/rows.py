"""What every molecule file is read into, records, and lines in bounded memory, decoded."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from halogenator.inputs.encodings import extends_ascii, find_encoding, not_in_encoding

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LINE = 1_000_000  # characters of a line, or of a cell; a longer one is a problem of its row
KEPT = 1_000  # characters of a text that cannot be used which a reject keeps
PEEK_CHARACTERS = 2_000_000

END = object()

# What is looked at to find out an encoding, from the first line on that is not ASCII.
_AHEAD_LINES = 2_000
_AHEAD_BYTES = 500_000


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
    """

    smiles: str | None
    id: str | None
    name: str | None
    others: tuple[tuple[str, pa.DataType], ...] = ()


class Undecoded(str):
    """A line that is not text in its file's encoding: of bytes that are none their numbers stand in it."""

    __slots__ = ()


class Lines:
    """The lines of a text stream, without their ends, in bounded memory: one longer than ``MAX_LINE`` is None.

    Args:
        stream: its bytes.
        encoding: of the text; None: UTF-8, or what the first lines that are not ASCII show.
        where: the file, for messages.

    Attributes:
        encoding: the encoding; None as long as all was ASCII.
    """

    def __init__(self, stream: IO[bytes], encoding: str | None = None, where: object = None) -> None:
        # Universal newlines: CR LF and the lone CR of old Mac exports end a line too.
        wide = encoding if encoding is not None and not extends_ascii(encoding) else None
        # A byte is a character at first: so one that does not belong to the encoding costs its line, not the file.
        self._text = io.TextIOWrapper(stream, encoding=wide or "latin-1", newline=None)
        self._wide = wide is not None
        self._stated = encoding is not None
        self._where = where
        self._raw: deque[str | None] = deque()  # lines that were read ahead, as bytes
        self._back: deque[str | None] = deque()
        self._number = 0
        self.encoding = encoding

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str | None:
        if self._back:
            return self._back.popleft()
        line = self._raw.popleft() if self._raw else self._read()
        self._number += 1
        if self._number == 1 and line is not None:
            line = line.removeprefix("\ufeff" if self._wide else "\xef\xbb\xbf")
        if line is None or self._wide or line.isascii():
            return line
        return self._decoded(line)

    def put_back(self, lines: Sequence[str | None]) -> None:
        """Have ``lines`` come next, in their order."""
        self._back.extendleft(reversed(lines))

    def peek(self, most: int) -> list[str | None]:
        """Return the next lines, at most so many and not much more than ``PEEK_CHARACTERS``; they still come."""
        taken: list[str | None] = []
        room = PEEK_CHARACTERS
        while len(taken) < most and room > 0 and (line := next(self, END)) is not END:
            assert line is None or isinstance(line, str)
            taken.append(line)
            room -= len(line or "")
        self.put_back(taken)
        return taken

    @classmethod
    def of(cls, lines: Sequence[str | None]) -> Lines:
        """Return lines that were read already, as if they were a file's."""
        found = cls(io.BytesIO())
        found.put_back(lines)
        return found

    def close(self) -> None:
        """Close the stream."""
        self._text.close()

    def _read(self) -> str | None:
        try:
            line = self._text.readline(MAX_LINE + 1)
            if not line:
                raise StopIteration
            if line[-1] == "\n":
                return line[:-1]
            if len(line) <= MAX_LINE:
                return line
            while line and line[-1] != "\n":
                line = self._text.readline(MAX_LINE)
        except UnicodeError as error:
            raise not_in_encoding(str(self.encoding), f"{self._where}, line {self._number + 1}", str(error)) from error
        return None

    def _decoded(self, line: str) -> str:
        data = line.encode("latin-1")
        if self.encoding is None:
            self.encoding = self._found_out(data)
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError:
            text = data.decode(self.encoding, "backslashreplace")
            if self._stated:
                where = f"{self._where}, line {self._number}"
                raise not_in_encoding(self.encoding, where, text) from None
            return Undecoded(text)

    def _found_out(self, data: bytes) -> str:
        """Return the encoding of a text whose first line that is not ASCII this is, from it and the lines after it."""
        sample, size = [data], len(data)
        while len(self._raw) < _AHEAD_LINES and size < _AHEAD_BYTES:
            try:
                line = self._read()
            except StopIteration:
                break
            self._raw.append(line)
            size += len(line or "")
            if line and not line.isascii():
                sample.append(line.encode("latin-1"))
        return find_encoding(sample, f"{self._where}, line {self._number}")


def _unguarded(identifier: str) -> str:
    """Return an id without the guard ="…", by which a spreadsheet is kept from taking it for a number."""
    return (
        identifier[2:-1]
        if identifier.startswith('="') and identifier.endswith('"') and len(identifier) > 3
        else identifier
    )


def make_record(
    row: int,
    smiles: str | None,
    identifier: str | None,
    name: str | None = None,
    extra: tuple[Any, ...] = (),
    problem: str | None = None,
) -> Record:
    """Return the record of a row whose cells were found (None: an empty cell).

    Args:
        row: its number.
        smiles: its SMILES, or CXSMILES.
        identifier: its id.
        name: its name.
        extra: its other cells.
        problem: what is wrong with it, if that is known already.
    """
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


def _kept(text: str | None) -> str | None:
    """Return what a reject can show of a text."""
    return text.replace("\0", "\\0")[:KEPT] if text else None
