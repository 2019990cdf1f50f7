"""The paths of all results in a results folder. No other module spells them.

Methods take the names of a library and a transform. With ``"{library}"`` as a name they return a pattern for Snakemake,
with ``"*"`` a pattern for ``Results.find``.

    libraries/library=L/molecules.parquet                 products/library=L/transform=T/products.parquet
    rejects/libraries/library=L/rejects.parquet           rejects/products/library=L/transform=T/rejects.parquet
    stats/libraries/L.json                                stats/products/L/T.json
    stats/configurations/C.json
    fingerprints/libraries/library=L/fingerprints.parquet
    fingerprints/products/library=L/transform=T/fingerprints.parquet
    work/libraries/L/000of012.built.parquet …             work/products/L/T/000of012.products.parquet …
    logs/, benchmarks/                                    one file per task, in folders like those in work/
    exports/E/E.sdf.gz …, E.sdf.gz.json
    summary.tsv  audit.tsv  catalog.duckdb  report.html  plan.tsv  monitor.parquet
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOLECULES_FILE, PRODUCTS_FILE, REJECTS_FILE = "molecules.parquet", "products.parquet", "rejects.parquet"
FINGERPRINTS_FILE = "fingerprints.parquet"
AUDIT_FILE = "audit.tsv"  # what choices left out of all results
APPLY_STATS_FILE = "stats.json"  # of a folder that ``apply`` made, beside the files above
WORK_FOLDER = "work"  # temporary files that one task writes and another reads
STATS_FOLDER = "stats"
# Names of all that stands in a results folder.
RESULT_FOLDERS = (
    *("libraries", "products", "rejects", STATS_FOLDER, WORK_FOLDER, "fingerprints", "exports"),
    *("logs", "benchmarks"),
)
RESULT_FILES = ("summary.tsv", AUDIT_FILE, "catalog.duckdb", "report.html", "plan.tsv", "monitor.parquet")
CHUNK_FILES = re.compile(r"(?s:(raw|\d+of\d+\.[a-z-]+)\.parquet(\.tmp\..+)?)")  # names in a folder of ``chunks``

_FOLDER, _LIBRARY, _TRANSFORM = r"(?s:(?P<folder>.*?))", r"(?P<library>[^/]+)", r"(?P<transform>[^/]+)"
# Paths of files of a library or a job, those that ``Results.files`` returns.
_PLACES = (
    re.compile(rf"{_FOLDER}/(?:rejects/)?products/library={_LIBRARY}/transform={_TRANSFORM}/[^/]+"),
    re.compile(rf"{_FOLDER}/(?:rejects/)?libraries/library={_LIBRARY}/[^/]+"),
    re.compile(rf"{_FOLDER}/{STATS_FOLDER}/products/{_LIBRARY}/{_TRANSFORM}\.json"),
    re.compile(rf"{_FOLDER}/{STATS_FOLDER}/libraries/{_LIBRARY}\.json"),
)
_ALL_CHUNKS = re.compile(r"(.*/|)\*of(\d+)(\.[^/]*)")  # a word of ``abbreviated``


@dataclass(frozen=True)
class Results:
    """A results folder. Where ``transform`` is None, a method returns the path for the library itself, not for a job.

    Attributes:
        folder: the folder's path.

    Examples:
        >>> results = Results(Path("results"))
        >>> results.products("lipid-1X", "OMe").as_posix()
        'results/products/library=lipid-1X/transform=OMe/products.parquet'
        >>> results.stats("{library}").as_posix()
        'results/stats/libraries/{library}.json'
    """

    folder: Path

    @property
    def summary(self) -> Path:
        """Path of a table with one row per finished job."""
        return self.folder / "summary.tsv"

    @property
    def audit(self) -> Path:
        """Path of a table of what choices left out."""
        return self.folder / AUDIT_FILE

    @property
    def catalog(self) -> Path:
        """Path of the DuckDB database with views of all results."""
        return self.folder / "catalog.duckdb"

    @property
    def report(self) -> Path:
        """Path of the HTML page that shows all results."""
        return self.folder / "report.html"

    @property
    def plan(self) -> Path:
        """Path of the last run's plan: one row per library and job, with expected products, time, memory and disk."""
        return self.folder / "plan.tsv"

    @property
    def monitor(self) -> Path:
        """Path of the memory record: one row per process of a run and moment."""
        return self.folder / "monitor.parquet"

    def molecules(self, library: str) -> Path:
        """Return the path of a library's molecules."""
        return self.folder / "libraries" / f"library={library}" / MOLECULES_FILE

    def products(self, library: str, transform: str) -> Path:
        """Return the path of a job's products."""
        return self.folder / "products" / f"library={library}" / f"transform={transform}" / PRODUCTS_FILE

    def rejects(self, library: str, transform: str | None = None) -> Path:
        """Return the path of the rejects of a library or a job."""
        main = self.main(library, transform).relative_to(self.folder)
        return self.folder / "rejects" / main.with_name(REJECTS_FILE)

    def fingerprints(self, library: str, transform: str | None = None) -> Path:
        """Return the path of the fingerprints of a library's molecules or a job's products."""
        main = self.main(library, transform).relative_to(self.folder)
        return self.folder / "fingerprints" / main.with_name(FINGERPRINTS_FILE)

    def stats(self, library: str, transform: str | None = None) -> Path:
        """Return the path of the statistics of a finished library or job."""
        return self.folder / STATS_FOLDER / f"{_stem(library, transform)}.json"

    def configuration(self, name: str) -> Path:
        """Return the path of a configuration that results were made with."""
        return self.folder / STATS_FOLDER / "configurations" / f"{name}.json"

    def main(self, library: str, transform: str | None = None) -> Path:
        """Return the path of a library's molecules, or of a job's products."""
        return self.molecules(library) if transform is None else self.products(library, transform)

    def files(self, library: str, transform: str | None = None) -> tuple[Path, Path, Path]:
        """Return the three paths of a finished library or job: molecules or products, rejects, statistics."""
        names = library, transform
        return self.main(*names), self.rejects(*names), self.stats(*names)

    @property
    def work(self) -> Path:
        """Folder of the temporary files that one task writes and another reads."""
        return self.folder / WORK_FOLDER

    @property
    def scratch(self) -> Path:
        """Folder for data that does not fit into a task's memory."""
        return self.work / "scratch"

    def chunks(self, library: str, transform: str | None = None) -> Path:
        """Return the folder of the chunk files of a library or a job, which its merge reads."""
        return self.work / _stem(library, transform)

    def chunk(self, name: str, ending: str, library: str, transform: str | None = None) -> Path:
        """Return the path of one chunk file, or of the duplicates that were found for one part of the keys.

        Args:
            name: name of the chunk or part, ``000of012``.
            ending: kind of file. Of a library: ``read``, ``built``, ``read-rejects``, ``built-rejects``. Of a job:
                ``products``, ``rejects``. Of a part: ``duplicates``, ``repeats``, ``repeats-rejects``.
            library: name of the library.
            transform: name of the job's transform; None for a chunk of the library.
        """
        return self.chunks(library, transform) / f"{name}.{ending}.parquet"

    def raw(self, library: str) -> Path:
        """Return the path of a library's raw rows, as they are in its input files."""
        return self.chunks(library) / "raw.parquet"

    def log(self, task: str, library: str | None = None, transform: str | None = None) -> Path:
        """Return the path of a task's log."""
        return self.folder / "logs" / _stem(library, transform) / f"{task}.log"

    @property
    def benchmarks(self) -> Path:
        """Folder of Snakemake's benchmark files: time and memory of each task."""
        return self.folder / "benchmarks"

    @property
    def processor_time(self) -> Path:
        """File with the processor time of each task on this machine (``process.usage``)."""
        return self.folder / "logs" / "processor-time.tsv"

    def benchmark(self, task: str, library: str | None = None, transform: str | None = None) -> Path:
        """Return the path of a task's benchmark file."""
        return self.benchmarks / _stem(library, transform) / f"{task}.tsv"

    def export(self, name: str, form: str) -> Path:
        """Return the path of an export with the ending ``form``; its files are numbered before the ending, if split."""
        return self.folder / "exports" / name / f"{name}.{form}"

    def manifest(self, name: str, form: str) -> Path:
        """Return the path of a finished export's manifest."""
        return self.export(name, f"{form}.json")

    def find(self, pattern: Path) -> list[Path]:
        """Return the existing files of a pattern, the path of a method with ``"*"`` as names; sorted."""
        return sorted(self.folder.glob(pattern.relative_to(self.folder).as_posix()))

    def all_stats(self) -> list[Path]:
        """Return the statistics of all finished libraries, then those of all finished jobs."""
        return [*self.find(self.stats("*")), *self.find(self.stats("*", "*"))]

    def libraries(self) -> dict[str, Path]:
        """Return {library: path of its molecules} of the finished libraries."""
        return {_name(path.parent): path for path in self.find(self.molecules("*"))}

    def jobs(self) -> dict[tuple[str, str], Path]:
        """Return {(library, transform): path of its products} of the finished jobs."""
        return {(_name(path.parent.parent), _name(path.parent)): path for path in self.find(self.products("*", "*"))}


