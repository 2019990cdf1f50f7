"""README.md and the pages after it are true: commands run with the examples, excerpts and tables are the program's.

The commands run in order, in a copy of the repository, after the files that a page gives beside them have been put
there. Three things differ from what a reader does, all to keep this short:

* What calls make is not run; that it would do the right thing is read from ``make --dry-run``.
* A ``snakemake`` command that would run the whole default configuration is run as its plan, with ``-n``.
* The environment of this test is used instead of ``.venv``, and the command that runs a small selection comes first, so
  that there are results to query and to compare the excerpts with.
"""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml

import halogenator
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.cli import build_parser
from halogenator.config import read_config
from halogenator.tables.catalog import SUMMARY
from halogenator.tables.columns import INCHIKEY, LIBRARY, PRODUCTS
from helpers.checkout import Checkout

REPOSITORY = Path(__file__).parents[2]
PAGES = ("README.md", "docs/how-to/results.md", "docs/how-to/run.md")
README = "\n".join((REPOSITORY / page).read_text() for page in PAGES)

# Columns of the summary that are the same in every run.
SETTLED = ("library", "transform", "rows_in", "matched", "products", "duplicates_removed", "rejects", "chunks")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the paragraph above it."""

    language: str
    text: str
    above: str

    def file(self) -> str:
        """Return the file that the paragraph above says this block belongs to: the first of its kind named there."""
        found = re.search(rf"`([\w./-]+\.{self.language})`", self.above)
        assert found, f"no .{self.language} file is named above the block:\n{self.text}"
        return found[1]

    def commands(self) -> list[str]:
        """Return the lines that are not comments."""
        return [line for line in self.text.splitlines() if line.strip() and not line.startswith("#")]


def blocks(*languages: str) -> list[Block]:
    """Return the fenced blocks of the pages in any of some languages, in order."""
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    every = [Block(m[1], m[2], README[: m.start()].rstrip().rpartition("\n\n")[2]) for m in found]
    return [block for block in every if block.language in languages]


def every_command() -> Iterator[str]:
    for block in blocks("sh", "bash"):
        yield from block.commands()


def tables(text: str) -> list[list[list[str]]]:
    """Return a page's tables as rows of cells, without backticks and without the rule below the header."""
    found = re.finditer(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE)
    return [
        [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in match[0].splitlines()]
        for match in found
    ]


def table(*header: str, text: str = README) -> list[list[str]]:
    """Return the rows of the one table whose header begins so."""
    (found,) = [rows for rows in tables(text) if rows[0][: len(header)] == list(header)]
    return found[2:]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a copy of the repository with the results of a small selection."""
    made = Checkout(tmp_path_factory.mktemp("readme"))
    (selection,) = [command for command in every_command() if "select=" in command]
    made.snakemake(selection)
    # The commands change the summary, so what there is to compare is kept.
    shutil.copytree(made.root / "results", made.root.parent / "selection")
    return made


def test_blocks_are_all_of_a_kind_that_is_tested() -> None:
    languages = re.findall(r"^```(\w+)$", README, flags=re.MULTILINE)
    assert README.count("```") == 2 * len(languages), "a block without a language is not tested"
    assert set(languages) == {"sh", "yaml", "csv", "python"}


def test_what_make_is_asked_for_would_work(tmp_path: Path) -> None:
    copy = Checkout(tmp_path)
    asked = {command.split("#")[0].strip() for command in every_command() if command.startswith("make ")}
    assert asked >= {"make run", "make test"}
    for command in asked:
        copy.run(command.replace("make", "make --dry-run"))
    listed = set(re.findall(r"^  make (\S+)", copy.run("make help"), flags=re.MULTILINE))
    assert {word.removeprefix("make ") for word in asked} < listed
    run = copy.run("make --dry-run run")
    assert re.search(r"^\S*\.venv/bin/snakemake --cores all$", run, flags=re.MULTILINE)
    assert "-r envs/requirements.txt" in run
    assert re.search(r"^\S*\.venv/bin/python -m pytest", copy.run("make --dry-run test"), flags=re.MULTILINE)


@pytest.mark.long
def test_commands_run(copy: Checkout) -> None:
    ran = []
    for block in blocks("sh", "bash", "yaml", "csv"):
        if block.language in ("yaml", "csv"):
            put(copy.root / block.file(), block)
            continue
        for command in block.commands():
            if command.startswith("make "):
                continue  # test_what_make_is_asked_for_would_work
            if command.startswith("source .venv/bin/activate"):
                continue  # made by make run
            printed = copy.snakemake(command) if command.startswith("snakemake ") else copy.run(command)
            assert "Error" not in printed, f"{command}\n{printed}"
            ran.append((command, printed))
    printed_by = {command.split("#")[0].strip(): printed for command, printed in ran}
    assert "all well" in printed_by["python -m halogenator check my.yaml"]
    (rejects,) = [printed for command, printed in ran if "FROM rejects" in command]
    assert "a slip" in rejects
    assert (copy.root / "polar.csv").stat().st_size > 1000
    made = {path.parent.name for path in (copy.root / "results/products/library=my-library").glob("*/products.parquet")}
    assert made == {f"transform={name}" for name in read_yaml("my.yaml")["select"]["transforms"]}


def put(path: Path, block: Block) -> None:
    """Write an example to a file that the repository does not have."""
    assert not path.exists() and not (REPOSITORY / path.name).exists()
    path.write_text(block.text)


def read_yaml(name: str) -> dict[str, dict[str, list[str]]]:
    (text,) = [block.text for block in blocks("yaml") if block.file() == name]
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return found


def test_a_library_takes_five_lines() -> None:
    (block,) = [block for block in blocks("yaml") if block.file() == "my.yaml"]
    assert len(block.text.splitlines()) <= 5


@pytest.mark.long
def test_python_lines_read_the_results(copy: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reader that is installed is tried; DuckDB always is."""
    monkeypatch.chdir(copy.root)
    tried = {}
    for line in [line for block in blocks("python") for line in block.commands()]:
        module = line.partition(".")[0]
        try:
            tried[module] = eval(line, {module: importlib.import_module(module)})
        except ModuleNotFoundError:
            assert module in ("pandas", "polars")
    assert dict(tried["duckdb"].fetchall())["FG_PHENOL_OH__OH__TO__OMe"] > 0


