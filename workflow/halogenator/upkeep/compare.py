"""Two results folders side by side: the molecules that one alone has, by library and job, and what settings differ."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from halogenator.config.layers import merge
from halogenator.config.validation import with_defaults
from halogenator.errors import UserError
from halogenator.process.failures import writing
from halogenator.results import Results
from halogenator.tables.configurations import data_of, entries_of, is_named, kept, made_with
from halogenator.tables.duck import connect, literal, plain, scalar
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, whole_or_absent
from halogenator.tables.seal import read_seal
from halogenator.tables.set_hash import recorded_hash

Place = tuple[str, str | None]  # library and transform; None: the library itself

SIDES = ("A", "B")
_BATCH_ROWS = 10_000
_COLUMNS = ("library", "transform", "smiles", "enhanced_stereo", "id", "site")


@dataclass(frozen=True)
class Difference:
    """What two runs have of a library or a job.

    Attributes:
        library, transform: which; no transform: the library itself.
        rows: the number of its molecules or products in A and in B; None where the run has none of it.
        both: how many of them are the same.
        same_recipe: whether both were made from the same input by the same settings; None: not recorded.
    """

    library: str
    transform: str | None
    rows: tuple[int | None, int | None]
    both: int
    same_recipe: bool | None

    @property
    def only(self) -> tuple[int, int]:
        """How many are in A alone, and in B alone."""
        return (self.rows[0] or 0) - self.both, (self.rows[1] or 0) - self.both

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return " × ".join(filter(None, (self.library, self.transform)))


class Comparison:
    """Two results folders.

    Args:
        runs: the folders, A and B.
        memory_mb: memory that the process may use, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.

    Raises:
        UserError: one has no results.
    """

    def __init__(self, runs: tuple[Path, Path], *, memory_mb: int, scratch: Path) -> None:
        self._memory_mb, self._scratch = memory_mb, scratch
        self._runs = [Results(run) for run in runs]
        self._files = [_files(run) for run in self._runs]

    def differences(self) -> Iterator[Difference]:
        """Yield what the runs have of each library, then of each job, in the order of A."""
        with connect(self._memory_mb, self._scratch) as connection:
            for place in self._places():
                yield self._difference(connection, place)

    def _places(self) -> list[Place]:
        places = dict.fromkeys([*self._files[0], *self._files[1]])
        return sorted(places, key=lambda place: place[1] is not None)

    def _difference(self, connection: duckdb.DuckDBPyConnection, place: Place) -> Difference:
        files = [each.get(place) for each in self._files]
        counts = [int(open_parquet(path).metadata.num_rows) if path else None for path in files]
        one, two = files
        both, recipes = 0, [path and read_metadata(path).get("config_hash") for path in files]
        if one and two:
            both = counts[0] or 0
            if not _same_bytes(one, two) and not _same_molecules(one, two):
                both = scalar(
                    connection, f"SELECT count(*) FROM ({_rows(one)}) SEMI JOIN ({_rows(two)}) AS other {_SAME}"
                )
        same = recipes[0] == recipes[1] if all(recipes) else None
        return Difference(*place, (counts[0], counts[1]), int(both), same)

    def settings(self) -> dict[str, tuple[Any, Any]]:
        """Return {setting: its values in A and in B, None where it is not set} of the settings that differ."""
        found = [_settings(run, files) for run, files in zip(self._runs, self._files, strict=True)]
        names = dict.fromkeys([*found[0], *found[1]])
        values = {name: (found[0].get(name), found[1].get(name)) for name in names}
        return {name: pair for name, pair in values.items() if pair[0] != pair[1]}

    def write(self, folder: Path) -> list[Path]:
        """Write the molecules that one run alone has, a tab-separated file for each run, and return the files.

        Raises:
            UserError: a file is there already, or the disk does not take it.
        """
        outs = [folder / f"only-in-{side}.tsv" for side in SIDES]
        for out in outs:
            if os.path.lexists(out):
                raise UserError("there is a file already", where=out, fix="name another folder: --tsv DIR")
        for side, out in enumerate(outs):
            self._write_side(out, self._files[side], self._files[1 - side])
        return outs

    def _write_side(self, out: Path, own: Mapping[Place, Path], others: Mapping[Place, Path]) -> None:
        with ExitStack() as stack:
            connection = stack.enter_context(connect(self._memory_mb, self._scratch))
            temporary = stack.enter_context(whole_or_absent(out))
            stack.enter_context(writing(out))
            file = stack.enter_context(temporary.open("w", encoding="utf-8", newline=""))
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow(_COLUMNS)
            for place in (place for place in self._places() if place in own):
                other = others.get(place)
                if other and (_same_bytes(own[place], other) or _same_molecules(own[place], other)):
                    continue
                without = f"ANTI JOIN ({_rows(other)}) AS other {_SAME}" if other else ""
                query = f"SELECT smiles, stereo, id, site FROM ({_rows(own[place])}) AS own {without} ORDER BY place"
                for batch in connection.sql(query).to_arrow_reader(_BATCH_ROWS):
                    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        writer.writerow([place[0], place[1] or "", *("" if value is None else value for value in row)])


_SAME = "USING (smiles, stereo)"


def _files(run: Results) -> dict[Place, Path]:
    """Return the files of the libraries and jobs of a run."""
    found: dict[Place, Path] = {(name, None): path for name, path in run.libraries().items()}
    found |= dict(run.jobs().items())
    if not found:
        raise UserError(
            "there are no finished results here",
            where=run.folder,
            allowed="a results folder, which has libraries/ or products/",
            fix="name the folder that snakemake wrote: results",
        )
    return found


def _same_bytes(one: Path, two: Path) -> bool:
    """Return whether two files have one seal."""
    return read_seal(one) == read_seal(two) is not None


def _same_molecules(one: Path, two: Path) -> bool:
    """Return whether two files have one recorded set hash, and as many rows."""
    counts = [open_parquet(path).metadata.num_rows for path in (one, two)]
    return counts[0] == counts[1] and recorded_hash(one) == recorded_hash(two) is not None


def _rows(path: Path) -> str:
    """Return the query for the molecules of a file, with their names."""
    names = open_parquet(path).schema_arrow.names
    stereo = "coalesce(enhanced_stereo, '')" if "enhanced_stereo" in names else "''"
    name, site = ("parent_id", "site") if "parent_id" in names else ("id", "NULL")
    return (
        f"SELECT smiles, {stereo} AS stereo, {name} AS id, {site} AS site, file_row_number AS place "
        f"FROM read_parquet({literal(plain(path))}, hive_partitioning = false, file_row_number = true)"
    )


def _settings(run: Results, files: Mapping[Place, Path]) -> dict[str, Any]:
    """Return {setting: value} of a run: of the configuration that made most of its results, and its versions."""
    names = made_with(run)
    found: dict[str, Any] = _of_configuration(kept(run, names[0]) or {}) if names else {}
    found |= {"configurations": len(names)} if len(names) > 1 else {}
    for key in ("engine_version", "rdkit_version"):
        values = sorted({str(value) for path in files.values() if (value := read_metadata(path).get(key)) is not None})
        found |= {key: ", ".join(values)} if values else {}
    return found


def _of_configuration(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return {setting: value} of a kept configuration; entries of transforms, rules and patterns are told by name."""
    layers: dict[str, Any] = {}
    entries: dict[str, Any] = {}
    for file in record.get("files", ()):
        if (named := entries_of(file["text"])) is not None:
            entries = merge(entries, _by_name(named))
        else:
            layers = merge(layers, data_of(file["text"]))
    overrides = {"--config": record["overrides"]} if record.get("overrides") else {}
    return {**_flat(with_defaults(layers, "config")), **_flat(entries), **overrides}


