"""A call of the system fails as a task writes: the results are right, or one message says what is wrong.

``make test`` lets 20 calls fail, the long form ``--failed-calls``. There are some 5,000 pairs of a call and an error,
which take half an hour on an idle core.
"""

from __future__ import annotations

import errno
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq
import pytest

from halogenator.model import Halogenation, HalogenationRule, Job, Library, Recipe, Transform
from halogenator.results import Results
from halogenator.tables.seal import damage
from halogenator.tasks.commands import (
    Catalog,
    Command,
    FindDuplicates,
    HalogenateChunk,
    MergeLibrary,
    MergeProducts,
    ReadLibrary,
    Report,
    StandardizeChunk,
    Summarize,
    TransformChunk,
)
from helpers import samples
from helpers.calls import FOREVER, KINDS, SHORT, Calls, Failure, built
from helpers.failing import Attempt, failing
from helpers.runs import named_parents, write_molecules
from helpers.verbs import DESCRIBED

# How long an error lasts, in calls: a full disk stays full.
ERRORS = {errno.EIO: 1, errno.ENOSPC: FOREVER, errno.EDQUOT: FOREVER, errno.ESTALE: 1, errno.EINTR: 1}
OME = Transform("OMe", "[c:1][OX2H:2]>>[c:1][O:2]C")
MINE = Library("mine", "polyphenol")
RING = Halogenation(("F",), (HalogenationRule("ring", "[c;H1:1]>>[c:1]{X}"),))
STAGES = ("read", "standardize", "halogenate", "merge-library", "transform", "duplicates", "merge-products")
OVERVIEWS = ("summarize", "catalog", "report", "export-smi.gz", "export-parquet", "export-split")


class Made(NamedTuple):
    """Results to work on, and what ``calls.c`` was compiled to."""

    places: Results
    library: Path
    undisturbed: dict[str, tuple[dict[str, object], dict[str, int]]]


