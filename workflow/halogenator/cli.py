"""``python -m halogenator VERB``: what people and the workflow's rules call. A verb imports what it needs when run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from halogenator import __version__
from halogenator.errors import UserError

EXIT_CODES = (
    "exit status: 0 done; 1 something to mend in the configuration or the input, which the message names; 2 usage"
)

Parser = argparse.ArgumentParser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb. Returns the exit status: 0, or 1 after a message on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        return _complain(error)
    except Exception as error:
        from halogenator.storage.failures import explain

        explained = explain(error)
        if explained is None:
            raise
        return _complain(explained)
    return 0


def _complain(error: UserError) -> int:
    print(f"halogenator: {error}", file=sys.stderr)
    return 1


def _parser() -> Parser:
    parser = Parser(
        prog="halogenator",
        description="Halogenated natural-product libraries through functional-group transforms.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"halogenator {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in (_add_check, _add_query, _add_tour):
        add(verbs)
    for add in (
        _add_read_library,
        _add_standardize_chunk,
        _add_halogenate_chunk,
        _add_merge_library,
        _add_transform_chunk,
        _add_merge_products,
        _add_summarize,
        _add_catalog,
    ):
        add(verbs)
    return parser


def _verb(verbs: Any, name: str, run: Callable[[argparse.Namespace], None], text: str, example: str) -> Parser:
    parser: Parser = verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example:\n  python -m halogenator {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


# ---- verbs for people ------------------------------------------------------------------------------------------------


def _add_check(verbs: Any) -> None:
    parser = _verb(verbs, "check", _check, "check configuration files and count the jobs they make", "check my.yaml")
    parser.add_argument("config", type=Path, nargs="*", help="YAML files, each layered over the one before")
    parser.add_argument("--bare", action="store_true", help="do not layer them over the shipped configs/config.yaml")


def _check(options: argparse.Namespace) -> None:
    from halogenator.config import read_config

    repository = Path(__file__).resolve().parents[2]
    shipped = [] if options.bare else [repository / "configs" / "config.yaml"]
    config = read_config([*shipped, *options.config], working_dir=Path.cwd(), repository=repository)
    built_upon = sum(library.implicit for library in config.libraries.values())
    print(f"libraries:  {len(config.libraries) - built_upon}, and {built_upon} that they are built upon")
    print(f"transforms: {len(config.transforms)}")
    print(f"jobs:       {len(config.jobs)}")
    print("all well")


def _add_query(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "query",
        _query,
        "run an SQL query on the results and print the first rows",
        'query "SELECT library, count(*) FROM products GROUP BY library"',
    )
    parser.add_argument("sql", help="over the views molecules, products, rejects and jobs")
    parser.add_argument("--catalog", type=Path, default=Path("results/catalog.duckdb"), help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=20, help="print at most this many rows (default: %(default)s)")


def _query(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import show_query

    show_query(options.catalog, options.sql, options.rows)


def _add_tour(verbs: Any) -> None:
    parser = _verb(verbs, "tour", _tour, "say where the results are and how to look at them", "tour --results results")
    parser.add_argument("--results", type=Path, default=Path("results"), help="default: %(default)s")


def _tour(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import tour

    print(tour(options.results))


# ---- verbs for the workflow's rules ----------------------------------------------------------------------------------


def _add_read_library(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "read-library",
        _read_library,
        "read an input file of any format into a table of raw rows",
        "read-library --library mine --class lipid --path mine.csv.gz --out raw.parquet",
    )
    _library_options(parser)
    parser.add_argument("--smiles-column", help="column of the SMILES (default: found by name)")
    parser.add_argument("--id-column", help="column of the identifier (default: found by name)")
    parser.add_argument("--mark", help="content mark that the file must have (default: any)")
    _task_options(parser)


def _read_library(options: argparse.Namespace) -> None:
    from halogenator.stages.libraries import read_library

    read_library(_library(options), options.out, _task(options), options.mark)


def _add_standardize_chunk(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "standardize-chunk",
        _standardize_chunk,
        "standardise and index a chunk of raw rows",
        "standardize-chunk --raw raw.parquet --library mine --class lipid --path mine.csv --chunk 0/1 "
        "--out chunk.parquet --rejects rejects.parquet",
    )
    parser.add_argument("--raw", type=Path, required=True, help="what read-library made")
    _library_options(parser)
    parser.add_argument("--fragments", choices=("largest", "keep"), default="largest", help="default: %(default)s")
    _index_options(parser)
    _chunk_options(parser)


def _standardize_chunk(options: argparse.Namespace) -> None:
    from halogenator.stages.libraries import standardize_chunk

    standardize_chunk(
        options.raw,
        _library(options),
        _index(options),
        chunk=options.chunk,
        out=options.out,
        rejects_out=options.rejects,
        task=_task(options),
    )


def _add_halogenate_chunk(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "halogenate-chunk",
        _halogenate_chunk,
        "halogenate a chunk of the library one level down once more",
        "halogenate-chunk --base molecules.parquet --library lipid-1X --class lipid --k 1 "
        "--rule 'hydroxyl=[C:1][OX2H]>>[C:1]{X}' --chunk 0/1 --out chunk.parquet --rejects rejects.parquet",
    )
    parser.add_argument("--base", type=Path, required=True, help="molecules.parquet of the library one level down")
    _library_options(parser)
    _index_options(parser)
    _chunk_options(parser)


def _halogenate_chunk(options: argparse.Namespace) -> None:
    from halogenator.stages.libraries import halogenate_chunk

    halogenate_chunk(
        options.base,
        _library(options),
        _halogenation(options).transforms(options.class_name),
        _index(options),
        chunk=options.chunk,
        out=options.out,
        rejects_out=options.rejects,
        task=_task(options),
    )


def _add_merge_library(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "merge-library",
        _merge_library,
        "merge a library's chunks into unique molecules with ids",
        "merge-library --library lipid-1X --class lipid --k 1 --chunks c0.parquet --reject-chunks r0.parquet "
        "--out molecules.parquet --rejects rejects.parquet --stats stats.json",
    )
    _library_options(parser)
    _merge_options(parser)


def _merge_library(options: argparse.Namespace) -> None:
    from halogenator.stages.merge import merge_library

    merge_library(
        options.chunks,
        options.reject_chunks,
        library=_library(options),
        config_hash=options.config_hash,
        out=options.out,
        rejects_out=options.rejects,
        stats_out=options.stats,
        scratch=options.scratch,
        task=_task(options),
    )


def _add_transform_chunk(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "transform-chunk",
        _transform_chunk,
        "apply a transform to a chunk of a library",
        "transform-chunk --molecules molecules.parquet --transform OMe --smirks '[c:1][OX2H:2]>>[c:1][O:2]C' "
        "--chunk 0/1 --out chunk.parquet --rejects rejects.parquet",
    )
    _transform_options(parser)
    _chunk_options(parser)


def _transform_chunk(options: argparse.Namespace) -> None:
    from halogenator.stages.transform import transform_chunk

    transform_chunk(
        options.molecules,
        _transform(options),
        descriptor_names=options.descriptors,
        with_inchikey=options.inchikey,
        chunk=options.chunk,
        out=options.out,
        rejects_out=options.rejects,
        task=_task(options),
    )


def _add_merge_products(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "merge-products",
        _merge_products,
        "merge a job's chunks into unique products; without chunks, make them first",
        "merge-products --library lipid-1X --class lipid --molecules molecules.parquet --transform COOMe "
        "--smirks '[CX3:1](=[OX1:2])[OX2H:3]>>[C:1](=[O:2])[O:3]C' --out products.parquet --rejects rejects.parquet "
        "--stats stats.json",
    )
    _library_options(parser)
    _transform_options(parser)
    parser.add_argument("--key", choices=("smiles", "inchikey"), default="smiles", help="default: %(default)s")
    _merge_options(parser)


def _merge_products(options: argparse.Namespace) -> None:
    from halogenator.stages.merge import merge_products

    task = _task(options)
    with _chunks(options, task) as (chunks, reject_chunks):
        merge_products(
            chunks,
            reject_chunks,
            library=_library(options),
            transform=_transform(options),
            key=options.key,
            config_hash=options.config_hash,
            out=options.out,
            rejects_out=options.rejects,
            stats_out=options.stats,
            scratch=options.scratch,
            task=task,
        )


def _chunks(options: argparse.Namespace, task: Any) -> AbstractContextManager[tuple[Sequence[Path], Sequence[Path]]]:
    if options.chunks:
        return nullcontext((options.chunks, options.reject_chunks))

    from halogenator.stages.transform import as_single_chunk

    return as_single_chunk(
        options.molecules,
        _transform(options),
        descriptor_names=options.descriptors,
        with_inchikey=options.inchikey,
        scratch=options.scratch,
        task=task,
    )


def _add_summarize(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "summarize",
        _summarize,
        "write a table with a row per job",
        "summarize --results results --out results/summary.tsv",
    )
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)


def _summarize(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import write_summary

    write_summary(options.results, options.out)


def _add_catalog(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "catalog",
        _catalog,
        "write a DuckDB database of views over all results; run it again after moving them",
        "catalog --results results --summary results/summary.tsv --out results/catalog.duckdb",
    )
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--summary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)


def _catalog(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import write_catalog

    write_catalog(options.results, options.summary, options.out)


# ---- options that several verbs share --------------------------------------------------------------------------------


def _library_options(parser: Parser) -> None:
    parser.add_argument("--library", required=True, metavar="NAME", help="the library's name")
    parser.add_argument("--class", dest="class_name", required=True, metavar="CLASS", help="the library's class")
    parser.add_argument("--k", type=int, help="number of halogenations; left out for an external library")
    parser.add_argument("--path", type=Path, help="the file that the library is read from")


def _index_options(parser: Parser) -> None:
    parser.add_argument(
        "--query", type=_pair, action="append", default=[], metavar="COLUMN=SMARTS", help="sites to count; repeatable"
    )
    parser.add_argument(
        "--rule", type=_pair, action="append", default=[], metavar="NAME=SMIRKS", help="halogenation rule; repeatable"
    )
    parser.add_argument(
        "--max-sites", type=_pair, action="append", default=[], metavar="NAME=N", help="a rule's limit per parent"
    )
    parser.add_argument("--halogens", type=_names, default=(), metavar="F,Cl,…", help="what {X} stands for in rules")
    parser.add_argument("--weigh", action="store_true", help="also count the sites of the halogenation rules")
    parser.add_argument("--descriptors", type=_names, default=(), metavar="mw,tpsa,…", help="columns to compute")


def _transform_options(parser: Parser) -> None:
    parser.add_argument("--molecules", type=Path, required=True, help="molecules.parquet of the library")
    parser.add_argument("--transform", required=True, metavar="NAME", help="the transform's name")
    parser.add_argument("--smirks", required=True)
    parser.add_argument("--max-sites", type=int, metavar="N", help="sites used per parent (default: all)")
    parser.add_argument("--descriptors", type=_names, default=(), metavar="mw,tpsa,…", help="columns to compute")
    parser.add_argument("--inchikey", action="store_true", help="add the standard InChIKey")


def _chunk_options(parser: Parser) -> None:
    parser.add_argument("--chunk", type=_chunk, required=True, metavar="I/N", help="0-based number, of how many")
    parser.add_argument("--rejects", type=Path, required=True, help="Parquet file for rows that cannot be used")
    _task_options(parser)


def _merge_options(parser: Parser) -> None:
    parser.add_argument("--chunks", type=Path, nargs="*", default=[], help="chunk files, in parent order")
    parser.add_argument("--reject-chunks", type=Path, nargs="*", default=[], help="their rejects, in the same order")
    parser.add_argument("--config-hash", default="", help="recorded in the file's metadata")
    parser.add_argument("--rejects", type=Path, required=True, help="Parquet file for rows that could not be used")
    parser.add_argument("--stats", type=Path, required=True, help="JSON file for the row of the summary")
    parser.add_argument("--scratch", type=Path, default=Path("results/work"), help="folder for what memory cannot hold")
    _task_options(parser)


def _task_options(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to make")
    parser.add_argument("--mem-mb", type=int, default=1000, help="declared memory in MB (default: %(default)s)")


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _chunk(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 0 ≤ I < N")
    return int(number), int(count)


def _task(options: argparse.Namespace) -> Any:
    from halogenator.memory.usage import Task

    return Task(options.mem_mb)


def _library(options: argparse.Namespace) -> Any:
    from halogenator.model import Library

    return Library(
        name=options.library,
        class_name=options.class_name,
        k=options.k,
        path=options.path,
        smiles_column=getattr(options, "smiles_column", None),
        id_column=getattr(options, "id_column", None),
        fragments=getattr(options, "fragments", "largest"),
    )


def _transform(options: argparse.Namespace) -> Any:
    from halogenator.model import Transform

    return Transform(name=options.transform, smirks=options.smirks, max_sites=options.max_sites)


def _halogenation(options: argparse.Namespace) -> Any:
    from halogenator.model import Halogenation, HalogenationRule

    limits = {name: int(limit) for name, limit in options.max_sites}
    rules = tuple(
        HalogenationRule(name, smirks, scope_classes=(options.class_name,), max_sites=limits.get(name))
        for name, smirks in options.rule
    )
    return Halogenation(options.halogens, rules)


def _index(options: argparse.Namespace) -> Any:
    from halogenator.chemistry.index import Index

    halogenation = _halogenation(options) if options.weigh else None
    return Index(dict(options.query), halogenation, options.class_name, options.descriptors)