@pytest.mark.long
def test_product_excerpt_is_real(copy: Checkout) -> None:
    columns = [column.name for column in PRODUCTS if column.name != "enhanced_stereo"] + list(DESCRIPTORS)
    (shown_path,) = re.findall(r"^Rows of `results/(products/library=[^`]*)`", README, flags=re.MULTILINE)
    path = copy.root.parent / "selection" / shown_path
    rows = duckdb.sql(f"SELECT {', '.join(columns)} FROM '{path}'").fetchall()
    for shown in table(*columns):
        (row,) = [row for row in rows if row[0] == shown[0]]
        assert shown == [as_shown(value, like) for value, like in zip(row, shown, strict=True)]


def as_shown(value: object, like: str) -> str:
    """Return a value with as many decimals as the text that shows it."""
    return f"{value:.{len(like.partition('.')[2])}f}" if isinstance(value, float) else str(value)


@pytest.mark.long
def test_summary_excerpt_is_real(copy: Checkout) -> None:
    lines = (copy.root.parent / "selection/summary.tsv").read_text().splitlines()
    header, *rows = [line.split("\t") for line in lines]
    assert header == list(SUMMARY)
    assert settled(header, table(*header)) == settled(header, rows)


def settled(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[row[header.index(name)] for name in SETTLED] for row in rows]


def test_columns_are_those_of_the_schema() -> None:
    shown = {name: unit for name, _, unit in table("column of products")}
    assert list(shown) == [*(column.name for column in PRODUCTS), *DESCRIPTORS, INCHIKEY.name]
    for descriptor in DESCRIPTORS.values():
        assert shown[descriptor.name] == descriptor.unit or (not descriptor.unit and shown[descriptor.name])
    (sentence,) = re.findall(r"^`molecules.parquet` has (.*?);", README, flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"`(\w+)`", sentence) == [column.name for column in LIBRARY]
    explained = README.partition("| library | transform |")[2]
    assert all(f"`{name}`" in explained for name in ("matched", "duplicates_removed", "chunks", "peak_mb", "bytes"))


def test_counts_and_rules_are_those_of_the_configuration() -> None:
    config = read_config([REPOSITORY / "configs/config.yaml"], working_dir=REPOSITORY)
    libraries = [library for library in config.libraries.values() if not library.implicit]
    assert f"{len(libraries)} libraries, {len(config.jobs)} jobs" in README
    assert f"with its {len(libraries)} libraries" in README
    assert f"{len(config.transforms)} come in `configs/transforms.yaml`" in README
    page = (REPOSITORY / "docs/how-to/libraries.md").read_text()
    shown = [(name, classes.split(", ")) for name, _, classes in table("rule", "change", text=page)]
    assert shown == [(rule.name, list(rule.scope_classes)) for rule in config.halogenation.rules]
    assert ", ".join(config.halogenation.halogens[:3]) in README


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_paths_exist(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    folders = "configs|envs|profiles|tests|workflow"
    paths = set(re.findall(rf"`((?:{folders})/[\w./-]*|Snakefile|LICENSE|[A-Z]+\.(?:md|cff))`", text))
    assert len(paths) > 10
    assert sorted(path for path in paths if not (REPOSITORY / path).exists()) == []
    assert "results/" in text or name != "README.md"


def test_citation_and_changelog_name_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "license", "date-released"} <= set(citation)
    assert citation["version"] == halogenator.__version__
    assert f"## [{halogenator.__version__}] - {citation['date-released']}" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_what_is_deprecated_is_still_there_until_the_version_that_removes_it() -> None:
    text = (REPOSITORY / "DEPRECATED.md").read_text()
    names = re.findall(r"^\| key `(\w+)`|^\| `apply (--[\w-]+)", text, flags=re.MULTILINE)
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())["$defs"]
    assert {key for key, _ in names if key} == {name for name, found in schema.items() if found.get("deprecated")}
    (verbs,) = [action.choices for action in build_parser()._actions if isinstance(action.choices, dict)]
    options = [option for _, option in names if option]
    assert len(options) == 4 and set(options) <= set(verbs["apply"]._option_string_actions)
