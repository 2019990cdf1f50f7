"""Checks of an export that need no results, for the configuration and for the verb ``export``."""

from __future__ import annotations

import math
from pathlib import Path

from halogenator.chemistry.conformers import MAX_CONFORMERS
from halogenator.chemistry.filters import FILTERS
from halogenator.chemistry.fingerprints import FINGERPRINTS
from halogenator.chemistry.likeness import Likeness
from halogenator.chemistry.scores import SCORES, WINDOWED
from halogenator.chemistry.sought import forms
from halogenator.chemistry.substructure import Substructure
from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.content_hash import content_hash
from halogenator.inputs.remote import is_remote
from halogenator.model import Export, Window, fingerprint
from halogenator.results import Results
from halogenator.tables.molecule_files import FORMATS
from halogenator.tables.seal import read_seal

ALL = "all"
MAX_SAMPLE = 5_000_000  # rows; each takes 16 bytes, and as many again while the sample is drawn
_MOST_SETS = 200
# Settings that name properties, and what they can name.
USES = {
    **{use: list(FILTERS) for use in ("only", "without")},
    "flag": [*FILTERS, *SCORES],
    "fingerprints": list(FINGERPRINTS),
}

_KINDS = {"fingerprints": "fingerprint"}  # what a setting names


def parse_window(text: str) -> Window:
    """Return the window of a text LOW:HIGH; a side that is left out is open.

    Raises:
        ValueError: the text is no window.
    """
    low, colon, high = text.partition(":")
    if not colon or not (low.strip() or high.strip()):
        raise ValueError(text)
    window = Window(float(low) if low.strip() else -math.inf, float(high) if high.strip() else math.inf)
    if math.isnan(window.low + window.high):
        raise ValueError(text)
    return window


def check(export: Export) -> None:
    """Check all that can be known without the results.

    Raises:
        UserError: a name is unknown, or two settings contradict each other.
    """
    for use, known in USES.items():
        for name in getattr(export, use):
            if name not in known:
                bounds = f"set bounds with {name}" if name in WINDOWED else None
                fix = bounds or did_you_mean(name, known) or "take one of the allowed names"
                raise UserError(
                    f"{use}: there is no {_KINDS.get(use, 'filter')} '{name}'", value=name, allowed=known, fix=fix
                )
    _check_source(export)
    _check_conditions(export)
    _check_sets(export)
    for name, window in export.windows.items():
        if not window.low <= window.high:  # neither are bounds that are no number, .nan
            allowed, fix = "LOW:HIGH with LOW <= HIGH", "give the lower bound first; leave one out where it is open"
            raise UserError(f"{name}: the window is empty", value=str(window), allowed=allowed, fix=fix)
    both = sorted(set(export.only) & set(export.without))
    if both:
        raise UserError(f"no molecule can have and not have a property: {both[0]} is in only and in without")
    _check_format(export)
    _check_numbers(export)


def _check_format(export: Export) -> None:
    form = FORMATS[export.format]
    for setting, kind in (("coordinates", "sdf"), ("conformers", "sdf"), ("fingerprints", "parquet")):
        if getattr(export, setting) and form.kind != kind:
            raise UserError(
                f"{setting} are for {'SDF' if kind == 'sdf' else 'Parquet'}; no other format has a place for them",
                value=export.format,
                allowed=[name for name in FORMATS if name.startswith(kind)],
                fix=f"leave {setting} away, or make {'an SDF' if kind == 'sdf' else 'a Parquet file'}",
            )
    columns = [name for name in ("reaction", "titles", "scaffold_split") if getattr(export, name)]
    if columns and form.kind == "smi":
        raise UserError(
            f"{columns[0]}: it is a column, for which a .smi file has no place",
            value=export.format,
            allowed=[name for name in FORMATS if not name.startswith("smi")],
            fix=f"make a CSV, or leave {columns[0]} away",
        )
    if form.most and export.split and export.split > form.most:
        raise UserError(
            "so many molecules are too many for a file with drawings",
            value=f"split {export.split:,}",
            allowed=f"1 to {form.most:,}, which is also what a file gets without split",
            fix=f"split {form.most}, or an SDF or CSV for more in a file",
        )


