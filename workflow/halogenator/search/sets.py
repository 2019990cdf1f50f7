"""Sets of molecules, in results folders and in files, and which rows of results are in them.

Molecules are the same if their SMILES of our standardisation and their enhanced stereo are, or their InChIKeys. DuckDB
joins the keys out of core, so that memory is bounded however large a set is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa

from halogenator.chemistry.descriptors import inchikey
from halogenator.chemistry.molecules import RejectError, reread
from halogenator.chemistry.sought import prepared_forms
from halogenator.errors import UserError
from halogenator.inputs.reading import describe, estimate_rows, read_records
from halogenator.model import Reading
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.parts import Mask, Part, batches
from halogenator.tables.duck import connect, literal, plain
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import footer, open_parquet, table_writer

_ROWS = 100_000
_KEYS = pa.schema([("position", pa.int64()), ("key", pa.string()), ("stereo", pa.string())])
_NAMES = ("inchikey", "InChIKey", "INCHIKEY", "InChI Key", "inchi_key", "standard_inchi_key")  # of a column of keys
_INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")


@dataclass(frozen=True)
class Known:
    """What was read of a set.

    Attributes:
        source: its path, as it was given.
        rows: the number of its rows.
        unreadable: of these, how many are no molecule, and so were compared with nothing.
    """

    source: str
    rows: int
    unreadable: int


class Comparison:
    """Rows of files, one after the other, to be compared with sets.

    Args:
        parts: the files.
        same_by: "smiles" or "inchikey": when two molecules are the same.
        connection: a DuckDB session.
        folder: an empty folder for keys.
        progress: display of the progress.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        same_by: str,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        progress: Progress,
    ) -> None:
        self._by_inchikey = same_by == "inchikey"
        self._connection, self._folder, self._progress = connection, folder, progress
        self._written = 0
        self.rows = sum(footer(part.path).rows for part in parts)
        self._own = self._keys(parts)

    def is_in(self, source: Path) -> tuple[Mask, Known]:
        """Return of each row whether its molecule is in a set, and what was read of the set.

        Raises:
            UserError: it is neither a results folder nor a file of molecules.
        """
        parts = parts_of(source)
        if parts is None:
            other, known = self._of_file(source)
        else:
            rows = sum(footer(part.path).rows for part in parts)
            other, known = self._keys(parts), Known(str(source), rows, 0)
        found = np.zeros(self.rows, np.bool_)
        query = f"SELECT position FROM ({self._own}) AS own SEMI JOIN ({other}) AS other USING (key, stereo)"
        for batch in self._connection.sql(query).to_arrow_reader(_ROWS):
            found[batch["position"].to_numpy()] = True
        return found, known

    def _keys(self, parts: Sequence[Part]) -> str:
        """Return the query for position, key and stereo of each row of some files."""
        first, queries = 0, []
        for part in parts:
            file = open_parquet(part.path)
            names, rows = file.schema_arrow.names, file.metadata.num_rows
            stored = part.library is not None and "adopted" not in read_metadata(part.path)
            column = "inchikey" if self._by_inchikey else "smiles"
            if stored and column in names:
                has_stereo = not self._by_inchikey and "enhanced_stereo" in names
                stereo = "coalesce(enhanced_stereo, '')" if has_stereo else "''"
                queries.append(
                    f"SELECT {first} + file_row_number AS position, {column} AS key, {stereo} AS stereo "
                    f"FROM read_parquet({literal(plain(part.path))}, hive_partitioning = false, file_row_number = true)"
                )
            else:
                queries.append(self._write(self._computed(part, first, stored=stored), rows)[0])
            first += rows
        return " UNION ALL ".join(queries)

    def _computed(self, part: Part, first: int, *, stored: bool) -> Iterator[tuple[int, list[tuple[str, str]]]]:
        """Yield the position of each row of a file, and its keys: none where it cannot be read."""
        for start, batch in batches(part.path, ["smiles", "enhanced_stereo"]):
            extensions = (
                batch["enhanced_stereo"] if "enhanced_stereo" in batch.schema.names else [None] * batch.num_rows
            )
            for row, (smiles, stereo) in enumerate(zip(batch["smiles"], extensions, strict=True), first + start):
                text, extension = smiles.as_py() or "", stereo.as_py() if stereo is not None else None
                if stored:
                    yield row, self._as_keys([(text, extension)])
                else:
                    yield row, self._keys_of(f"{text} {extension}" if extension else text)

    def _keys_of(self, text: str) -> list[tuple[str, str]]:
        """Return the keys of a molecule that somebody else wrote: as it is, and as our standardisation has it."""
        try:
            return self._as_keys(prepared_forms(text))
        except RejectError:
            return []

    def _as_keys(self, forms: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
        if not self._by_inchikey:
            return [(smiles, stereo or "") for smiles, stereo in forms]
        return [(key, "") for smiles, _ in forms if (key := inchikey(reread(smiles)))]

    def _of_file(self, source: Path) -> tuple[str, Known]:
        """Return the query for the keys of a molecule file, and what was read of it."""
        with _in_our_words(source):
            reading = self._reading(source)
            of_keys = reading.smiles_column is not None
            records = enumerate(read_records(source, reading))
            found = (
                (row, [(key, "")] if _INCHIKEY.fullmatch(key) else [])
                if of_keys
                else (row, [] if record.problem else self._keys_of(key))
                for row, record in records
                for key in [record.smiles or ""]
            )
            query, rows, unreadable = self._write(found, estimate_rows(source, reading), str(source))
        return query, Known(str(source), rows, unreadable)

    def _reading(self, source: Path) -> Reading:
        """Return how a file is read: its column of InChIKeys in place of its SMILES, where these are compared."""
        for name in _NAMES if self._by_inchikey else ():
            reading = Reading(smiles_column=name, columns="none")
            with suppress(UserError):
                if describe(source, reading).smiles is not None:
                    return reading
        return Reading(columns="none")

    def _write(
        self, found: Iterable[tuple[int, list[tuple[str, str]]]], expected: int, name: str = "the rows"
    ) -> tuple[str, int, int]:
        """Write keys into a file; return the query for them, the number of rows, and how many of these have none."""
        self._written += 1
        path = self._folder / f"{self._written}.parquet"
        rows = without = 0
        self._progress.begin(f"reading {name}", expected)
        with table_writer(path, _KEYS, {}) as table:
            for position, keys in found:
                rows += 1
                without += not keys
                for key in dict.fromkeys(keys):
                    table.append(position, *key)
                self._progress.advance()
        return f"SELECT position, key, stereo FROM read_parquet({literal(plain(path))})", rows, without


@contextmanager
def comparison(
    parts: Sequence[Part], same_by: str, *, memory_mb: int, scratch: Path, progress: Progress
) -> Iterator[Comparison]:
    """Give a ``Comparison``, whose files in ``scratch`` last until the block ends."""
    with connect(memory_mb, scratch) as connection, TemporaryDirectory(prefix="sets-", dir=scratch) as folder:
        yield Comparison(parts, same_by, connection, Path(folder), progress)


def parts_of(source: Path) -> list[Part] | None:
    """Return the files of a set that this program wrote: those of a results folder, or one of them; None: another's."""
    if not source.is_dir():
        if source.suffix.casefold() != ".parquet":
            return None
        try:
            library = read_metadata(source).get("library")
        except (pa.ArrowException, OSError, ValueError):
            return None  # the reading of files says what is wrong with it
        return [Part(source, str(library))] if library else None
    places = Results(source)
    parts = [Part(path, name) for name, path in places.libraries().items()]
    parts += [Part(path, *job) for job, path in places.jobs().items()]
    return parts


@contextmanager
def _in_our_words(source: Path) -> Iterator[None]:
    """Complete advice to set how a file is read, which only a library can say."""
    try:
        yield
    except UserError as error:
        if error.fix and re.search(r"smiles[_-]column|encoding", error.fix):
            error.fix = f"call the column of SMILES 'smiles' in {source.name}, and save it as UTF-8"
        raise
