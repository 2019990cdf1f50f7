"""``python -m halogenator VERB``: what people and the workflow's rules call. A verb imports what it needs when run."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from halogenator import __version__, limits
from halogenator.errors import UserError

EXIT_CODES = (
    "exit status: 0 done; 1 something to mend in the configuration or the input, which the message names; 2 usage; "
    "3 more memory needed than declared"
)

Parser = argparse.ArgumentParser


def program() -> int:
    """Run the verb of this process's command line, a task in a guarded child of it; return the exit status."""
    return main(guarded=True)


def main(arguments: Sequence[str] | None = None, *, guarded: bool = False) -> int:
    """Run a verb. Returns the exit status, which ``EXIT_CODES`` explains, after a message on standard error.

    Args:
        arguments: the command line without the program's name; this process's own where not given.
        guarded: whether a task is held to its declared memory, for which this process is forked.
    """
    options = _parser().parse_args(arguments)
    if not (guarded and hasattr(options, "mem_mb")):
        return _run(options)

    from halogenator.memory.guard import Declaration, run_guarded

    task = Declaration(options.mem_mb, _describe(options), _outputs(options))
    return run_guarded(lambda: _run(options), task, step_seconds=getattr(options, "row_seconds", None))


def _run(options: argparse.Namespace) -> int:
    try:
        return options.run(options) or 0
    except UserError as error:
        return _complain(error)
    except Exception as error:
        from halogenator.memory.guard import EXIT_MEMORY, is_refusal
        from halogenator.storage.failures import explain

        if is_refusal(error):
            return EXIT_MEMORY
        explained = explain(error)
        if explained is None:
            raise
        return _complain(explained)


def _describe(options: argparse.Namespace) -> str:
    """Return what a task is, in the words of its options."""
    names = [getattr(options, name, None) for name in ("library", "transform")]
    words = [options.verb, *(str(name) for name in names if name)]
    if hasattr(options, "chunk"):
        words.append(f"chunk {options.chunk[0] + 1} of {options.chunk[1]}")
    return " ".join(words)


def _outputs(options: argparse.Namespace) -> tuple[Path, ...]:
    paths = (getattr(options, name, None) for name in ("out", "rejects", "stats"))
    return tuple(path for path in paths if path is not None)


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
    for add in (_add_check, _add_query, _add_tour, _add_monitor, _add_diagnose, _add_verify, _add_adopt):
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
        _add_record_memory,
    ):
        add(verbs)
    return parser


def _verb(verbs: Any, name: str, run: Callable[[argparse.Namespace], int | None], text: str, example: str) -> Parser:
    parser: Parser = verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example:\n  python -m halogenator {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, verb=name)
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


def _add_monitor(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "monitor",
        _monitor,
        "show the memory of a running workflow: each task, the total against the cap, growth",
        "monitor --interval 5 --threshold 80",
    )
    parser.add_argument("--interval", type=float, default=5.0, metavar="S", help="seconds (default: %(default)s)")
    parser.add_argument(
        "--threshold", type=float, default=80.0, metavar="PCT", help="warn from this percent of the cap (%(default)s)"
    )
    parser.add_argument("--directory", type=Path, default=Path(), help="where the workflow runs (default: here)")
    parser.add_argument("--once", action="store_true", help="look one time only")


def _monitor(options: argparse.Namespace) -> None:
    from halogenator.stages.monitor import watch

    def show(text: str) -> None:
        print(text, flush=True)

    watch(options.directory, interval=options.interval, threshold=options.threshold, once=options.once, show=show)


def _add_diagnose(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "diagnose",
        _diagnose,
        "measure where a job's memory goes: product sizes, writing, growth, deduplication",
        "diagnose polyphenol-1X FG_PHENOL_OH__OH__TO__OMe",
    )
    parser.add_argument("library", help="a library that a run has built")
    parser.add_argument("transform", help="the transform's name")
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="as for snakemake")
    parser.add_argument("--results", type=Path, default=Path("results"), help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=5000, help="library rows to try (default: %(default)s)")


def _diagnose(options: argparse.Namespace) -> None:
    from halogenator.config import read_config
    from halogenator.errors import did_you_mean
    from halogenator.stages.diagnose import diagnose

    repository = Path(__file__).resolve().parents[2]
    layers = [repository / "configs" / "config.yaml", *options.configfile]
    config = read_config(layers, working_dir=Path.cwd(), repository=repository)
    if options.transform not in config.transforms:
        raise UserError(
            f"there is no transform '{options.transform}'",
            where=config.transforms_path,
            allowed=list(config.transforms),
            fix=did_you_mean(options.transform, config.transforms),
        )
    transform = config.transforms[options.transform]
    for line in diagnose(options.results, options.library, transform, config.descriptors, rows=options.rows):
        print(line)


