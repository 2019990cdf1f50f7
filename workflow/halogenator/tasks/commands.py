"""Commands: every task of the workflow as an object with its options, its command line and its work.

A rule, or ``apply``, makes a command and starts a process with its ``words``. That process makes the same command from
the words (``cli.task_verbs``) and runs it. Each field is an option; an object of ``model`` is passed as JSON. Users do
not type these command lines.
"""

# ruff: noqa: RUF009 - ``option`` makes a field, as ``dataclasses.field`` does

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from halogenator.dataclass_json import to_json
from halogenator.process import limits
from halogenator.results import abbreviated

if TYPE_CHECKING:
    from halogenator.model import Job, Recipe
    from halogenator.process.usage import Task
    from halogenator.tasks.chunk_task import Chunk
    from halogenator.tasks.merge import Merge

Part = tuple[int, int]  # (0-based number of a chunk or a range of keys, how many there are)


def option(text: str, default: Any = MISSING) -> Any:
    """Return a field of a command with the help text of its option."""
    return field(default=default, metadata={"help": text})


@dataclass(kw_only=True, eq=False, repr=False)
class Command:
    """A task that runs in a process of its own.

    Attributes:
        example: a command line to copy, for the few tasks that users may want to start.
        guarded: whether the guard ends the process when it exceeds its declared memory.
    """

    example: ClassVar[str] = ""
    guarded: ClassVar[bool] = True

    # Written once here: ``dataclass`` would compile these methods for each command, which makes --help slow.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @classmethod
    def verb(cls) -> str:
        """Return the verb of the command line: ``transform-chunk`` for ``TransformChunk``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def text(cls) -> str:
        """Return the first words of its help: the docstring as part of a list."""
        sentence = str(cls.__doc__)
        return sentence[0].lower() + sentence[1:].rstrip(".")

    @property
    def words(self) -> list[str]:
        """The verb and its options, as words of a command line."""
        words = [self.verb()]
        for entry in fields(self):
            value = getattr(self, entry.name)
            value = tuple(value) if isinstance(value, list) else value
            if value != entry.default:
                words += [f"--{entry.name.replace('_', '-')}", *_words(value)]
        return words

    @property
    def label(self) -> str:
        """Its name in messages and in the memory record: ``transform-chunk mine OMe chunk 1 of 12``."""
        options = vars(self)
        subject: Job | Recipe | None = options.get("job") or options.get("recipe")
        names = subject.names if subject else (options.get("library"), options.get("transform"))
        words = [self.verb(), *filter(None, names)]
        for kind in ("chunk", "part"):
            if kind in options:
                words.append(f"{kind} {options[kind][0] + 1} of {options[kind][1]}")
        return " ".join(words)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files that it makes."""
        return tuple(vars(self)[name] for name in ("out", "rejects", "stats") if name in vars(self))

    def run(self, task: Task) -> None:
        """Do the work; ``task``: this process's time and memory."""
        raise NotImplementedError


def declaration(
    mem_mb: int | None = None,
    *,
    cap_mb: int = 0,
    beside_mb: int = 0,
    attempts: int = 0,
    ends_with: int = 0,
    notes: Path | None = None,
    processor_time: Path | None = None,
) -> list[str]:
    """Return the last words of a task's command line: its memory and the process that started it.

    Args:
        mem_mb: memory that the task declares, in MB; None: the option is left out.
        cap_mb: the most that a task may declare, in MB, for advice in messages; 0: unknown.
        beside_mb: part of ``mem_mb`` that other processes of the same allocation use, in MB.
        attempts: how often the task is tried in all, for the same advice; 0: unknown.
        ends_with: id of a process; the task ends when that process ends; 0: none.
        notes: folder for the note of a running task (``process.running``); None: no note.
        processor_time: file for a line on the task (``process.usage``), with ``--log`` beside it; None: no line.
    """
    memory = {"mem-mb": mem_mb, "cap-mb": cap_mb, "beside-mb": beside_mb}
    values = {**memory, "attempts": attempts, "ends-with": ends_with, "notes": notes, "processor-time": processor_time}
    return [word for name, value in values.items() if value for word in (f"--{name}", str(value))]