def commands(places: Results, out: Path) -> dict[str, list[str]]:
    """{kind of task: its words}, with files to make in ``out``."""
    work, folder = places.work, places.folder.parent
    recipe = Recipe(Library("mine", "polyphenol", paths=(folder / "mine.csv",)), halogenation=RING, is_base=True)
    job = Job(MINE, OME, DESCRIBED)
    recipe = Recipe(recipe.library, {"sites_0": "[c:1][OX2H:2]"}, RING, is_base=True, descriptors=DESCRIBED)
    raw, library, made = work / "raw.parquet", [work / "l.parquet"], [work / "p.parquet"]
    molecules = places.molecules("mine")
    chunk = {"chunk": (0, 1), "out": out / "out.parquet", "rejects": out / "rejects.parquet"}
    merge = {**chunk, "stats": out / "stats.json", "scratch": out / "scratch"}
    del merge["chunk"]
    rejected = [work / "r.parquet"]
    tasks: dict[str, Command] = {
        "read": ReadLibrary(recipe=recipe, out=out / "out.parquet"),
        "standardize": StandardizeChunk(recipe=recipe, raw=raw, **chunk),
        "halogenate": HalogenateChunk(recipe=recipe, base=molecules, **chunk),
        "merge-library": MergeLibrary(recipe=recipe, chunks=library, reject_chunks=rejected, **merge),
        "transform": TransformChunk(job=job, molecules=molecules, **chunk),
        "duplicates": FindDuplicates(
            library="mine", chunks=made, part=(0, 1), out=out / "out.parquet", scratch=out / "scratch"
        ),
        "merge-products": MergeProducts(job=job, molecules=molecules, chunks=made, reject_chunks=rejected, **merge),
        "summarize": Summarize(results=places.folder, out=out / "summary.tsv"),
        "catalog": Catalog(results=places.folder, summary=places.summary, out=out / "catalog.duckdb"),
        "report": Report(results=places.folder, out=out / "report.html", scratch=out / "scratch"),
    }
    words = {name: command.words for name, command in tasks.items()}
    export = ["export", "--results", str(places.folder), "--library", "all", "--out"]
    words["export-smi.gz"] = [*export, str(out / "x.smi.gz")]
    words["export-parquet"] = [*export, str(out / "x.parquet")]
    words["export-split"] = [*export, str(out / "x.csv"), "--split", "9"]
    return words


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A library of ten polyphenols and a job, and every kind of task done once undisturbed."""
    folder = tmp_path_factory.mktemp("made")
    library = built(folder)
    write_molecules(folder / "mine.csv", [*named_parents("polyphenol")[:10], ("slip", "CCCC(=O)(=O)O")])
    places = Results(folder / "results")
    places.work.mkdir(parents=True)
    words = commands(places, places.work)
    from halogenator.cli import main

    def make(stage: str, *renamed: tuple[str, Path]) -> None:
        assert main([str(word) for word in words[stage]]) == 0
        for name, path in renamed:
            path.parent.mkdir(parents=True, exist_ok=True)
            (places.work / name).rename(path)

    def files(*names: str) -> list[tuple[str, Path]]:
        kept = places.files(*names)
        return list(zip(("out.parquet", "rejects.parquet", "stats.json"), kept, strict=True))

    make("read", ("out.parquet", places.work / "raw.parquet"))
    make("standardize", ("out.parquet", places.work / "l.parquet"), ("rejects.parquet", places.work / "r.parquet"))
    make("merge-library", *files("mine"))
    make("transform", ("out.parquet", places.work / "p.parquet"))
    make("merge-products", *files("mine", "OMe"))
    make("summarize", ("summary.tsv", places.summary))
    make("catalog", ("catalog.duckdb", places.catalog))
    undisturbed = {}
    attempts = {name: attempt(places, library, name, folder / name, None) for name in (*STAGES, *OVERVIEWS)}
    failing([each for each, _ in attempts.values()], library, folder)
    for name, (each, calls) in attempts.items():
        assert each.status == 0, each.output
        undisturbed[name] = whole_files(Path(each.out)), calls.counts
    return Made(places, library, undisturbed)


def attempt(places: Results, library: Path, stage: str, out: Path, failure: Failure | None) -> tuple[Attempt, Calls]:
    """A task that writes into a folder of its own, with a call there that fails."""
    calls = Calls(library, out, out.with_name(f"{out.name}.calls"), failure)
    words = [word.replace(str(out), "{out}") for word in commands(places, out)[stage]]
    guarded = [] if stage.startswith("export") else ["--mem-mb", "1000"]
    return Attempt([*words, *guarded], str(out), calls.variables), calls


def whole_files(folder: Path) -> dict[str, object]:
    """{file under a final name: its content without times}, each of which is whole."""
    found: dict[str, object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and ".tmp." not in path.name):
        if path.suffix == ".parquet" and not path.name.startswith("."):
            assert damage(path) is None, path
            found[path.name] = pq.read_table(path)
        elif path.suffix == ".json":
            content = json.loads(path.read_text())
            told = ("usage", "bytes", "checksums", "sha256")  # of times, of files with times in them, and of itself
            found[path.name] = {name: value for name, value in content.items() if name not in told}
        elif path.suffix == ".gz":
            found[path.name] = gzip.decompress(path.read_bytes())
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                found[path.name] = [connection.execute(f"FROM {view}").fetchall() for view in ("products", "jobs")]
        elif path.suffix == ".html":
            found[path.name] = path.read_text().rstrip().endswith("</html>")
        elif path.suffix not in (".part", ".wal"):
            found[path.name] = path.read_bytes()
    return found


def failures(counts: dict[str, int]) -> Iterator[Failure]:
    """Every call that there was, with every error; writes also come out short."""
    for kind in KINDS:
        for first in range(1, counts[kind] + 1):
            for number, lasts in ERRORS.items():
                yield Failure(kind, first, number, first + lasts - 1)
            if kind == "write":
                yield Failure(kind, first, SHORT, first)


def check(made: Made, stage: str, failure: Failure, done: Attempt) -> bool:
    """Right results, or one message and no file that only looks finished; return whether the results are there."""
    expected, _ = made.undisturbed[stage]
    found = whole_files(Path(done.out))
    said = f"{stage}, {failure}:\n{done.output}"
    for name, content in found.items():
        assert content == expected[name], said
    assert "Traceback" not in done.output, said
    if done.status == 0:
        assert found.keys() == expected.keys(), said
        return True
    assert done.output.count("where:") == done.output.count("fix:") == 1, said
    return False


@pytest.mark.sampled
def test_results_are_right_or_one_message_says_what_is_wrong(
    made: Made, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(samples.SEED)
    every = [(stage, each) for stage, (_, counts) in made.undisturbed.items() for each in failures(counts)]
    count = pytestconfig.getoption("failed_calls") if samples.LONG else 20
    chosen = chance.sample(every, min(count, len(every)))
    attempts = [
        (stage, failure, *attempt(made.places, made.library, stage, tmp_path / str(number), failure))
        for number, (stage, failure) in enumerate(chosen)
    ]
    failing([each for _, _, each, _ in attempts], made.library, tmp_path)
    ended = Counter(check(made, stage, failure, each) for stage, failure, each, _ in attempts)
    failed = sum(calls.failed for *_, calls in attempts)
    print(f"{failed:,} calls failed in {len(attempts):,} tasks: {ended[True]:,} right, {ended[False]:,} with a message")
    assert failed >= len(attempts) and ended[False]
