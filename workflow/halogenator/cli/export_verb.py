"""The verb ``export``: products or molecules into files for other programs."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from halogenator.chemistry.filters import FILTERS, LEAD_LIKE
from halogenator.chemistry.fingerprints import FINGERPRINTS
from halogenator.chemistry.scores import SCORES, WINDOWED
from halogenator.cli.find_verb import condition_options, conditions_of
from halogenator.cli.options import Parser, add_verb, json_of, memory_option, names, positive, results_option
from halogenator.errors import UserError

_MEMORY_MB = 1500  # as planning.resources.EXPORT_MB, which takes long to import


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "export",
        _export,
        "write products or molecules as SMILES, CSV, TSV, SDF, Parquet, a page or a workbook, filtered, sampled, split",
        "export --library polyphenol-1X --transform FG_PHENOL_OH__OH__TO__OMe --out ethers.sdf.gz --coordinates "
        "--split 1000 --only lipinski,veber --without pains --mw 200:500 --sample 2000 --diverse 500 --seed 7",
    )
    parser.description = f"{parser.description}. Run again after an interruption, it goes on after the last split."
    # So that a window may begin with a negative number: argparse would take -2:5 for an option.
    parser._negative_number_matcher = re.compile(r"-[\d.].*")
    _what_options(parser)
    _which_options(parser)
    _how_options(parser)


def _what_options(parser: Parser) -> None:
    group = parser.add_argument_group("of what", "products of finished jobs, unless --molecules or --sql")
    add = group.add_argument
    add("--library", dest="libraries", nargs="+", default=(), metavar="NAME", help="libraries; 'all' for every one")
    add("--transform", dest="transforms", nargs="+", default=(), metavar="NAME", help="transforms (default: all)")
    add("--molecules", action="store_true", help="the molecules of the libraries themselves, not the products")
    add("--sql", metavar="SELECT", help="a query on the catalog's views, with a column smiles; rows in its order")
    results_option(group)


def _which_options(parser: Parser) -> None:
    properties = "; ".join(f"{entry.name}: {entry.text} ({entry.source})" for entry in FILTERS.values())
    scores = "; ".join(f"{each.name}: {each.text}, {each.source or 'RDKit'}" for each in SCORES.values())
    group = parser.add_argument_group("which of them", f"Properties: {properties}. Scores: {scores}.")
    condition_options(group)
    _set_options(group)
    add = group.add_argument
    for name, each in WINDOWED.items():
        text = f"{each.meaning}, {each.unit}" if each.unit else each.meaning
        add(f"--{name}", type=_window, metavar="LOW:HIGH", help=f"{text}; both inclusive, either side may be open")
    add("--only", type=names, default=(), metavar="PROPERTY,…", help="keep molecules that have all of these")
    add("--without", type=names, default=(), metavar="PROPERTY,…", help="keep molecules that have none of these")
    text = f"short for --only {LEAD_LIKE}: {FILTERS[LEAD_LIKE].text}"
    add("--lead-like", action="store_true", help=text)
    add("--sample", type=positive, metavar="N", help="draw N of what passes, each with the same chance")
    text = "pick N by MaxMin (Morgan fingerprints, radius 2, 2048 bits, Tanimoto) of what passes, or of the sample"
    add("--diverse", type=positive, metavar="N", help=f"{text}; from at most a million")
    text = "add the column set: train, valid and test, or train and test, with these shares and no scaffold in common"
    add("--scaffold-split", type=_shares, default=(), metavar="0.8,0.1,0.1", help=text)
    text = "of --sample, --diverse, --scaffold-split and --conformers (default: %(default)s)"
    add("--seed", type=int, default=0, metavar="N", help=text)


def _set_options(group: argparse._ActionsContainer) -> None:
    add = group.add_argument
    for option, text in {
        "in": "molecules that are in these results or in this file, too; of several, in all of them",
        "not-in": "molecules that are not in these results or in this file; of several, in none of them",
        "novel": "the same as --not-in, for a file of what is known",
    }.items():
        name = option.replace("-", "_") + "_sets" * (option != "novel")
        add(f"--{option}", dest=name, type=Path, action="append", default=[], metavar="RESULTS|FILE", help=text)
    text = "when it is in them: by canonical SMILES after our standardisation, or by InChIKey (default: %(default)s)"
    add("--same-by", choices=("smiles", "inchikey"), default="smiles", help=text)


def _how_options(parser: Parser) -> None:
    group = parser.add_argument_group("into what")
    add = group.add_argument
    text = "file to make; its ending says how: .smi .csv .tsv .sdf, all also .gz, .parquet; with drawings .html .xlsx"
    add("--out", type=Path, metavar="FILE", help=text)
    text = "format, without --out: the file is called after what is asked for, such as quercetin.html"
    add("--format", metavar="ENDING", help=text)
    add("--split", type=positive, metavar="N", help="N molecules per file: FILE with -0001 and on before its ending")
    add("--columns", type=names, default=(), metavar="NAME,…", help="only these columns, in this order (default: all)")
    text = f"add a column per property, true or false, or per score: {', '.join(SCORES)}"
    add("--flag", type=names, default=(), metavar="PROPERTY,…", help=text)
    text = "add the columns parent_smiles and parent, the natural product, and steps, where a library tells them"
    add("--parents", action="store_true", help=text)
    text = "add the column reaction: SMILES parent>>product, with the number of each atom that is in both"
    add("--reaction", action="store_true", help=f"{text}: its index in the parent, plus 1")
    text = "add the column title, in words: quercetin + F, phenol OH → OMe; pages and workbooks have it anyway"
    add("--titles", action="store_true", help=text)
    text = f"Parquet: add columns fp_… of packed bits: {', '.join(FINGERPRINTS)}"
    add("--fingerprints", type=names, default=(), metavar="NAME,…", help=text)
    text = "SDF: up to N 3D structures of each molecule, with hydrogens: ETKDG, then MMFF94, --workers at a time"
    add("--conformers", type=positive, metavar="N", help=f"{text}; they have the stereo of the SMILES")
    add("--coordinates", action="store_true", help="SDF: 2D coordinates for all, not only where stereo needs them")
    add("--force", action="store_true", help="replace the files of another export under this name")
    add("--request", type=json_of("Export"), metavar="JSON", help=argparse.SUPPRESS)  # by a rule, for all of these
    text = "threads for PAINS, Brenk, fingerprints and conformers, processes for conditions; the files are the same "
    text += "(default: %(default)s)"
    add("--workers", type=positive, default=1, metavar="N", help=text)
    add("--scratch", type=Path, help="folder for what a query cannot hold in memory (default: that of --out)")
    memory_option(parser, default=_MEMORY_MB)


def _export(options: argparse.Namespace) -> None:
    from halogenator.export.write_molecules import export_molecules
    from halogenator.process.progress import on_stderr

    out, export = path_of(options), request_of(options)
    with on_stderr() as progress:
        made = export_molecules(
            options.results,
            export,
            out,
            force=options.force,
            own_folder=options.request is not None,
            threads=options.workers,
            memory_mb=options.mem_mb,
            scratch=options.scratch,
            progress=progress,
        )
    files = made["files"]
    named = f"{files[0]['file']} … {files[-1]['file']}" if len(files) > 1 else files[0]["file"]
    print(f"{made['molecules']:,} molecules of {made['of_rows']:,} in {out.parent / named}")
    for entry in made.get("left_out") or ():
        print(f"taken away: {entry['rows']:,} by {entry['kind']} {entry['name']}")
    for known in made.get("compared_with") or ():
        if known["unreadable"]:
            print(f"not compared: {known['unreadable']:,} of {known['rows']:,} rows of {known['source']}: no molecules")
    for reason, count in made["rejects"].items():
        print(f"left out: {count:,} × {reason}; see {out.name}.json")
    if "sets" in made:
        print(f"sets: {', '.join(f'{count:,} {name}' for name, count in made['sets'].items())}")


def path_of(options: argparse.Namespace) -> Path:
    """Return the file to make: ``--out``, or one in the working directory called after what is asked for.

    Raises:
        UserError: neither --out nor --format says which format, or they say two.
    """
    given: Path | None = options.out
    if given is None and options.format is None:
        raise UserError(
            "nothing says what file to make",
            allowed="--out FILE, whose ending is the format, or --format ENDING",
            fix="--format html for a page with drawings",
        )
    ending = f".{options.format.lstrip('.')}" if options.format else ""
    if given is None:
        asked = [options.parent or "", *options.libraries, *options.transforms]
        stem = re.sub(r"[^\w.+-]+", "-", "-".join(filter(None, asked))).strip("-.")
        return Path(f"{stem[:100] or 'export'}{ending}")
    if not given.name.lower().endswith(ending.lower()):
        raise UserError(
            "--out and --format say two formats", value=f"{given.name}, {options.format}", fix="leave --format away"
        )
    return given


def request_of(options: argparse.Namespace) -> Any:
    """Return the ``Export`` that a command line asks for.

    Raises:
        UserError: it names no library, transform or query.
    """
    if options.request:
        return options.request

    from halogenator.model import Export
    from halogenator.planning.export_request import ALL
    from halogenator.tables.molecule_files import format_of

    conditions = conditions_of(options)
    if not (options.libraries or options.transforms or options.sql or conditions):
        raise UserError(
            "nothing says what to export",
            allowed="--library NAME, --transform NAME, --sql SELECT, or a condition such as --parent NAME",
            fix=f"--library {ALL} for the products of all jobs",
        )
    windows = {name: getattr(options, name) for name in WINDOWED if getattr(options, name)}
    unchanged = (
        *("molecules", "sql", "split", "coordinates", "conformers", "parents", "reaction", "titles", "fingerprints"),
        *("columns", "without", "flag", "sample", "diverse", "scaffold_split", "seed"),
    )
    lead_like = (LEAD_LIKE,) if options.lead_like else ()
    return Export(
        libraries=() if list(options.libraries) == [ALL] else tuple(options.libraries),
        transforms=tuple(options.transforms),
        windows=windows,
        format=format_of(path_of(options)).ending[1:],
        only=tuple(dict.fromkeys((*options.only, *lead_like))),
        conditions=conditions,
        same_by=options.same_by,
        in_sets=tuple(options.in_sets),
        not_in_sets=tuple(options.not_in_sets),
        novel=tuple(options.novel),
        **{name: getattr(options, name) for name in unchanged},
    )


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not two or three shares such as 0.8,0.1,0.1") from None


def _window(text: str) -> Any:
    from halogenator.planning.export_request import parse_window

    try:
        return parse_window(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not LOW:HIGH, LOW: or :HIGH") from None