def _words(value: Any) -> list[str]:
    """Return an option's value as words: JSON of an object, ``3/12`` of a part, abbreviated names of files."""
    if is_dataclass(value):
        return [to_json(value)]
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return ["/".join(map(str, value))]
    return abbreviated([str(item) for item in value]) if isinstance(value, tuple) else [str(value)]


@dataclass(kw_only=True, eq=False, repr=False)
class _RowCommand(Command):
    """A task with a time limit for each row."""

    row_seconds: float = option(
        "seconds of processor time that one row may take (default: %(default)s); one that takes more is a reject",
        limits.ROW_SECONDS,
    )


@dataclass(kw_only=True, eq=False, repr=False)
class ChunkCommand(_RowCommand):
    """A task that makes a chunk."""

    chunk: Part = option("0-based number of the chunk, of how many")
    out: Path = option("Parquet file to make")
    rejects: Path = option("Parquet file for rows that cannot be used")

    def _chunk(self, source: Path, task: Task) -> Chunk:
        from halogenator.tasks.chunk_task import Chunk

        return Chunk(source, self.chunk, self.out, self.rejects, task)


@dataclass(kw_only=True, eq=False, repr=False)
class _MergeCommand(_RowCommand):
    """A task that merges chunks."""

    chunks: Sequence[Path] = option(
        "chunk files, in parent order; '*of012.x' stands for all twelve, 000of012.x to 011of012.x", ()
    )
    reject_chunks: Sequence[Path] = option("their rejects, in the same order", ())
    duplicates: Sequence[Path] = option(
        "what find-duplicates made, for all parts in order (default: duplicates are found here)", ()
    )
    config_hash: str = option("recorded in the file's metadata (default: nothing)", "")
    configuration: str = option("name of the configuration, recorded in the statistics (default: nothing)", "")
    out: Path = option("Parquet file to make")
    rejects: Path = option("Parquet file for rows that could not be used")
    stats: Path = option("JSON file for the row of the summary")
    scratch: Path = option("folder for what memory cannot hold")

    def _merge(self, chunks: Sequence[Path], reject_chunks: Sequence[Path], task: Task, **more: Any) -> Merge:
        from halogenator.tasks.merge import Merge

        files = chunks, reject_chunks, self.out, self.rejects, self.stats, self.scratch
        settings = {"parts": self.duplicates, "configuration": self.configuration, **more}
        return Merge(*files, self.config_hash, task, **settings)


@dataclass(kw_only=True, eq=False, repr=False)
class ReadLibrary(_RowCommand):
    """Read the files of a library, of any format, into a table of raw rows."""

    recipe: Recipe = option("the library")
    mark: str | None = option("content mark that its files must have (default: any)", None)
    out: Path = option("Parquet file to make")

    def run(self, task: Task) -> None:
        from halogenator.inputs.first_rows import describe_library
        from halogenator.tasks.read_library import read_library

        library = self.recipe.library
        print(describe_library(library).columns_text, flush=True)
        read_library(library, self.out, task, self.mark)


@dataclass(kw_only=True, eq=False, repr=False)
class StandardizeChunk(ChunkCommand):
    """Standardise and index a chunk of raw rows."""

    recipe: Recipe = option("the library")
    raw: Path = option("what read-library made")

    def run(self, task: Task) -> None:
        from halogenator.chemistry.index import Index
        from halogenator.tasks.standardize_chunk import standardize_chunk

        standardize_chunk(self._chunk(self.raw, task), self.recipe.library, Index.of(self.recipe))


@dataclass(kw_only=True, eq=False, repr=False)
class HalogenateChunk(ChunkCommand):
    """Take a chunk of the library that one is built from a step further: halogenate it, or apply transforms."""

    recipe: Recipe = option("the library to make, with the rules and transforms that make it")
    base: Path = option("molecules.parquet of the library that it is built from")

    def run(self, task: Task) -> None:
        from halogenator.chemistry.index import Index
        from halogenator.tasks.halogenate_chunk import halogenate_chunk

        recipe = self.recipe
        settings = recipe.library, recipe.transforms, Index.of(recipe), recipe.choice
        halogenate_chunk(self._chunk(self.base, task), *settings)


