"""Pages over the results: those that a look at every row would show, to nobody else, and with nothing that runs."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from halogenator.browse.answers import Answers
from halogenator.browse.paging import find_places
from halogenator.browse.view import View, read_view
from halogenator.cli import build_parser, main
from halogenator.model import Conditions
from halogenator.results import Results
from halogenator.search.parts import Part
from helpers.browsing import Browsing, browsing
from helpers.exports import export, rows
from helpers.finished import PHENOLS, Finished
from helpers.runs import COOME, OME, REPOSITORY
from helpers.samples import SAFETY_NET

QUERCETIN = "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12"
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def results(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the run, and a library whose every text would run as a script."""
    results = finished.copy(tmp_path_factory.mktemp("browse")) / "results"
    mine = pq.ParquetFile(results / "libraries/library=mine/molecules.parquet").read()
    rows = mine.slice(0, 2).to_pylist()
    for number, row in enumerate(rows):
        row |= dict.fromkeys(("name", "halogens", "rules", "prepared"), EVIL)
        row |= {"id": f"{number}{EVIL}", "parent": f"{number}{EVIL}"}
    rows[1]["smiles"] = EVIL
    rows[0]["alerts"], rows[1]["alerts"] = f"brenk: {EVIL}; pains: catechol_A(92)", f"brenk: {EVIL}"
    (results / "libraries/library=zz").mkdir()
    table = mine.from_pylist(rows, mine.schema.append(pa.field("alerts", pa.string())))
    pq.write_table(table, results / "libraries/library=zz/molecules.parquet")
    return results


@pytest.fixture(scope="module")
def site(results: Path) -> Iterator[Browsing]:
    with browsing(results) as site:
        yield site


@pytest.fixture(scope="module")
def products(results: Path) -> list[Row]:
    """All products in the order of library, transform and row."""
    found = []
    for path in results.glob("products/*/*/products.parquet"):
        names = {folder.name.partition("=")[0]: folder.name.partition("=")[2] for folder in path.parents[:2]}
        table = pq.ParquetFile(path).read().to_pylist()
        found += [{**row, **names, "at": number} for number, row in enumerate(table)]
    return sorted(found, key=lambda row: (row["library"], row["transform"], row["at"]))


def pages(site: Browsing, query: str) -> Iterator[list[str]]:
    """The SMILES of page after page, as the links lead; then back again, and each page as it was."""
    seen = []
    answer = site.get(f"/?{query}")
    while True:
        seen.append([smiles for _, smiles in answer.rows])
        yield seen[-1]
        if not (link := answer.link("next")):
            break
        answer = site.get(link)
    for page in reversed(seen[:-1]):
        answer = site.get(str(answer.link("prev")))
        assert [smiles for _, smiles in answer.rows] == page
    assert answer.link("prev") is None


def test_nobody_without_the_token_sees_a_page(site: Browsing) -> None:
    drawing = f"/drawing.svg?smiles={quote(QUERCETIN)}"
    for path in ("/", "/?token=wrong", drawing, "/molecule?at=mine//0", "/progress"):
        assert site.ask(path).status == 403
        assert site.ask(path, cookie=f"{site.cookie[:-1]}!").status == 403
        for host in ("evil.example", f"evil.example:{site.host.partition(':')[2]}", "127.0.0.1", "localhost:1"):
            assert site.ask(path, cookie=site.cookie, host=host).status == 421
    answer = site.ask(site.address.removeprefix(f"http://{site.host}") + "&sort=mw")
    assert answer.status == 303 and answer.headers["location"] == "/?sort=mw"
    assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert site.ask("/", "POST", cookie=site.cookie, origin="http://evil.example").status == 403
    assert site.ask("/", "POST", cookie=site.cookie).status == 403
    assert site.ask("/static/../../report/report.css").status == 404


def test_browsers_are_told_to_load_and_run_nothing_else(site: Browsing) -> None:
    for path in ("/", "/?nothing=1", "/static/browse.js", f"/drawing.svg?smiles={quote(QUERCETIN)}"):
        answer = site.ask(path, cookie=site.cookie)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy and "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
    assert "http" not in site.get("/").text.replace("http-equiv", "")


