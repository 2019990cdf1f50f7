"""The verbs that the workflow's rules call: a task each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from halogenator.cli.options import (
    add_verb,
    chunk_files_option,
    chunk_options,
    files_of,
    halogenation_of,
    index_of,
    index_options,
    key_option,
    library_of,
    library_options,
    memory_option,
    merge_options,
    part_option,
    reading_option,
    row_option,
    scratch_option,
    task_of,
    task_options,
    transform_of,
    transform_options,
)
from halogenator.units import prepared_words


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    for add in (
        _add_read_library,
        _add_standardize_chunk,
        _add_halogenate_chunk,
        _add_merge_library,
        _add_transform_chunk,
        _add_find_duplicates,
        _add_merge_products,
        _add_summarize,
        _add_catalog,
        _add_report,
        _add_record_memory,
    ):
        add(verbs)


def _add_read_library(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "read-library",
        _read_library,
        "read an input file of any format into a table of raw rows",
        "read-library --library mine --class lipid --path mine.csv.gz --out raw.parquet",
    )
    library_options(parser)
    reading_option(parser)
    row_option(parser)
    parser.add_argument("--mark", help="content mark that the file must have (default: any)")
    task_options(parser)


def _read_library(options: argparse.Namespace) -> None:
    from halogenator.inputs.first_rows import describe_library, said
    from halogenator.stages.read_library import read_library

    library = library_of(options)
    print(said(describe_library(library)), flush=True)
    read_library(library, options.out, task_of(options), options.mark)


def _add_standardize_chunk(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "standardize-chunk",
        _standardize_chunk,
        "standardise and index a chunk of raw rows",
        "standardize-chunk --raw raw.parquet --library mine --class lipid --path mine.csv --chunk 0/1 "
        "--out chunk.parquet --rejects rejects.parquet",
    )
    parser.add_argument("--raw", type=Path, required=True, help="what read-library made")
    library_options(parser)
    reading_option(parser)
    index_options(parser)
    chunk_options(parser)


def _standardize_chunk(options: argparse.Namespace) -> None:
    from halogenator.stages.standardize_chunk import standardize_chunk

    standardize_chunk(_chunk(options, options.raw), library_of(options), index_of(options))


def _chunk(options: argparse.Namespace, source: Path) -> Any:
    from halogenator.stages.chunk_task import Chunk

    return Chunk(source, options.chunk, options.out, options.rejects, task_of(options))


def _add_halogenate_chunk(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "halogenate-chunk",
        _halogenate_chunk,
        "halogenate a chunk of the library one level down once more",
        "halogenate-chunk --base molecules.parquet --library lipid-1X --class lipid --k 1 "
        "--rule 'hydroxyl=[C:1][OX2H]>>[C:1]{X}' --chunk 0/1 --out chunk.parquet --rejects rejects.parquet",
    )
    parser.add_argument("--base", type=Path, required=True, help="molecules.parquet of the library one level down")
    library_options(parser)
    index_options(parser)
    chunk_options(parser)


def _halogenate_chunk(options: argparse.Namespace) -> None:
    from halogenator.stages.halogenate_chunk import halogenate_chunk

    transforms = halogenation_of(options).transforms(options.class_name)
    halogenate_chunk(_chunk(options, options.base), library_of(options), transforms, index_of(options))


def _add_merge_library(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "merge-library",
        _merge_library,
        "merge a library's chunks into unique molecules with ids",
        "merge-library --library lipid-1X --class lipid --k 1 --chunks c0.parquet --reject-chunks r0.parquet "
        "--out molecules.parquet --rejects rejects.parquet --stats stats.json",
    )
    library_options(parser)
    merge_options(parser)


def _merge_library(options: argparse.Namespace) -> None:
    from halogenator.stages.merge_library import merge_library

    files = files_of(options.chunks), files_of(options.reject_chunks)
    stats = merge_library(_merge(options, *files, task_of(options)), library_of(options))
    print(f"library {library_of(options).name}: {stats['molecules']:,} molecules; {prepared_words(stats)}", flush=True)


def _merge(options: argparse.Namespace, chunks: Sequence[Path], reject_chunks: Sequence[Path], task: Any) -> Any:
    from halogenator.stages.merge import Merge

    made = options.out, options.rejects, options.stats
    parts = files_of(options.duplicates)
    return Merge(chunks, reject_chunks, *made, options.scratch, options.config_hash, task, parts)


def _add_transform_chunk(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "transform-chunk",
        _transform_chunk,
        "apply a transform to a chunk of a library",
        "transform-chunk --molecules molecules.parquet --transform OMe --smirks '[c:1][OX2H:2]>>[c:1][O:2]C' "
        "--chunk 0/1 --out chunk.parquet --rejects rejects.parquet",
    )
    transform_options(parser)
    chunk_options(parser)


def _transform_chunk(options: argparse.Namespace) -> None:
    from halogenator.stages.transform_chunk import transform_chunk

    transform_chunk(
        _chunk(options, options.molecules),
        transform_of(options),
        descriptor_names=options.descriptors,
        with_inchikey=options.inchikey,
    )


def _add_find_duplicates(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "find-duplicates",
        _find_duplicates,
        "find the duplicates among a job's or a library's chunks, for a part of the keys",
        "find-duplicates --library lipid-1X --chunks '*of012.products.parquet' --key smiles --part 0/3 "
        "--out 000of003.duplicates.parquet",
    )
    parser.add_argument("--library", required=True, metavar="NAME", help="the library's name, for the record of memory")
    parser.add_argument("--transform", metavar="NAME", help="the transform's, likewise")
    chunk_files_option(parser)
    key_option(parser)
    part_option(parser)
    scratch_option(parser)
    task_options(parser)


def _find_duplicates(options: argparse.Namespace) -> None:
    from halogenator.stages.find_duplicates import find_part

    find_part(
        files_of(options.chunks),
        key=options.key,
        part=options.part,
        out=options.out,
        scratch=options.scratch,
        task=task_of(options),
    )


def _add_merge_products(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "merge-products",
        _merge_products,
        "merge a job's chunks into unique products; without chunks, make them first",
        "merge-products --library lipid-1X --class lipid --molecules molecules.parquet --transform COOMe "
        "--smirks '[CX3:1](=[OX1:2])[OX2H:3]>>[C:1](=[O:2])[O:3]C' --out products.parquet --rejects rejects.parquet "
        "--stats stats.json",
    )
    library_options(parser)
    transform_options(parser)
    key_option(parser)
    row_option(parser)
    merge_options(parser)


def _merge_products(options: argparse.Namespace) -> None:
    from halogenator.stages.merge_products import merge_products

    task = task_of(options)
    with _chunks(options, task) as files:
        merge = _merge(options, *files, task)
        merge_products(merge, library_of(options), transform_of(options), options.key)


def _chunks(options: argparse.Namespace, task: Any) -> AbstractContextManager[tuple[Sequence[Path], Sequence[Path]]]:
    if options.chunks:
        return nullcontext((files_of(options.chunks), files_of(options.reject_chunks)))

    from halogenator.stages.transform_chunk import as_single_chunk

    return as_single_chunk(
        options.molecules,
        transform_of(options),
        descriptor_names=options.descriptors,
        with_inchikey=options.inchikey,
        scratch=options.scratch,
        task=task,
    )


def _add_summarize(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "summarize",
        _summarize,
        "write a table with a row per job",
        "summarize --results results --out results/summary.tsv",
    )
    parser.add_argument("--results", type=Path, required=True, help="folder of the results")
    parser.add_argument("--out", type=Path, required=True, help="table to make")
    memory_option(parser)


def _summarize(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import write_summary

    write_summary(options.results, options.out)


def _add_catalog(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "catalog",
        _catalog,
        "write a DuckDB database of views over all results; run it again after moving them",
        "catalog --results results --summary results/summary.tsv --out results/catalog.duckdb",
    )
    parser.add_argument("--results", type=Path, required=True, help="folder of the results")
    parser.add_argument("--summary", type=Path, required=True, help="what summarize made")
    parser.add_argument("--out", type=Path, required=True, help="database to make")
    memory_option(parser)


def _catalog(options: argparse.Namespace) -> None:
    from halogenator.stages.catalog import write_catalog

    write_catalog(options.results, options.summary, options.out, memory_mb=options.mem_mb)


def _add_report(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "report",
        _report,
        "write one page of all results, with charts and drawings, that opens in any browser without a network",
        "report --results results --configuration configs/config.yaml --out results/report.html",
    )
    parser.add_argument("--results", type=Path, required=True, help="folder of the results, with their catalog")
    parser.add_argument("--out", type=Path, required=True, help="HTML file to make, at most 8 MB large")
    parser.add_argument(
        "--configuration",
        type=Path,
        nargs="*",
        default=[],
        help="YAML files to show, with transforms among them",
    )
    parser.add_argument("--overrides", default="", help="what was set besides these files (default: nothing)")
    scratch_option(parser)
    memory_option(parser)


def _report(options: argparse.Namespace) -> None:
    from halogenator.report.page import write_report

    write_report(
        options.results,
        options.out,
        configuration=options.configuration,
        overrides=options.overrides,
        scratch=options.scratch,
        memory_mb=options.mem_mb,
    )


def _add_record_memory(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "record-memory",
        _record_memory,
        "record the memory of a workflow's processes until it ends",
        "record-memory --pid 4711 --cap-mb 32000 --out results/monitor.parquet",
    )
    parser.add_argument("--pid", type=int, required=True, help="the workflow's process")
    parser.add_argument("--cap-mb", type=int, required=True, help="what its tasks together may declare, in MB")
    parser.add_argument(
        "--interval", type=float, default=1.0, metavar="S", help="seconds between two looks (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to add to")


def _record_memory(options: argparse.Namespace) -> None:
    from halogenator.stages.monitor import record

    record(options.pid, options.out, interval=options.interval, cap_mb=options.cap_mb)