def _add_verify(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "verify",
        _verify,
        "check every Parquet file below a path: whole, of its kind, keys unique, SMILES readable, bytes as written",
        "verify results",
    )
    parser.add_argument(
        "path", type=Path, nargs="*", default=[Path("results")], help="files, folders (default: results)"
    )
    parser.add_argument("--all", action="store_true", help="read every SMILES with RDKit, not 1,000 of each file")
    parser.add_argument("--mem-mb", type=int, default=1000, help="memory to stay below (default: %(default)s)")
    parser.add_argument("--scratch", type=Path, help="folder for what memory cannot hold (default: the system's)")


def _verify(options: argparse.Namespace) -> int:
    from tempfile import gettempdir

    from halogenator.stages.verify import verify_files

    scratch = options.scratch or Path(gettempdir())
    counts: Counter[str] = Counter()
    for verdict in verify_files(options.path, every_row=options.all, mem_mb=options.mem_mb, scratch=scratch):
        counts[verdict.state] += 1
        print(f"{verdict.state}  {_printable(verdict.path)}  {verdict.detail}", flush=True)
    unrecorded, bad = counts["ok, no record"], counts["BAD"]
    good = counts["ok"] + unrecorded
    print(f"{good + bad} files: {good} ok, {unrecorded} of them without record; {bad} BAD")
    return 1 if bad else 0


def _add_adopt(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "adopt",
        _adopt,
        "take over the products of an earlier pipeline, DIR/<library>_<transform>/products.parquet, as finished jobs",
        "adopt --dry-run /data/earlier",
    )
    parser.add_argument(
        "directory", type=Path, metavar="DIR", help="the earlier pipeline's outputs; they stay as they are"
    )
    parser.add_argument("--results", type=Path, default=Path("results"), help="default: %(default)s")
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help="layered over configs/config.yaml")
    parser.add_argument("--dry-run", action="store_true", help="say what would be adopted, and change nothing")
    parser.add_argument("--mem-mb", type=int, default=1000, help="memory to stay below (default: %(default)s)")


def _adopt(options: argparse.Namespace) -> None:
    from halogenator.config import read_config
    from halogenator.stages.adopt import adopt, unfinished

    repository = Path(__file__).resolve().parents[2]
    layers = [repository / "configs" / "config.yaml", *options.configfile]
    config = read_config(layers, working_dir=options.results.absolute().parent, repository=repository)
    counts: Counter[str] = Counter()
    found = adopt(options.directory, config, options.results, dry_run=options.dry_run, mem_mb=options.mem_mb)
    for outcome in found:
        counts[outcome.state] += 1
        state = "would adopt" if options.dry_run and outcome.state == "adopted" else outcome.state
        print(f"{state}  {_printable(outcome.name)}  {outcome.detail}", flush=True)
    waiting = unfinished(config, options.results) - (counts["adopted"] if options.dry_run else 0)
    print(
        f"{counts['adopted']} {'would be ' if options.dry_run else ''}adopted, {counts['broken']} broken, "
        f"{counts['unknown']} unknown; {waiting} of {len(config.jobs)} jobs are to be run"
    )


def _printable(name: object) -> str:
    """Return a file's name as one line that any terminal takes, whatever bytes are in it."""
    text = os.fsencode(str(name)).decode(errors="backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


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
    _row_option(parser)
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
    _row_option(parser)
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
    _memory_option(parser)


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
    _memory_option(parser)


def _catalog(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import write_catalog

    write_catalog(options.results, options.summary, options.out, memory_mb=options.mem_mb)


def _add_record_memory(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "record-memory",
        _record_memory,
        "record the memory of a workflow's processes until it ends",
        "record-memory --pid 4711 --cap-mb 32000 --out results/monitor.parquet",
    )
    parser.add_argument("--pid", type=int, required=True, help="the workflow's process")
    parser.add_argument("--cap-mb", type=int, required=True, help="what its tasks together may declare, in MB")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to add to")


def _record_memory(options: argparse.Namespace) -> None:
    from halogenator.stages.monitor import record

    record(options.pid, options.out, interval=options.interval, cap_mb=options.cap_mb)


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
    _row_option(parser)
    _task_options(parser)


def _row_option(parser: Parser) -> None:
    text = "processor time that one row may take (default: %(default)s); one that takes more is a reject"
    parser.add_argument("--row-seconds", type=float, default=limits.ROW_SECONDS, metavar="S", help=text)


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
    _memory_option(parser)


def _memory_option(parser: Parser) -> None:
    text = "declared memory in MB of 10^6 bytes; the task ends with status 3 beyond it (default: %(default)s)"
    parser.add_argument("--mem-mb", type=int, default=1000, help=text)


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