def test_nothing_in_a_name_an_id_a_smiles_or_an_address_becomes_markup(site: Browsing) -> None:
    answer = site.get("/?show=molecules&library=zz")
    assert [smiles for _, smiles in answer.rows][1] == EVIL
    texts = [answer.text, site.get("/molecule?at=zz//1").text]
    for path in ("routes", "near"):
        texts.append(site.get(f"/{path}?at=zz//0").text)
        texts.append(site.get(f"/{path}?{urlencode({'at': 'zz//1', 'smiles': EVIL})}").text)
    names = site.get(f"/names?{urlencode({'start': EVIL[:9]})}")
    assert names.headers["content-type"] == "application/json" and json.loads(names.text) == [EVIL]
    for name in (
        "parent",
        "smarts",
        "similar",
        "molecule",
        "where",
        "library",
        "sort",
        "after",
        "mw_min",
        "rule",
        "without",
        EVIL,
    ):
        texts.append(site.get(f"/?{urlencode({name: EVIL + EVIL})}", status=400).text)
    texts.append(site.get(f"/molecule?{urlencode({'at': EVIL})}", status=400).text)
    for text in texts:
        assert "<script>alert" not in text and "<img src=x" not in text
        assert 'src="/static/browse.js"' in text or "<html" not in text
    assert site.ask(f"/drawing.svg?{urlencode({'smiles': EVIL})}", cookie=site.cookie).status == 404
    step = {"smiles": "CO", "parent": "C", "site": 0, "smirks": EVIL}
    answer = site.ask(f"/drawing.svg?{urlencode(step)}", cookie=site.cookie)
    assert answer.status == 200 and "<script>alert" not in answer.text


