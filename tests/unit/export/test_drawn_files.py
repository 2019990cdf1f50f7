"""Pages and workbooks with drawings: every row, nothing that runs, bounded files."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from halogenator.inputs.reading import read_records
from halogenator.model import Reading
from halogenator.tables.molecule_files import FORMATS, Format
from helpers.exports import export, lay_out, text

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
ROWS = [
    ("quercetin", "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12"),
    (EVIL, "Oc1ccccc1"),
    ("=HYPERLINK(1)", "Cc1ccccc1O"),
    ("resveratrol & co", "Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1"),
    ("catechin", "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@@H](O)C2"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("drawn"), ROWS, OME)


def expected(results: Path, tmp_path: Path, *words: str) -> list[list[str]]:
    """The rows of a CSV of the same request, with its header."""
    (made,) = export(results, tmp_path / "same.csv", "--library", "mine", "--titles", *words)
    return list(csv.reader(text(made).splitlines()))


class Page(HTMLParser):
    """What a browser would make of a page: its elements and the texts in them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "h2" and data.strip():
            self.headings.append(data)


def test_a_page_has_a_card_for_each_row_and_nothing_that_runs(results: Path, tmp_path: Path) -> None:
    (made,) = export(results, tmp_path / "all.html", "--library", "mine")
    header, *rows = expected(results, tmp_path)
    page = Page(made.read_text())
    assert page.headings == [row[header.index("title")].removeprefix("'") for row in rows]
    names = [tag for tag, _ in page.tags]
    assert names.count("svg") == names.count("li") == len(rows)
    assert not {"script", "img", "link", "a", "iframe", "object", "form", "base"} & set(names)
    assert not [
        key for _, attributes in page.tags for key in attributes if key.startswith(("on", "src", "href", "xlink"))
    ]
    (policy,) = [each["content"] for tag, each in page.tags if tag == "meta" and "http-equiv" in each]
    assert policy is not None
    assert "default-src 'none'" in policy and "script" not in policy


def test_a_page_of_reactions_has_both_sides(results: Path, tmp_path: Path) -> None:
    (made,) = export(results, tmp_path / "all.html", "--library", "mine", "--reaction")
    page = Page(made.read_text())
    labels = [str(attributes["aria-label"]) for tag, attributes in page.tags if tag == "svg"]
    assert len(labels) == 2 * len(page.headings)
    assert all(before == f"parent of {after}" for before, after in zip(labels[::2], labels[1::2], strict=True))


def test_a_workbook_has_each_row_with_its_structure(results: Path, tmp_path: Path) -> None:
    (made,) = export(results, tmp_path / "all.xlsx", "--library", "mine", "--reaction")
    sheet = openpyxl.load_workbook(made).active
    header, *rows = [["" if value is None else str(value) for value in row] for row in sheet.values]
    assert header[:2] == ["structure", "title"]
    plain = expected(results, tmp_path, "--reaction")
    order = [header.index(name) for name in plain[0]]
    assert sorted(order) == list(range(1, len(header)))
    assert [[row[place] for place in order] for row in rows] == [
        [str(float(cell)) if "." in cell and cell.replace(".", "").isdigit() else cell for cell in row]
        for row in plain[1:]
    ]
    assert [image.anchor._from.row for image in sheet._images] == list(range(1, len(rows) + 1))
    assert {image.anchor._from.col for image in sheet._images} == {0}
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]


def test_a_workbook_of_a_library_is_read_as_that_library(results: Path, tmp_path: Path) -> None:
    (made,) = export(results, tmp_path / "all.xlsx", "--library", "mine", "--molecules")
    found = list(read_records(made, Reading(id_column="id")))
    assert [record.id for record in found] == [name for name, _ in ROWS]


@pytest.mark.parametrize("kind", ["html", "xlsx"])
def test_what_is_too_much_for_a_file_goes_into_more(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setitem(FORMATS, kind, Format(kind, most=6))
    total = len(expected(results, tmp_path)) - 1
    assert total > 12
    export(results, tmp_path / f"all.{kind}", "--library", "mine")
    made = sorted(path for path in tmp_path.iterdir() if path.suffix == f".{kind}")
    assert [path.name for path in made] == [f"all-0002.{kind}", f"all-0003.{kind}", f"all.{kind}"]
    before = [path.read_bytes() for path in made]
    made[0].unlink()  # it alone is made again, and gives the same bytes
    export(results, tmp_path / f"all.{kind}", "--library", "mine")
    assert [path.read_bytes() for path in made] == before


def test_a_split_of_more_than_a_page_holds_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(results, tmp_path / "all.html", "--library", "mine", "--split", 2_000, fails=True)
    assert "split 1000" in capsys.readouterr().err


def test_a_text_too_long_for_a_cell_is_named(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT smiles, parent_id AS name, repeat('x', 40000) AS note FROM products"
    export(results, tmp_path / "all.xlsx", "--sql", query, fails=True)
    said = capsys.readouterr().err
    assert "'note'" in said and "32,767" in said
    assert not (tmp_path / "all.xlsx").exists()


def test_a_page_of_one_parent_is_one_command(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    from halogenator.cli import main

    assert main(["export", "--results", str(results), "--parent", "quercetin", "--format", "html"]) == 0
    assert set(Page((tmp_path / "quercetin.html").read_text()).headings) == {"quercetin, T"}
    assert main(["export", "--results", str(results), "--parent", "quercetin"]) == 1
    assert "--format html" in capsys.readouterr().err
