"""Where every result stands in a results folder. Rules, tasks, planning, report and command line all ask here.

A place is asked for by names; the same question with ``"{library}"`` for a name is a pattern of Snakemake's, and with
``"*"`` a pattern of files, for ``Results.find``.

    libraries/library=L/molecules.parquet                 products/library=L/transform=T/products.parquet
    rejects/libraries/library=L/rejects.parquet           rejects/products/library=L/transform=T/rejects.parquet
    stats/libraries/L.json                                stats/products/L/T.json
    work/libraries/L/000of012.built.parquet …             work/products/L/T/000of012.products.parquet …
    logs/, benchmarks/                                    a file a task, by library and transform as in work/
    exports/E/E.sdf.gz …, E.sdf.gz.json
    summary.tsv  catalog.duckdb  report.html  plan.tsv  monitor.parquet
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOLECULES_FILE, PRODUCTS_FILE, REJECTS_FILE = "molecules.parquet", "products.parquet", "rejects.parquet"
WORK_FOLDER = "work"  # of files that tasks leave to each other, which come and go
STATS_FOLDER = "stats"

_NAME = r"[^/]+"
_PLACES = (
    re.compile(rf"(?:rejects/)?products/library=(?P<library>{_NAME})/transform=(?P<transform>{_NAME})/{_NAME}"),
    re.compile(rf"(?:rejects/)?libraries/library=(?P<library>{_NAME})/{_NAME}"),
    re.compile(rf"{STATS_FOLDER}/products/(?P<library>{_NAME})/(?P<transform>{_NAME})\.json"),
    re.compile(rf"{STATS_FOLDER}/libraries/(?P<library>{_NAME})\.json"),
)
_DEPTHS = (5, 4, 3)  # parts of such a place
_ALL = re.compile(r"(.*/|)\*of(\d+)(\.[^/]*)")  # all chunk files of something


@dataclass(frozen=True)
class Results:
    """A results folder. What is of a library alone has no transform.

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
        """A row per finished job."""
        return self.folder / "summary.tsv"

    @property
    def catalog(self) -> Path:
        """The DuckDB database of views over all results."""
        return self.folder / "catalog.duckdb"

    @property
    def report(self) -> Path:
        """The page of all results."""
        return self.folder / "report.html"

    @property
    def plan(self) -> Path:
        """What the last run was expected to take, a row per library and job."""
        return self.folder / "plan.tsv"

    @property
    def monitor(self) -> Path:
        """The memory of the run's processes, a row per process and moment."""
        return self.folder / "monitor.parquet"

    def molecules(self, library: str) -> Path:
        """Return the path of a library's molecules."""
        return self.folder / "libraries" / f"library={library}" / MOLECULES_FILE

    def products(self, library: str, transform: str) -> Path:
        """Return the path of a job's products."""
        return self.folder / "products" / f"library={library}" / f"transform={transform}" / PRODUCTS_FILE

    def rejects(self, library: str, transform: str | None = None) -> Path:
        """Return the path of the rows of a library or a job that could not be used."""
        main = self.main(library, transform).relative_to(self.folder)
        return self.folder / "rejects" / main.with_name(REJECTS_FILE)

    def stats(self, library: str, transform: str | None = None) -> Path:
        """Return the path of what was counted and recorded when a library or a job was finished."""
        return self.folder / STATS_FOLDER / f"{_stem(library, transform)}.json"

    def main(self, library: str, transform: str | None = None) -> Path:
        """Return the path of a library's molecules, or of a job's products."""
        return self.molecules(library) if transform is None else self.products(library, transform)

    def files(self, library: str, transform: str | None = None) -> tuple[Path, Path, Path]:
        """Return the paths of all that a finished library or job has: molecules or products, rejects, statistics."""
        return tuple(of(library, transform) for of in (self.main, self.rejects, self.stats))  # type: ignore[return-value]

    @property
    def work(self) -> Path:
        """The folder of what tasks leave to each other."""
        return self.folder / WORK_FOLDER

    @property
    def scratch(self) -> Path:
        """The folder of what a task's memory cannot hold."""
        return self.work / "scratch"

    def chunks(self, library: str, transform: str | None = None) -> Path:
        """Return the folder of what the tasks of a library or a job leave to its merge."""
        return self.work / _stem(library, transform)

    def chunk(self, name: str, ending: str, library: str, transform: str | None = None) -> Path:
        """Return the path of what one task leaves to the merge.

        Args:
            name: of the chunk or part, ``000of012``.
            ending: ``read``, ``built`` or ``products``; ``read-rejects``, ``built-rejects`` or ``rejects``;
                ``duplicates`` of a part.
            library: whose it is.
            transform: the job's, if it is a job's.
        """
        return self.chunks(library, transform) / f"{name}.{ending}.parquet"

    def raw(self, library: str) -> Path:
        """Return the path of an input file's rows, before they are standardised."""
        return self.chunks(library) / "raw.parquet"

    def log(self, task: str, library: str | None = None, transform: str | None = None) -> Path:
        """Return the path of what a task printed."""
        return self.folder / "logs" / _stem(library, transform) / f"{task}.log"

    @property
    def benchmarks(self) -> Path:
        """The folder of what Snakemake measured of each task."""
        return self.folder / "benchmarks"

    def benchmark(self, task: str, library: str | None = None, transform: str | None = None) -> Path:
        """Return the path of what Snakemake measured of a task."""
        return self.benchmarks / _stem(library, transform) / f"{task}.tsv"

    def export(self, name: str, form: str) -> Path:
        """Return the path that an export is made under: that of its file, where it is one, of format ``form``."""
        return self.folder / "exports" / name / f"{name}.{form}"

    def manifest(self, name: str, form: str) -> Path:
        """Return the path of what a finished export records of itself."""
        return self.folder / "exports" / name / f"{name}.{form}.json"

    def find(self, pattern: Path) -> list[Path]:
        """Return the files that are there at a place asked for with ``"*"`` for names, in order."""
        return sorted(self.folder.glob(pattern.relative_to(self.folder).as_posix()))

    def libraries(self) -> dict[str, Path]:
        """Return {library: its molecules} of those that are there."""
        return {_name(path.parent): path for path in self.find(self.molecules("*"))}

    def jobs(self) -> dict[tuple[str, str], Path]:
        """Return {(library, transform): its products} of those that are there."""
        return {(_name(path.parent.parent), _name(path.parent)): path for path in self.find(self.products("*", "*"))}