ORDERS: dict[str, Callable[[Row], Any]] = {
    "": lambda row: 0,
    "sort=mw": lambda row: row["mw"],
    "sort=-clogp": lambda row: -row["clogp"],
    "sort=-n_routes": lambda row: -row["n_routes"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_page_after_page_shows_every_product_once_and_in_order(order: str, site: Browsing, products: list[Row]) -> None:
    shown = [smiles for page in pages(site, order) for smiles in page]
    assert shown == [row["smiles"] for row in sorted(products, key=ORDERS[order])]
    assert len(shown) > 3 * 24


FILTERS: dict[str, Callable[[Row], bool]] = {
    "mw_max=300&clogp_min=1.5&sort=tpsa": lambda row: row["mw"] <= 300 and row["clogp"] >= 1.5,
    f"transform={COOME}&sort=tpsa": lambda row: row["transform"] == COOME,
    "halogen=I&sort=tpsa": lambda row: "I" in row["smiles"],
    "halogen=F&sort=tpsa": lambda row: "F" in row["smiles"],
    "rule=veber&sort=tpsa": lambda row: row["tpsa"] <= 140 and row["rotb"] <= 10,
    "rule=lead_like&sort=tpsa": lambda row: 250 <= row["mw"] <= 350 and row["clogp"] <= 3.5 and row["rotb"] <= 7,
    "where=parent_id+%3D+parent&sort=tpsa": lambda row: row["library"] == "mine",
    f"parent={PHENOLS[1][0]}&sort=tpsa": lambda row: row["parent_id"] == PHENOLS[1][0],
    "smarts=%5BOX2H%5Dc1ccccc1%5BOX2H%5D&sort=tpsa": lambda row: Chem.MolFromSmiles(row["smiles"]).HasSubstructMatch(
        Chem.MolFromSmarts("[OX2H]c1ccccc1[OX2H]")
    ),
}


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_shows_the_rows_that_a_look_at_each_finds(query: str, site: Browsing, products: list[Row]) -> None:
    wanted = sorted(filter(FILTERS[query], products), key=lambda row: row["tpsa"])
    assert 0 < len(wanted) <= len(products)
    assert [smiles for page in pages(site, f"{query}&size=96") for smiles in page] == [row["smiles"] for row in wanted]
    assert site.get(f"/?{query}").count == len(wanted)


def test_alerts_are_filtered_where_results_have_them(site: Browsing) -> None:
    assert site.get("/?show=molecules&library=zz&without=brenk").count == 0
    page = site.get("/?show=molecules&library=zz&without=pains")
    assert [smiles for _, smiles in page.rows] == [EVIL]
    assert "no column with alerts" in site.get("/?without=pains", status=400).text
    assert "--without" in shlex.split(page.found(r'<code id="command">([^<]*)')[0])


@pytest.mark.parametrize("query", ["", f"transform={COOME}", "show=molecules&library=mine"])
def test_histograms_count_each_value_once(query: str, site: Browsing, products: list[Row], results: Path) -> None:
    found = json.loads(site.get(f"/histograms?{query}").text)
    rows = [row for row in products if not query or row["transform"] == COOME]
    if "show" in query:
        rows = pq.ParquetFile(results / "libraries/library=mine/molecules.parquet").read().to_pylist()
    assert found["rows"] == found["read"] == len(rows) > 0
    for name in ("mw", "clogp", "hbd"):
        shown = found["shown"][name]
        assert shown["below"] + sum(shown["counts"]) + shown["above"] == len(rows)
        for at, count in enumerate(shown["counts"]):
            low = shown["first"] + at * shown["width"]
            assert count == sum(low <= row[name] < low + shown["width"] for row in rows)


def test_a_name_is_completed_from_its_beginning_or_a_part(site: Browsing) -> None:
    name = str(PHENOLS[1][0])
    for start in (name[:3], name[:4].upper(), name[-4:]):
        assert name in json.loads(site.get(f"/names?{urlencode({'start': start})}").text)
    assert json.loads(site.get("/names?start=").text) == json.loads(site.get("/names").text) == []


def test_a_page_has_all_routes_that_explain_finds(
    site: Browsing, products: list[Row], results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    most = max(products, key=lambda row: row["n_routes"])
    assert most["n_routes"] > 1
    for row in (most, products[-1]):
        place = {"at": f"{row['library']}/{row['transform']}/{row['at']}", "smiles": row["smiles"]}
        page = site.get(f"/routes?{urlencode(place)}")
        assert main(["explain", "--json", "--results", str(results), row["smiles"]]) == 0
        told = json.loads(capsys.readouterr().out)["found"]
        job = row["library"], row["transform"]
        (ways,) = [each["ways"] for each in told if (each["library"], each["transform"]) == job]
        many = f"{len(ways)} routes, all there are" if len(ways) > 1 else "The only route"
        assert page.found(r'<h2 id="way">([^<]*)') == [many] and len(ways) >= row["n_routes"]
        steps = page.found(r'<span title="([^"]*)">')
        assert sorted(steps) == sorted(step["by"] for way in ways for step in way["steps"])
        assert row["library"] != "other-1X" or len(steps) == 2 * len(ways)
        for address in page.found(r'src="(/drawing.svg[^"]*)"'):
            assert 'class="m"' in site.get(address).text


def test_a_page_shows_what_else_was_made_of_the_same_molecule(site: Browsing, products: list[Row]) -> None:
    by_parent: dict[tuple[str, str], list[Row]] = {}
    for row in products:
        by_parent.setdefault((row["library"], row["parent_id"]), []).append(row)
    family = next(rows for rows in by_parent.values() if 2 < len(rows) < 9)
    row, *others = family
    place = {"at": f"{row['library']}/{row['transform']}/{row['at']}", "smiles": row["smiles"]}
    page = site.get(f"/near?{urlencode(place)}")
    assert [smiles for _, smiles in page.rows] == [each["smiles"] for each in others]
    assert site.get(page.found(r'<a href="([^"]*)">All of these')[0]).count == len(family)


def test_the_most_alike_come_first(site: Browsing, products: list[Row]) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(row["smiles"])) for row in products]
    alike = DataStructs.BulkTanimotoSimilarity(generator.GetFingerprint(Chem.MolFromSmiles(QUERCETIN)), prints)
    best = sorted(zip(alike, products, strict=True), key=lambda pair: -pair[0])
    wanted = [row["smiles"] for value, row in best if value >= 0.4]
    query = urlencode({"similar": QUERCETIN, "threshold": "0.4"})
    assert [smiles for page in pages(site, query) for smiles in page] == wanted != []
    first = site.get(f"/?{query}").found(r"<b>([\d.]+)</b> alike")
    assert first == [f"{value:.3f}" for value, _ in best[: len(first)]]


@pytest.mark.parametrize("most", [1, 7, 30])
def test_of_many_that_are_alike_the_most_alike_are_kept(
    most: int, results: Path, products: list[Row], tmp_path: Path
) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(row["smiles"])) for row in products]
    alike = DataStructs.BulkTanimotoSimilarity(generator.GetFingerprint(Chem.MolFromSmiles(QUERCETIN)), prints)
    best = sorted(zip(alike, products, strict=True), key=lambda pair: -pair[0])[:most]
    answers = Answers(results, memory_mb=500, scratch=tmp_path, most_similar=most)
    parts = [Part(path, *job) for job, path in sorted(Results(results).jobs().items())]
    conditions = Conditions(similar=QUERCETIN, threshold=0.0)
    for _ in range(2):  # the second time it is remembered
        answer = answers.of(conditions, parts)
        answer.wait(lambda: False, SAFETY_NET)
        assert answer.is_done and answer.is_cut and answer.count == most
        view = View(conditions=conditions, sort="similarity", descending=True, size=most)
        places = find_places(view, answer.parts).places
        shown = [(answer.parts[place.part].part, place.row, place.similarity) for place in places]
        assert [(part.library, part.transform, row) for part, row, _ in shown] == [
            (row["library"], row["transform"], row["at"]) for _, row in best
        ]
        assert [value for *_, value in shown] == [pytest.approx(value) for value, _ in best]


