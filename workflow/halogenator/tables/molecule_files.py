"""Molecule files for other programs, written in batches: SMILES, CSV, TSV and SDF, all also with gzip, and Parquet.

Pages (HTML) and workbooks (Excel) have drawings of the molecules.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from halogenator.errors import UserError, did_you_mean
from halogenator.process.failures import writing
from halogenator.tables.file_columns import as_type
from halogenator.tables.html_grid import html_writer
from halogenator.tables.parquet import table_writer, whole_or_absent
from halogenator.tables.spreadsheets import RUNS, guarded
from halogenator.tables.workbook import workbook_writer

BLOCK, DRAWING = "mol block", "drawing of the structure"  # columns that an SDF, a page or a workbook is made from
_NAMES = frozenset({"name", "id", "parent", "parent_id", "parent_name"})  # columns whose texts are never numbers
_UNUSUAL = rf"^{RUNS}|[\r\x00]"  # texts that are changed in a CSV or TSV file
_OF_CONFORMER = ("conformer", "energy", "force_field")  # tags of one of a molecule's 3D structures
CONFORMERS = pa.list_(
    pa.struct([(BLOCK, pa.string()), *zip(_OF_CONFORMER, (pa.int32(), pa.float64(), pa.string()), strict=True)])
)
_END = "$$$$"  # begins the line that ends an SDF record
_GZIP_LEVEL = 4  # level 6 takes twice the time and saves some 5 % of the size


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        kind: smi, csv, tsv, sdf, parquet, html or xlsx.
        gzipped: whether the file is compressed with gzip.
        most: molecules in a file, what people and their programs can still look at; None: any number.
    """

    kind: str
    gzipped: bool = False
    most: int | None = None

    @property
    def ending(self) -> str:
        return f".{self.kind}.gz" if self.gzipped else f".{self.kind}"


FORMATS = {
    form.ending[1:]: form
    for form in (
        *(Format(kind, gzipped=gzipped) for kind in ("smi", "csv", "tsv", "sdf") for gzipped in (False, True)),
        Format("parquet"),
        Format("html", most=1_000),  # some 6 MB, as much as mail takes
        Format("xlsx", most=2_000),  # some 20 MB; drawings of more make Excel slow
    )
}


def format_of(path: Path) -> Format:
    """Return the format that a file's name ends in.

    Raises:
        UserError: the name does not end in a format.
    """
    name = path.name.lower()
    found = next((form for form in FORMATS.values() if name.endswith(form.ending) and name != form.ending), None)
    if found is None:
        ending = "".join(path.suffixes[-2:])[1:]
        advice = "Parquet is compressed already: leave .gz away" if ending == "parquet.gz" else None
        raise UserError(
            "the name of the file to make does not end in a format",
            where="--out",
            value=path.name,
            allowed=[f".{name}" for name in FORMATS],
            fix=advice or did_you_mean(ending, FORMATS) or f"call it, say, {path.name.partition('.')[0] or 'out'}.smi",
        )
    return found


Write = Callable[[pa.RecordBatch], None]  # writes a batch


@contextmanager
def molecule_writer(
    path: Path, form: Format, schema: pa.Schema, metadata: dict[str, object], note: Callable[[Path], None] | None = None
) -> Iterator[Write]:
    """Give a function that writes batches to a file. The file appears, whole, when the block ends without an error.

    Equal rows give equal bytes, also with gzip.

    Args:
        path: the file to write.
        form: its format.
        schema: the columns of every batch, with ``smiles`` and ``name``; for an SDF also ``BLOCK``, a text or
            ``CONFORMERS``, for a page or a workbook ``DRAWING``.
        metadata: for the footer of a Parquet file, and in words for a page.
        note: called with the finished file before it gets its name.
    """
    if form.kind == "parquet":
        with table_writer(path, schema, metadata, note) as table:
            yield lambda batch: table.copy([batch])
        return
    with whole_or_absent(path, note) as temporary, writing(path), ExitStack() as stack:
        if form.most:
            title = path.name[: -len(form.ending)]
            yield stack.enter_context(_drawn_writer(temporary, form, schema.names, title, metadata))
            return
        binary: Any = stack.enter_context(temporary.open("wb"))
        if form.gzipped:
            packed = gzip.GzipFile("", "wb", compresslevel=_GZIP_LEVEL, fileobj=binary, mtime=0)
            binary = stack.enter_context(packed)
        text = stack.enter_context(io.TextIOWrapper(binary, encoding="utf-8", newline=""))
        yield _WRITERS[form.kind](text, schema)


@contextmanager
def _drawn_writer(
    temporary: Path, form: Format, names: Sequence[str], title: str, metadata: Mapping[str, object]
) -> Iterator[Write]:
    """Give a function that writes batches to a page or a workbook."""
    if form.kind == "xlsx":
        with workbook_writer(temporary, names, DRAWING) as write:
            yield lambda batch: write(list(zip(*map(_cells, names, batch.columns), strict=True)))
        return
    subtitle = f"Halogenator export: {_in_words(metadata.get('request'))}. RDKit {metadata.get('rdkit_version')}."
    with html_writer(temporary, names, DRAWING, title=title, subtitle=subtitle) as write:
        yield lambda batch: write(list(zip(*map(_texts, batch.columns), strict=True)))