def _by_name(data: Any) -> Any:
    """Return data with lists of named entries as mappings, so that an entry more moves no other."""
    if isinstance(data, dict):
        return {key: _by_name(value) for key, value in data.items()}
    if is_named(data):
        return {str(each["name"]): {k: v for k, v in each.items() if k != "name"} for each in data}
    return data


def _flat(data: Mapping[Any, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{above}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, Mapping) and value else {name: value}
    return found


def summary(differences: Sequence[Difference], settings: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Return what a comparison has found, as JSON values."""
    listed = [
        {
            "library": each.library,
            "transform": each.transform,
            "rows": list(each.rows),
            "both": each.both,
            "only": list(each.only),
            "same_recipe": each.same_recipe,
        }
        for each in differences
    ]
    return {"settings": {name: list(pair) for name, pair in settings.items()}, "results": listed}


def text(runs: Sequence[Path], differences: Sequence[Difference], settings: Mapping[str, tuple[Any, Any]]) -> str:
    """Return what a comparison has found, as lines to read."""
    lines = [f"{side}: {run}" for side, run in zip(SIDES, runs, strict=True)]
    lines += ["", "Settings that differ:" if settings else "No recorded setting differs."]
    for name, pair in settings.items():
        lines += [f"  {name}", *(f"    {side}: {_shown(value)}" for side, value in zip(SIDES, pair, strict=True))]
    other = [each for each in differences if any(each.only) or None in each.rows]
    if other:
        cells = [["", "in both", "only in A", "only in B"], *map(_cells, other)]
        lines += ["", *_table(cells)]
    same = len(differences) - len(other)
    left = "the other" if other else "all"
    lines += ["", f"{left} {same:,} libraries and jobs have the same molecules"] if same else []
    unlike = [each.name for each in other if each.same_recipe is False]
    if unlike and not settings:
        lines.append(f"made from other input, or by settings that are not recorded: {', '.join(unlike)}")
    return "\n".join(lines)


def _cells(each: Difference) -> list[str]:
    counts = ["–" if rows is None else f"{only:,}" for rows, only in zip(each.rows, each.only, strict=True)]
    return [each.name, f"{each.both:,}", *counts]


def _table(cells: Iterable[Sequence[str]]) -> list[str]:
    rows = list(cells)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    ]


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return words if len(words) <= 100 else f"{words[:99]}…"