def test_an_address_says_all_and_has_one_form(site: Browsing) -> None:
    answer = site.ask("/?smarts=&mw_max=3e2&halogen=F&parent=&sort=", cookie=site.cookie)
    assert answer.status == 303 and answer.headers["location"] == "/?mw_max=300&halogen=F"
    page = site.get("/?mw_max=300&halogen=F")
    assert page.found(r'name="mw_max" value="([^"]*)"') == ["300"]
    assert page.found(r'value="F" (checked)') == ["checked"]
    assert page.found(r'<a href="([^"]*)" aria-label="without: mw :300"') == ["/?halogen=F"]


def test_the_page_of_a_product_leads_back_to_its_natural_product(site: Browsing, products: list[Row]) -> None:
    row = next(row for row in products if row["library"] == "other-1X")
    card = site.get(f"/?library=other-1X&transform={OME}")
    page = site.get(card.found(r'class="drawn-link" href="([^"]*)"')[0])
    assert page.found(r'<code id="smiles">([^<]*)') == [row["smiles"]]
    way = page.found(r"<p><b>([^<]*)</b><br>")
    assert len(way) == 3 and way[1] == row["parent_id"]
    drawings = [address for address in page.found(r'<img src="([^"]*)"') if "job=" in address]
    assert len(drawings) == 2
    before, after = (site.get(address).text for address in drawings)
    assert before != after and all('class="m"' in text and text.startswith("<svg ") for text in (before, after))
    assert before.partition(">")[0] == after.partition(">")[0]  # at the same scale


def test_a_page_shows_what_a_run_finishes_and_says_what_it_took_away(site: Browsing, results: Path) -> None:
    before = site.get("/").count
    job = results / "products/library=mine/transform=AGAIN"
    shutil.copytree(job.with_name(f"transform={COOME}"), job)
    made = site.get("/?transform=AGAIN")
    assert site.get("/").count == before + made.count > before
    link = made.found(r'class="drawn-link" href="([^"]*)"')[0]
    assert site.get(link).found(r"<h1>([^<]*)") == ["AGAIN"]
    shutil.rmtree(job)
    assert site.get("/").count == before
    assert "not in the results any more" in site.get(link, status=404).text
    assert "no results of this transform" in site.get("/?transform=AGAIN", status=400).text