def _in_words(value: object) -> str:
    """Return JSON values as a line of text."""
    if isinstance(value, Mapping):
        said = (
            name if each is True else f"{name} {_in_words(each)}" for name, each in value.items() if name != "format"
        )
        return "; ".join(said)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _smiles_writer(file: TextIO, schema: pa.Schema) -> Write:
    """Return a writer of lines for docking tools: SMILES, tab, name; no header.

    A row with enhanced stereo gets a CXSMILES: ``SMILES |&1:1|``.
    """

    def write(batch: pa.RecordBatch) -> None:
        rows = zip(batch["smiles"].to_pylist(), stereo_of(batch), batch["name"].to_pylist(), strict=True)
        for smiles, stereo, name in rows:
            file.write(f"{smiles}\t{name}\n" if stereo is None else f"{smiles} |{stereo}|\t{name}\n")

    return write


def _separated_writer(file: TextIO, schema: pa.Schema, delimiter: str = ",") -> Write:
    """Return a writer of a header and a line per molecule; fields are quoted only where they must be."""
    lines = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    lines.writerow([guarded(name, number=False) for name in schema.names])
    return lambda batch: lines.writerows(zip(*map(_cells, schema.names, batch.columns), strict=True))


def _cells(name: str, column: pa.Array) -> Sequence[object]:
    """Return a column's values for a CSV or TSV file, which no spreadsheet runs (``tables.spreadsheets``)."""
    if pa.types.is_binary(column.type) and name == DRAWING:
        return list(column.to_pylist())
    values = _texts(column)
    if _is_plain(column.type) or not pc.any(pc.match_substring_regex(as_type(column, pa.string()), _UNUSUAL)).as_py():
        return values
    return [_cell(text, number=name not in _NAMES) if isinstance(text, str) else text for text in values]


def _cell(text: str, *, number: bool) -> str:
    # Python's csv does not quote a lone carriage return, at which a reader ends the line, and reads no NUL.
    return guarded(re.sub(r"\r\n?", "\n", text).replace("\0", "\\0"), number=number)


def _sdf_writer(file: TextIO, schema: pa.Schema) -> Write:
    """Return a writer of a record per molecule: its mol block, then a tag for each column that is not null."""
    names = [name for name in schema.names if name != BLOCK]
    tags: list[str] = []
    for name in names:
        tag = re.sub(r"[<>\s]", "_", name)
        tags.append(tag if tag not in (*tags, *_OF_CONFORMER) else f"{tag}_{len(tags) + 1}")

    def write(batch: pa.RecordBatch) -> None:
        columns = [_texts(batch[name]) for name in names]
        for made, *values in zip(batch[BLOCK].to_pylist(), *columns, strict=True):
            row = list(zip(tags, values, strict=True))
            for block, own in [(made, [])] if isinstance(made, str) else map(_record, made):
                file.write(_inner(block))
                for tag, value in (*row, *own):
                    if value is not None:
                        # An empty line would end the value.
                        line = _inner(re.sub(r"\s*[\r\n\0]+\s*", " ", value)) if isinstance(value, str) else value
                        file.write(f">  <{tag}>\n{line}\n\n")
                file.write(f"{_END}\n")

    return write


def _record(conformer: dict[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
    """Return the mol block of a conformer, and its own tags."""
    return conformer[BLOCK], [(name, conformer[name]) for name in _OF_CONFORMER]


def _inner(text: str) -> str:
    """Return a text that does not end the record of an SDF; readers take the space off again."""
    return f" {text}" if text.startswith(_END) else text


def stereo_of(batch: pa.RecordBatch) -> list[str | None]:
    """Return the enhanced stereo of each row, or None."""
    known = "enhanced_stereo" in batch.schema.names and pa.types.is_string(batch.schema.field("enhanced_stereo").type)
    stereo: list[str | None] = batch["enhanced_stereo"].to_pylist() if known else [None] * batch.num_rows
    return stereo


def _texts(column: pa.Array) -> Sequence[object]:
    """Return a column's values for a text file: numbers unchanged, booleans as true or false, nested ones as JSON."""
    values: list[Any] = (column if _is_plain(column.type) else as_type(column, pa.string())).to_pylist()
    if pa.types.is_boolean(column.type):
        return [None if value is None else str(value).lower() for value in values]
    return values


def _is_plain(kind: pa.DataType) -> bool:
    """Return whether a type's values are written as they are: numbers and booleans."""
    return bool(pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind))


_WRITERS: dict[str, Callable[[TextIO, pa.Schema], Write]] = {
    "smi": _smiles_writer,
    "csv": _separated_writer,
    "tsv": partial(_separated_writer, delimiter="\t"),
    "sdf": _sdf_writer,
}