@dataclass(kw_only=True, eq=False, repr=False)
class MergeLibrary(_MergeCommand):
    """Merge a library's chunks into unique molecules with ids."""

    recipe: Recipe = option("the library")
    repeated_ids: Sequence[Path] = option(
        "with duplicates, for a library from a file: what find-repeats made, for all parts in order", ()
    )
    repeated_rows: Sequence[Path] = option("its rejects, in the same order", ())

    def run(self, task: Task) -> None:
        from halogenator.tasks.merge_library import merge_library
        from halogenator.units import prepared_words

        library = self.recipe.library
        repeats = self.repeated_ids, self.repeated_rows
        stats = merge_library(self._merge(self.chunks, self.reject_chunks, task, repeats=repeats), library)
        print(f"library {library.name}: {stats['molecules']:,} molecules; {prepared_words(stats)}", flush=True)


@dataclass(kw_only=True, eq=False, repr=False)
class TransformChunk(ChunkCommand):
    """Apply a transform to a chunk of a library."""

    job: Job = option("the job")
    molecules: Path = option("molecules.parquet of its library")

    def run(self, task: Task) -> None:
        from halogenator.tasks.transform_chunk import transform_chunk

        transform_chunk(self._chunk(self.molecules, task), self.job)


@dataclass(kw_only=True, eq=False, repr=False)
class FindDuplicates(Command):
    """Find the duplicates among a job's or a library's chunks, for a part of the keys."""

    library: str = option("the library's name, for messages and the record of memory")
    transform: str | None = option("the transform's, likewise, if the chunks are a job's", None)
    chunks: Sequence[Path] = option("chunk files, in parent order; '*of012.x' stands for all twelve")
    key: str = option("column that no two rows share (default: %(default)s)", "smiles")
    part: Part = option("the range of keys to look at: 0-based number, of how many")
    out: Path = option("Parquet file to make")
    scratch: Path = option("folder for what memory cannot hold")

    def run(self, task: Task) -> None:
        from halogenator.tasks.find_duplicates import find_part

        find_part(self.chunks, key=self.key, part=self.part, out=self.out, scratch=self.scratch, task=task)


@dataclass(kw_only=True, eq=False, repr=False)
class FindRepeats(Command):
    """Find repeated ids and the rejects of duplicates in a library's file, for a part of the keys."""

    library: str = option("the library's name")
    chunks: Sequence[Path] = option("chunk files, in order; '*of012.x' stands for all twelve")
    duplicates: Sequence[Path] = option("what find-duplicates made of them, for all parts in order")
    part: Part = option("the range of keys to look at: 0-based number, of how many")
    out: Path = option("Parquet file to make, of the rows with a repeated id")
    rejects: Path = option("Parquet file to make, of the rows with the molecule of an earlier row")
    scratch: Path = option("folder for what memory cannot hold")

    def run(self, task: Task) -> None:
        from halogenator.tasks.file_repeats import find_repeats

        places = {"out": self.out, "rejects_out": self.rejects, "scratch": self.scratch}
        find_repeats(self.chunks, self.duplicates, library=self.library, part=self.part, task=task, **places)


@dataclass(kw_only=True, eq=False, repr=False)
class MergeProducts(_MergeCommand):
    """Merge a job's chunks into unique products; without chunks, make these first."""

    job: Job = option("the job")
    molecules: Path = option("molecules.parquet of its library")

    def run(self, task: Task) -> None:
        from halogenator.tasks.merge_products import merge_products

        if self.chunks:
            merge_products(self._merge(self.chunks, self.reject_chunks, task), self.job)
            return

        from halogenator.tasks.transform_chunk import as_single_chunk

        with as_single_chunk(self.molecules, self.job, self.scratch, task) as chunk:
            merge_products(self._merge([chunk.out], [chunk.rejects_out], task, alone=True), self.job)


@dataclass(kw_only=True, eq=False, repr=False)
class _FingerprintCommand(Command):
    """A task that makes fingerprints of rows."""

    library: str = option("the library's name, for messages and the record of memory")
    transform: str | None = option("the transform's, likewise, if the rows are a job's", None)
    rows: Path = option("molecules.parquet or products.parquet")
    base: Sequence[Path] = option("molecules.parquet of those that they came from (default: of none)", ())
    out: Path = option("Parquet file to make")

    @property
    def _base(self) -> Path | None:
        return next(iter(self.base), None)


