"""Every task of the workflow as an object: what it takes, the command line that starts it, and what it does.

A rule, or ``apply``, makes such an object and starts its ``words``. The process that starts makes the object again
(``cli.task_verbs``) and runs it. A field is an option of the command line; an object of ``model`` travels as JSON.
People do not type these command lines.
"""

# ruff: noqa: RUF009 - ``option`` makes a field, as ``dataclasses.field`` does

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
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

Part = tuple[int, int]  # 0-based number, of how many


def option(text: str, default: Any = MISSING) -> Any:
    """Return a field of a command, with its help."""
    return field(default=default, metadata={"help": text})


@dataclass(kw_only=True, eq=False, repr=False)
class Command:
    """A task that a process of its own does.

    Attributes:
        example: its command line to copy, where people may want to type it.
        guarded: whether the process is held to the memory that it declares.
    """

    example: ClassVar[str] = ""
    guarded: ClassVar[bool] = True

    # For all commands alike: help is to be instant, and ``dataclass`` would write and compile these for each of them.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @classmethod
    def verb(cls) -> str:
        """Return what it is called on the command line: ``transform-chunk`` for ``TransformChunk``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def text(cls) -> str:
        """Return what it does, as the list of verbs has it."""
        sentence = str(cls.__doc__)
        return sentence[0].lower() + sentence[1:].rstrip(".")

    @property
    def words(self) -> list[str]:
        """The verb and its options."""
        words = [self.verb()]
        for entry in fields(self):
            value = getattr(self, entry.name)
            value = tuple(value) if isinstance(value, list) else value
            if value != entry.default:
                words += [f"--{entry.name.replace('_', '-')}", *_words(value)]
        return words

    @property
    def label(self) -> str:
        """What it is called in messages and in the record of memory: ``transform-chunk mine OMe chunk 1 of 12``."""
        known = vars(self)
        about: Job | Recipe | None = known.get("job") or known.get("recipe")
        names = about.names if about else (known.get("library"), known.get("transform"))
        words = [self.verb(), *filter(None, names)]
        for kind in ("chunk", "part"):
            if kind in known:
                words.append(f"{kind} {known[kind][0] + 1} of {known[kind][1]}")
        return " ".join(words)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files that it makes."""
        return tuple(vars(self)[name] for name in ("out", "rejects", "stats") if name in vars(self))

    def run(self, task: Task) -> None:
        """Do it; ``task`` is this process's time and memory."""
        raise NotImplementedError


def declaration(
    mem_mb: int | None = None, *, cap_mb: int = 0, beside_mb: int = 0, ends_with: int = 0, notes: Path | None = None
) -> list[str]:
    """Return how every task's command line ends: what it may use, and who started it.

    Args:
        mem_mb: memory that it declares, in MB; None: that is said elsewhere.
        cap_mb: what it could declare at most, for the message's advice; 0: nobody says.
        beside_mb: what its allocation holds beside it, which is in ``mem_mb`` and not for the task.
        ends_with: the process at whose end it ends too; 0: none.
        notes: folder in which it says that it runs; None: nobody looks.
    """
    values = {"mem-mb": mem_mb, "cap-mb": cap_mb, "beside-mb": beside_mb, "ends-with": ends_with, "notes": notes}
    return [word for name, value in values.items() if value for word in (f"--{name}", str(value))]


def _words(value: Any) -> list[str]:
    if is_dataclass(value):
        return [to_json(value)]
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return ["/".join(map(str, value))]
    return abbreviated([str(item) for item in value]) if isinstance(value, tuple) else [str(value)]


@dataclass(kw_only=True, eq=False, repr=False)
class _RowCommand(Command):
    """A task whose rows have a limited time each."""

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
    out: Path = option("Parquet file to make")
    rejects: Path = option("Parquet file for rows that could not be used")
    stats: Path = option("JSON file for the row of the summary")
    scratch: Path = option("folder for what memory cannot hold")

    def _merge(self, chunks: Sequence[Path], reject_chunks: Sequence[Path], task: Task) -> Merge:
        from halogenator.tasks.merge import Merge

        made = self.out, self.rejects, self.stats
        return Merge(chunks, reject_chunks, *made, self.scratch, self.config_hash, task, self.duplicates)


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
    """Halogenate a chunk of the library one level down once more."""

    recipe: Recipe = option("the library to make, with the rules that make it")
    base: Path = option("molecules.parquet of the library one level down")

    def run(self, task: Task) -> None:
        from halogenator.chemistry.index import Index
        from halogenator.tasks.halogenate_chunk import halogenate_chunk

        library, rules = self.recipe.library, self.recipe.halogenation
        transforms = rules.transforms(library.class_name) if rules else []
        halogenate_chunk(self._chunk(self.base, task), library, transforms, Index.of(self.recipe))


@dataclass(kw_only=True, eq=False, repr=False)
class MergeLibrary(_MergeCommand):
    """Merge a library's chunks into unique molecules with ids."""

    recipe: Recipe = option("the library")

    def run(self, task: Task) -> None:
        from halogenator.tasks.merge_library import merge_library
        from halogenator.units import prepared_words

        library = self.recipe.library
        stats = merge_library(self._merge(self.chunks, self.reject_chunks, task), library)
        print(f"library {library.name}: {stats['molecules']:,} molecules; {prepared_words(stats)}", flush=True)


@dataclass(kw_only=True, eq=False, repr=False)
class TransformChunk(ChunkCommand):
    """Apply a transform to a chunk of a library."""

    job: Job = option("the job")
    molecules: Path = option("molecules.parquet of its library")

    def run(self, task: Task) -> None:
        from halogenator.tasks.transform_chunk import transform_chunk

        transform_chunk(
            self._chunk(self.molecules, task),
            self.job.transform,
            descriptor_names=self.job.descriptors,
            with_inchikey=self.job.inchikey,
        )


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
class MergeProducts(_MergeCommand):
    """Merge a job's chunks into unique products; without chunks, make them first."""

    job: Job = option("the job")
    molecules: Path = option("molecules.parquet of its library")

    def run(self, task: Task) -> None:
        from halogenator.tasks.merge_products import merge_products

        with self._all_chunks(task) as files:
            merge_products(self._merge(*files, task), self.job.library, self.job.transform, self.job.key)

    def _all_chunks(self, task: Task) -> AbstractContextManager[tuple[Sequence[Path], Sequence[Path]]]:
        if self.chunks:
            return nullcontext((self.chunks, self.reject_chunks))

        from halogenator.tasks.transform_chunk import as_single_chunk

        return as_single_chunk(
            self.molecules,
            self.job.transform,
            descriptor_names=self.job.descriptors,
            with_inchikey=self.job.inchikey,
            scratch=self.scratch,
            task=task,
        )


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
    """Write a DuckDB database of views over all results; run it again after moving them."""

    example = "catalog --results results --summary results/summary.tsv --out results/catalog.duckdb"
    results: Path = option("folder of the results")
    summary: Path = option("what summarize made")
    out: Path = option("database to make")

    def run(self, task: Task) -> None:
        from halogenator.tables.catalog import write_catalog

        write_catalog(self.results, self.summary, self.out, memory_mb=task.declared_mb)


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
    MergeProducts,
    Summarize,
    Catalog,
    Report,
    RecordMemory,
)