def chunk_names(count: int) -> list[str]:
    """Return the names of so many chunks, zero-padded so that they sort.

    Examples:
        >>> chunk_names(2)
        ['000of002', '001of002']
    """
    width = max(3, len(str(count)))
    return [f"{number:0{width}}of{count:0{width}}" for number in range(count)]


def abbreviated(files: Sequence[str]) -> list[str]:
    """Return all chunk files of something as one word, other files as they are: no command line holds a thousand names.

    Examples:
        >>> abbreviated(["a/000of002.x", "a/001of002.x"])
        ['a/*of002.x']
    """
    short = [re.sub(r"\d+(?=of\d+\.[^/]*$)", "*", files[0])] if files else []
    return short if expanded(short) == list(files) else list(files)


def expanded(words: Sequence[str]) -> list[str]:
    """Return the files that words of ``abbreviated`` stand for, whether they are there or not."""
    files: list[str] = []
    for word in words:
        found = _ALL.fullmatch(word)
        files += [f"{found[1]}{name}{found[3]}" for name in chunk_names(int(found[2]))] if found else [word]
    return files


def place_of(path: Path) -> tuple[Results, str, str | None] | None:
    """Return the results folder, library and transform of a file, by where it stands; None where that is no such place.

    Examples:
        >>> place_of(Path("/data/results/stats/products/lipid-1X/OMe.json"))[1:]
        ('lipid-1X', 'OMe')
    """
    parts = path.absolute().parts
    for depth in _DEPTHS:
        inner = "/".join(parts[-depth:])
        for place in _PLACES:
            if depth < len(parts) and (found := place.fullmatch(inner)):
                names = found.groupdict()
                return Results(Path(*parts[:-depth])), names["library"], names.get("transform")
    return None


def _stem(library: str | None, transform: str | None) -> str:
    if library is None:
        return ""
    return f"libraries/{library}" if transform is None else f"products/{library}/{transform}"


def _name(folder: Path) -> str:
    """Return the value in a folder's name: ``lipid-1X`` of ``library=lipid-1X``."""
    return folder.name.partition("=")[2]