@dataclass(kw_only=True, eq=False, repr=False)
class FingerprintChunk(_FingerprintCommand):
    """Compute the fingerprints of a chunk of a library's molecules or a job's products."""

    chunk: Part = option("0-based number of the chunk, of how many")

    def run(self, task: Task) -> None:
        from halogenator.tasks.fingerprint import write_fingerprints

        write_fingerprints(self.rows, self._base, self.out, chunk=self.chunk)


@dataclass(kw_only=True, eq=False, repr=False)
class Fingerprint(_FingerprintCommand):
    """Compute the fingerprints of a library's molecules or a job's products for find --similar, or join chunks."""

    chunks: Sequence[Path] = option("what fingerprint-chunk made, for all chunks in order (default: all rows)", ())

    def run(self, task: Task) -> None:
        from halogenator.tasks.fingerprint import join_fingerprints, write_fingerprints

        if self.chunks:
            join_fingerprints(self.chunks, self.rows, self._base, self.out)
        else:
            write_fingerprints(self.rows, self._base, self.out)


@dataclass(kw_only=True, eq=False, repr=False)
class Summarize(Command):
    """Write a table with a row per job."""

    example = "summarize --results results --out results/summary.tsv"
    results: Path = option("folder of the results")
    out: Path = option("table to make")

    def run(self, task: Task) -> None:
        from halogenator.tables.catalog import write_summary

        write_summary(self.results, self.out)


@dataclass(kw_only=True, eq=False, repr=False)
class Catalog(Command):
    """Write a DuckDB database of views over all results, and audit.tsv; query and tour make it anew after a move."""

    example = "catalog --results results --summary results/summary.tsv --out results/catalog.duckdb"
    results: Path = option("folder of the results")
    summary: Path = option("what summarize made")
    out: Path = option("database to make")

    def run(self, task: Task) -> None:
        from halogenator.results import AUDIT_FILE
        from halogenator.tables.catalog import write_catalog
        from halogenator.tables.left_out import write_audit

        write_catalog(self.results, self.summary, self.out, memory_mb=task.declared_mb)
        write_audit(self.out, self.out.with_name(AUDIT_FILE))


@dataclass(kw_only=True, eq=False, repr=False)
class Report(Command):
    """Write one page of all results, with charts and drawings, that opens in any browser without a network."""

    example = "report --results results --configuration configs/config.yaml --out results/report.html"
    results: Path = option("folder of the results, with their catalog")
    out: Path = option("HTML file to make, at most 8 MB large")
    configuration: Sequence[Path] = option("YAML files to show, with transforms among them", ())
    overrides: str = option("what was set besides these files (default: nothing)", "")
    scratch: Path = option("folder for what memory cannot hold (default: %(default)s)", Path("results/work"))

    def run(self, task: Task) -> None:
        from halogenator.report.page import write_report

        write_report(
            self.results,
            self.out,
            configuration=self.configuration,
            overrides=self.overrides,
            scratch=self.scratch,
            memory_mb=task.declared_mb,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class RecordMemory(Command):
    """Record the memory of a workflow's processes until it ends."""

    example = "record-memory --pid 4711 --cap-mb 32000 --out results/monitor.parquet"
    guarded = False
    pid: int = option("the workflow's process")
    cap_mb: int = option("what its tasks together may declare, in MB")
    interval: float = option("seconds between two looks (default: %(default)s)", 1.0)
    out: Path = option("Parquet file to add to")

    def run(self, task: Task) -> None:
        from halogenator.tasks.record_memory import record

        record(self.pid, self.out, interval=self.interval, cap_mb=self.cap_mb)


COMMANDS = (
    ReadLibrary,
    StandardizeChunk,
    HalogenateChunk,
    MergeLibrary,
    TransformChunk,
    FindDuplicates,
    FindRepeats,
    MergeProducts,
    FingerprintChunk,
    Fingerprint,
    Summarize,
    Catalog,
    Report,
    RecordMemory,
)