def test_commands_and_addresses_of_the_how_to_page_are_understood() -> None:
    page = (REPOSITORY / "docs/how-to/browse.md").read_text()
    commands = re.findall(r"^ *python -m halogenator (browse.*)$", page, re.MULTILINE)
    for command in commands:
        assert build_parser().parse_args(shlex.split(command)).verb == "browse"
    addresses = re.findall(r"^ +/\?(.*)$", page, re.MULTILINE)
    for address in addresses:
        assert urlencode(read_view(parse_qsl(address)).query) == address
    assert (len(commands), len(addresses)) == (2, 3)


def test_what_is_kept_is_saved_as_an_export_writes_it(
    site: Browsing, products: list[Row], results: Path, tmp_path: Path
) -> None:
    chosen = [products[0], products[-1]]
    kept = [[f"{row['library']}/{row['transform']}/{row['at']}", row["smiles"]] for row in chosen]
    gone = [[kept[0][0], "C"], ["nowhere/X/1", "C"], ["mine/X/99999999", "C"]]
    body = {"rows": json.dumps([*kept, *gone])}
    cards = site.post("/basket/cards", body)
    assert cards.found(r'data-at="([^"]*)"') == [at for at, _ in kept]
    assert [smiles for _, smiles in cards.rows] == [smiles for _, smiles in kept]
    for name in ("smi", "csv", "sdf"):
        answer = site.post("/basket/file", {**body, "format": name})
        assert "attachment" in answer.headers["content-disposition"]
        (tmp_path / f"basket.{name}").write_text(answer.text)
    names = [row["name"] for row in rows([tmp_path / "basket.csv"])]
    for row, saved in zip(chosen, rows([tmp_path / "basket.csv"]), strict=True):
        job = ("--library", row["library"], "--transform", row["transform"])
        made = rows(export(results, tmp_path / "all.csv", *job, "--force"))
        (same,) = [each for each in made if each["name"] == saved["name"]]
        assert {name: text for name, text in same.items() if text}.items() <= saved.items()
    assert (tmp_path / "basket.smi").read_text().splitlines() == [
        f"{row['smiles']}\t{name}" for row, name in zip(chosen, names, strict=True)
    ]
    drawn = list(Chem.SDMolSupplier(str(tmp_path / "basket.sdf")))
    assert [Chem.MolToSmiles(mol) for mol in drawn] == [row["smiles"] for row in chosen]
    assert all(mol.GetConformer().GetPositions().any() for mol in drawn)
    for wrong in ({"rows": "[", "format": "csv"}, {"rows": '[["a", "b", "c"]]', "format": "csv"}, {"format": "exe"}):
        assert site.post("/basket/file", wrong, status=400).status == 400


@pytest.mark.parametrize("query", ["parent=" + str(PHENOLS[1][0]), "mw_max=300&rule=veber&halogen=F", "show=molecules"])
def test_the_command_that_a_page_shows_writes_all_rows_of_it(
    query: str, site: Browsing, results: Path, tmp_path: Path
) -> None:
    page = site.get(f"/?{query}&size=96")
    words = shlex.split(page.found(r'<code id="command">([^<]*)')[0])
    assert words[:4] == ["python", "-m", "halogenator", "export"] and words[-3] == "--coordinates"
    made = rows(export(results, tmp_path / "all.csv", *words[4:-3]))
    assert {row["smiles"] for row in made} >= {smiles for _, smiles in page.rows}
    assert len(made) == page.count > 0


def test_what_others_made_is_as_published_and_has_its_licence() -> None:
    folder = REPOSITORY / "workflow/browse/vendor"
    entries = json.loads((folder / "manifest.json").read_text())
    for entry in entries:
        assert sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert "Redistribution" in (folder / entry["license_file"]).read_text()
    listed = {name for entry in entries for name in (entry["file"], entry["license_file"])}
    assert {path.name for path in folder.iterdir()} == {*listed, "manifest.json", "README.md"}
