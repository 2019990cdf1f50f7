"""The verb ``find``: rows of results by structure, likeness, origin and columns."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from halogenator.cli.options import Parser, add_verb, memory_option, positive, results_option
from halogenator.errors import UserError
from halogenator.search import MOST_CORES

_PAGE = 20  # rows of a table
_MEMORY_MB = 1500
_MANY = 100_000  # rows without fingerprints beside them that take long


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "find",
        _find,
        "find molecules and products by substructure, likeness, natural product or structure",
        "find --smarts '[OX2H]c1ccccc1[OX2H]' --parent quercetin --where 'mw < 400'",
    )
    parser.description = (
        f"{parser.description}. All that is asked for has to hold; at least one of the first six options is needed."
    )
    group = parser.add_argument_group("what")
    condition_options(group)
    group = parser.add_argument_group("where", "the molecules of all libraries and the products of all finished jobs")
    add = group.add_argument
    text = "only libraries of these names and their products; may be repeated"
    add("--library", dest="libraries", action="append", default=[], metavar="NAME", help=text)
    text = "only products of these transforms; may be repeated"
    add("--transform", dest="transforms", action="append", default=[], metavar="NAME", help=text)
    add("--molecules", action="store_true", help="only the molecules of libraries, no products")
    results_option(group)
    _how_options(parser)


def _how_options(parser: Parser) -> None:
    group = parser.add_argument_group("how to show them")
    add = group.add_argument
    text = f"list N rows at most, of --similar the most alike (default: {_PAGE} in a table, else all)"
    add("--limit", type=positive, metavar="N", help=text)
    form = group.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON object a line, with all columns")
    form.add_argument("--tsv", action="store_true", help="tab-separated, with all columns")
    form.add_argument("--count", action="store_true", help="only the number of rows")
    add("--scratch", type=Path, help="folder for what --where cannot hold in memory (default: the system's)")
    text = f"processes that search, if it takes long (default: as many as this machine has cores, {MOST_CORES} at most)"
    add("--cores", type=positive, metavar="N", help=text)
    memory_option(parser, default=_MEMORY_MB)


def condition_options(group: argparse._ActionsContainer) -> None:
    """Add the options that ``conditions_of`` reads."""
    add = group.add_argument
    text = "with this substructure (SMARTS); may be repeated, then with all of them"
    add("--smarts", action="append", default=[], metavar="SMARTS", help=text)
    text = "like this molecule: Tanimoto of Morgan fingerprints (radius 2, 2048 bits)"
    add("--similar", metavar="SMILES", help=text)
    add("--threshold", type=_share, default=0.6, metavar="T", help="least of it, 0 to 1 (default: %(default)s)")
    add("--parent", metavar="NAME", help="made from this natural product or input molecule: its name or id")
    add("--molecule", metavar="SMILES", help="this molecule, written in any way")
    add("--where", metavar="SQL", help="a condition on columns of the views molecules and products: 'mw < 400'")


def conditions_of(options: argparse.Namespace) -> Any:
    """Return the ``Conditions`` that a command line asks for."""
    from halogenator.model import Conditions

    names = ("similar", "threshold", "parent", "molecule", "where")
    return Conditions(smarts=tuple(options.smarts), **{name: getattr(options, name) for name in names})


def _find(options: argparse.Namespace) -> None:
    from tempfile import gettempdir

    from halogenator.chemistry.substructure import kekule_note
    from halogenator.export.listing import Listing
    from halogenator.model import Export
    from halogenator.process.progress import Lines
    from halogenator.search.shares import Sharing, usable_cores

    conditions = conditions_of(options)
    if not conditions:
        raise UserError(
            "nothing says what to find",
            allowed="--smarts, --similar, --parent, --molecule or --where",
            fix="find --parent quercetin, for one",
        )
    for note in filter(None, map(kekule_note, conditions.smarts)):
        _say(f"note: {note}")
    libraries = () if options.libraries == ["all"] else tuple(options.libraries)
    export = Export(libraries, tuple(options.transforms), options.molecules, conditions=conditions)
    is_table = not (options.json or options.tsv or options.count)
    limit = 0 if options.count else options.limit or (_PAGE if is_table else None)
    listing = Listing(
        options.results,
        export,
        limit,
        memory_mb=options.mem_mb,
        scratch=options.scratch or Path(gettempdir()),
        progress=Lines(_say, announce=False),
        sharing=Sharing(options.cores or usable_cores(), options.mem_mb),
    )
    listed = 0
    page: list[dict[str, Any]] = []
    columns = listing.schema.names  # molecules and products have different ones
    for rows in listing.rows():
        if is_table:
            page += rows  # all of them decide on the widths of columns
        elif options.json:
            _json_lines(rows)
        else:
            _tab_separated(rows, columns, first=not listed)
        listed += len(rows)
        if listed == limit:
            _table(page)
            page = []
        sys.stdout.flush()
    _table(page)
    if options.count:
        print(listing.count)
    if listing.is_cut and listed == limit:
        _say(f"the {listed:,} most alike of {listing.searched:,}; how many there are: --count; all: --tsv or --json")
    else:
        _say(_summary(listing.count, listed, listing.searched, limit))
    if listing.without_fingerprints > _MANY:
        _say("this takes seconds once there are fingerprints of all results: snakemake --cores all fingerprints")


def _summary(count: int, listed: int, searched: int, limit: int | None) -> str:
    found = f"{count:,} found among {searched:,}"
    if not limit or listed == count:
        return found
    more = f"more with --limit {min(count, 10 * listed)}, all with --tsv or --json"
    return f"{found}; these are the first {listed:,}; {more}"


def _json_lines(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(json.dumps({name: value for name, value in row.items() if value is not None}, ensure_ascii=False))


def _tab_separated(rows: list[dict[str, Any]], columns: list[str], *, first: bool) -> None:
    if first and rows:
        print(*map(_cell, columns), sep="\t")
    for row in rows:
        print(*(_cell(row.get(name)) for name in columns), sep="\t")


def _cell(value: object) -> str:
    """Return a value as the cell of a tab-separated line, which has no tab or line end of its own."""
    return "" if value is None else " ".join(re.split(r"[\t\r\n]+", str(value)))


def _table(rows: list[dict[str, Any]]) -> None:
    """Print rows as columns: name, transform, likeness and SMILES."""
    shown = list(_cells(rows))
    if not shown:
        return
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for cells in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def _cells(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    if not rows:
        return
    likeness = "similarity" in rows[0]
    yield ["name", "transform", *(["similarity"] if likeness else []), "SMILES"]
    for row in rows:
        similar = [f"{row['similarity']:.3f}"] if likeness else []
        yield [row["name"], row.get("transform") or "", *similar, row["smiles"]]


def _say(text: str) -> None:
    print(f"halogenator: {text}", file=sys.stderr, flush=True)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value