def _check_numbers(export: Export) -> None:
    if export.conformers is not None and export.conformers > MAX_CONFORMERS:
        raise UserError("too many conformers", value=export.conformers, allowed=f"1 to {MAX_CONFORMERS}")
    if export.conformers and export.coordinates:
        raise UserError("conformers are in 3D, coordinates in 2D", fix="leave one of them away")
    shares = export.scaffold_split
    if shares and not (len(shares) in (2, 3) and min(shares) > 0 and math.isclose(sum(shares), 1, abs_tol=1e-6)):
        raise UserError(
            "scaffold_split: these are no shares of sets",
            value=", ".join(map(str, shares)),
            allowed="two or three numbers above 0 that add up to 1: of train, valid and test, or of train and test",
            fix="0.8, 0.1 and 0.1",
        )
    if export.sample is not None and export.sample > MAX_SAMPLE:
        raise UserError("too large a sample", value=export.sample, allowed=f"1 to {MAX_SAMPLE:,}")
    if export.diverse and export.sample and export.diverse > export.sample:
        raise UserError(
            "more molecules are to be picked than are drawn",
            value=f"diverse {export.diverse:,} of sample {export.sample:,}",
            fix="raise sample, or leave it away: diverse then picks from all, up to a million",
        )


def check_condition(condition: str) -> None:
    """Check the form of a condition in SQL, but not which columns there are.

    Raises:
        UserError: it is empty, or no SQL expression.
    """
    import duckdb

    try:
        if not condition.strip():
            raise duckdb.ParserException("it is empty")
        if len(duckdb.extract_statements(f"SELECT (\n{condition}\n)")) != 1:
            raise duckdb.ParserException("more than one statement")
    except duckdb.Error as error:
        raise refused_condition(condition, error) from error


def refused_condition(condition: str, error: Exception, view: str = "molecules") -> UserError:
    """Return why DuckDB does not take a condition on the columns of a view."""
    return UserError(
        f"DuckDB does not take this condition: {str(error).splitlines()[0]}",
        where="where",
        value=condition,
        allowed=f"a condition on columns of the view {view}: mw < 400 AND halogens = 'F'",
        fix=f'see the columns with: python -m halogenator query "DESCRIBE {view}"',
    )


def set_contents(export: Export) -> list[str]:
    """Return what tells whether the sets that an export compares with are still the same."""
    return [
        fingerprint([(file.name, read_seal(file)) for file in result_files(path)])
        if path.is_dir()
        else content_hash(path)
        for _, path in export.sets
    ]


def result_files(folder: Path) -> list[Path]:
    """Return the molecules and products of a results folder."""
    places = Results(folder)
    return [*places.libraries().values(), *places.jobs().values()]


def _check_sets(export: Export) -> None:
    """Check that what is to be compared with is there, and a results folder or a file of molecules."""
    if len(export.sets) > _MOST_SETS:
        raise UserError("too many files to compare with", value=len(export.sets), allowed=f"at most {_MOST_SETS}")
    for word, path in export.sets:
        if path.is_dir() and not result_files(path):
            raise UserError(
                f"{word}: there are no finished results in this folder",
                where=path,
                allowed="a results folder, or a file of molecules",
                fix="name the folder that has libraries/ and products/, or one file",
            )
        if not (path.is_dir() or is_remote(path) or path.is_file()):
            there = path.parent.iterdir() if path.parent.is_dir() else ()
            near = did_you_mean(path.name, [each.name for each in there])
            allowed = "a results folder, or a file of molecules in any format that libraries have"
            raise UserError(f"{word}: there is no such file", value=str(path), allowed=allowed, fix=near)


def _check_conditions(export: Export) -> None:
    asked = export.conditions
    for smarts in asked.smarts:
        Substructure(smarts)
    if asked.similar is not None:
        Likeness(asked.similar)
    if asked.molecule is not None:
        forms(asked.molecule, "molecule")
    if asked.where is not None:
        check_condition(asked.where)
    of_results = [name for name in ("parent", "molecule", "where") if getattr(asked, name) is not None]
    if export.sql is not None and of_results:
        raise UserError(
            f"a query says itself which rows it is of, so {of_results[0]} has no place beside it",
            value=export.sql,
            allowed="with sql: smarts and similar",
            fix="put it into the query: … WHERE parent = 'quercetin'",
        )


def _check_source(export: Export) -> None:
    named = export.libraries or export.transforms or export.molecules or export.parents or export.reaction
    if export.sql is not None and named:
        raise UserError(
            "a query says itself which rows and columns it is of",
            value=export.sql,
            allowed="sql alone; or library, transform, molecules, parents and reaction",
            fix="put them into the query: SELECT …, parent_smiles FROM products WHERE library = '…'",
        )
    of_products = [name for name in ("transforms", "parents", "reaction") if getattr(export, name)]
    if export.molecules and of_products:
        raise UserError(
            "a library's molecules come before any transform",
            value=f"molecules with {of_products[0].replace('transforms', 'transform')}",
            fix="leave molecules away for products, or the other for the library itself",
        )
