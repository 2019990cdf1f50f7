"""A look at the first rows of a library's file: which column is what, and how many rows are readable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from halogenator.errors import UserError
from halogenator.inputs.column_choice import molecule_column
from halogenator.inputs.files import find_files
from halogenator.inputs.reading import describe, read_records
from halogenator.inputs.rows import Record
from halogenator.model import Library
from halogenator.process import limits

ROWS = 100
MOST_ROWS = 2_000  # rows without a SMILES included: a file may be sorted so that these come first
_FIRST_MOLECULE = 1_000_000_000  # steps (see ``process.limits``) from here on parse SMILES; those below read records
_MOST_SLOW = 3  # after so many rows that take too long, no more are read
_SHOWN = 5  # names of columns in a message
_LONGEST = 40  # characters of a name in a message


@dataclass(frozen=True)
class FirstRows:
    """What a look at a library's file showed.

    Attributes:
        library: the library's name.
        smiles, id, name: the columns that are taken for these; None for none.
        columns: {name of another column in our tables: its name in the file}.
        readable: how many of the first rows have a molecule that RDKit reads.
        rows: how many rows were looked at.
        changed: {a step of preparation that changes a molecule, or "enhanced stereo": number of such rows}.
    """

    library: str
    smiles: str | None
    id: str | None
    name: str | None
    columns: Mapping[str, str]
    readable: int
    rows: int
    changed: Mapping[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """A line for people that says all of it."""
        touched = ", ".join(f"{count} with {word}" for word, count in self.changed.items())
        tail = f", {touched}" if touched else ""
        return f"{self.columns_text}; {self.readable} of the first {self.rows} rows readable{tail}"

    @property
    def columns_text(self) -> str:
        """A line for people that says which column is what."""
        smiles = "molecules from its records" if self.smiles is None else f"SMILES from {_quoted(self.smiles)}"
        identifier = "no ids, so rows are numbered" if self.id is None else f"id from {_quoted(self.id)}"
        name = [] if self.name is None else [f"name from {_quoted(self.name)}"]
        text = f"{self.library}: {', '.join([smiles, identifier, *name, _others(list(self.columns.values()))])}"
        renamed = {given: name for name, given in self.columns.items() if given.strip() != name}
        if not renamed:
            return text
        pairs = [f"{_quoted(given)} is {_quoted(name)}" for given, name in islice(renamed.items(), _SHOWN)]
        more = f" and {len(renamed) - _SHOWN} more" if len(renamed) > _SHOWN else ""
        return f"{text} (in the results {', '.join(pairs)}{more})"


def _others(given: list[str]) -> str:
    if not given:
        return "no other columns"
    count = f"{len(given)} other column{'s' * (len(given) > 1)}"
    return f"{count}: {', '.join(map(_quoted, given))}" if len(given) <= _SHOWN else count


def _quoted(name: str) -> str:
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return '"' + "".join(letter if letter.isprintable() else " " for letter in short) + '"'


def describe_library(library: Library, *, whole: bool = False) -> FirstRows:
    """Return which column of a library's file is what; rows are not counted.

    Args:
        library: the library.
        whole: whether an SDF is read to its end, to find all its tags.
    """
    from halogenator.tables.file_columns import file_columns

    source = describe(_files(library), library.reading, whole=whole)
    columns = {column.name: column.given for column in file_columns(source.others, library.scores)}
    return FirstRows(library.name, source.smiles, source.id, source.name, columns, 0, 0)


def first_rows(libraries: Iterable[Library], *, option: str | None = None) -> list[FirstRows]:
    """Return a look at the first rows of each library that is read from a file.

    Args:
        libraries: the libraries; those that are built are left out.
        option: the command-line option that names the SMILES column; None: a key of the configuration does.

    Raises:
        UserError: a file cannot be read, or none of its first rows has a molecule.
    """
    import rdkit.Chem  # noqa: F401 - loaded once here, not again in each child process

    read = [partial(_read, library, option) for library in libraries if library.paths]
    return [limits.in_child(work) for work in read]


def _read(library: Library, option: str | None) -> FirstRows:
    """Return a look at the first rows of a library, in a child process that ends if a row takes too long."""
    from halogenator.chemistry.molecules import quiet

    quiet()
    found = describe_library(library)
    readable = rows = slow = 0
    changed: Counter[str] = Counter()
    first: tuple[Record, str] | None = None  # the first that is not readable, and its problem
    filled = 0  # rows with a SMILES
    records = read_records(_files(library), replace(library.reading, columns="none"))
    for step, record in enumerate(islice(records, MOST_ROWS), _FIRST_MOLECULE):
        if filled == ROWS or slow == _MOST_SLOW:
            break
        rows += 1
        filled += record.smiles != ""
        if limits.begin(step):
            slow += 1  # in the run, the row becomes a reject
            continue
        problem = record.problem or _problem(record.smiles or "", library, changed)
        readable += problem is None
        if problem is not None and first is None:
            first = record, problem
    limits.end()
    if first is not None and not readable and not slow:
        raise _none_readable(library, found, rows, first, option)
    return replace(found, readable=readable, rows=rows, changed=dict(changed))


def _problem(text: str, library: Library, changed: Counter[str]) -> str | None:
    """Return why no molecule can be read from a SMILES; else None, after counting in ``changed`` what is changed."""
    from halogenator.chemistry.molecules import RejectError
    from halogenator.chemistry.prepare import prepare

    try:
        found = prepare(text, library.reading)
    except RejectError as error:
        return f"{error.reason}: {error.detail}" if error.detail else error.reason
    changed.update(found.prepared.split(",") if found.prepared else ())
    changed.update(["enhanced stereo"] if found.enhanced_stereo else ())
    return None


def _none_readable(
    library: Library, found: FirstRows, rows: int, first: tuple[Record, str], option: str | None
) -> UserError:
    record, problem = first
    better = None if found.smiles is None else _better_column(library)
    if better is not None:
        named = f"add {option} '{better}'" if option else f"set smiles_column: {json.dumps(better)} for this library"
        if library.k == 0 and option is None:
            entry = f"{{path: {library.paths[0].name}, smiles_column: {json.dumps(better)}}}"
            named = f"write its entry of parents as {entry}"
        fix = f"{named}, whose values are SMILES"
    elif found.smiles is None:
        fix = "are these records of molecules? export the file again"
    elif record.problem is not None:
        fix = "mend the rows; if each has a cell more than the header, give that column a name in the header"
    else:
        fix = "no other column has SMILES either: export the file again with a column of them"
    taken = f"column '{found.smiles}'" if found.smiles is not None else "the records"
    return UserError(
        f"library {library.name}: none of the first {rows:,} rows has a molecule that can be read from {taken}",
        where=f"{library.shown}, row {record.row}: {problem}",
        value=record.smiles,
        allowed="SMILES that RDKit reads",
        fix=fix,
    )


def _better_column(library: Library) -> str | None:
    """Return the name of the column whose first values look like SMILES; None if there is none."""
    reading = replace(library.reading, columns="all")
    source = describe(_files(library), reading)
    names = [source.id or "", source.name or "", *(name for name, _ in source.others)]
    records = islice(read_records(_files(library), reading, source), ROWS)
    rows = [
        [record.id, record.name, *(value if isinstance(value, str) else None for value in record.extra)]
        for record in records
        if record.problem is None
    ]
    found = molecule_column(names, rows)
    return (names[found] or None) if found is not None else None


def _files(library: Library) -> tuple[Path, ...]:
    """Return a library's files, of which a task knows only folders and patterns."""
    return tuple(path for given in library.paths for path in find_files(given))