def chunk_names(count: int) -> list[str]:
    """Return the names of ``count`` chunks, zero-padded so that they sort.

    Examples:
        >>> chunk_names(2)
        ['000of002', '001of002']
    """
    width = max(3, len(str(count)))
    return [f"{number:0{width}}of{count:0{width}}" for number in range(count)]


def abbreviated(files: Sequence[str]) -> list[str]:
    """Return one word for all chunk files of a task, since a command line has no room for thousands; others unchanged.

    Examples:
        >>> abbreviated(["a/000of002.x", "a/001of002.x"])
        ['a/*of002.x']
    """
    short = [re.sub(r"\d+(?=of\d+\.[^/]*$)", "*", files[0])] if files else []
    return short if expanded(short) == list(files) else list(files)


def expanded(words: Sequence[str]) -> list[str]:
    """Return the files that words of ``abbreviated`` stand for, whether they exist or not.

    Examples:
        >>> expanded(["a/*of002.x", "b.x"])
        ['a/000of002.x', 'a/001of002.x', 'b.x']
    """
    files: list[str] = []
    for word in words:
        found = _ALL_CHUNKS.fullmatch(word)
        files += [f"{found[1]}{name}{found[3]}" for name in chunk_names(int(found[2]))] if found else [word]
    return files


def place_of(path: Path) -> tuple[Results, str, str | None] | None:
    """Return the results folder, library and transform that a file's path names; None for the path of another file.

    Examples:
        >>> place_of(Path("/data/results/stats/products/lipid-1X/OMe.json"))[1:]
        ('lipid-1X', 'OMe')
    """
    for place in _PLACES:
        if found := place.fullmatch(path.absolute().as_posix()):
            names = found.groupdict()
            return Results(Path(names["folder"] or "/")), names["library"], names.get("transform")
    return None


def _stem(library: str | None, transform: str | None) -> str:
    if library is None:
        return ""
    return f"libraries/{library}" if transform is None else f"products/{library}/{transform}"


def _name(folder: Path) -> str:
    """Return the value in a folder's name: ``lipid-1X`` of ``library=lipid-1X``."""
    return folder.name.partition("=")[2]
