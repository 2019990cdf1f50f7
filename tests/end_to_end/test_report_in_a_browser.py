"""The report in a real browser, which asks nothing of the network, and of whatever results."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.report import page
from halogenator.report.gallery import LEAST, ON_PAGE
from halogenator.tables.catalog import write_catalog, write_summary
from helpers.earlier import EARLIER, write_earlier
from helpers.report import job_of, lack_drawing, write_report
from helpers.runs import ARYL_F, COOME, OME, REPOSITORY, named_parents, shipped, snakemake, write_molecules, write_yaml
from helpers.samples import SAFETY_NET

pytestmark = pytest.mark.long
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = "--no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-component-update"
MINE = [*named_parents("polyphenol"), ("broken", "C1CC("), ("pentavalent", "CC(C)(C)(C)C")]
TINY = [("carvacrol", "Cc1ccc(C(C)C)cc1O"), ("thymol", "Cc1ccc(C(C)C)c(O)c1"), ("geraniol", "CC(C)=CCC/C(C)=C/CO")]
LIBRARIES = {"mine", "terpenoid-0X", "terpenoid-1X"}
JOBS = [("mine", OME), ("mine", COOME), ("terpenoid-1X", OME), ("terpenoid-1X", ARYL_F)]


def catalogue(results: Path) -> None:
    write_summary(results, results / "summary.tsv")
    write_catalog(results, results / "summary.tsv", results / "catalog.duckdb", memory_mb=500)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run: a file with bad rows in chunks, a built library, a job without products."""
    folder = tmp_path_factory.mktemp("run") / "o'brien & co"
    folder.mkdir()
    write_molecules(folder / "mine.csv", MINE)
    write_molecules(folder / "tiny.csv", TINY)
    transforms = [shipped(OME, "polyphenol", "terpenoid"), shipped(COOME, "polyphenol"), shipped(ARYL_F, "terpenoid")]
    write_yaml(folder / "transforms.yaml", {"transforms": transforms})
    write_yaml(
        folder / "config.yaml",
        {
            "parents": {"terpenoid": "tiny.csv"},
            "libraries": {
                "mine": {"class": "polyphenol", "path": "mine.csv"},
                "terpenoid-1X": {"class": "terpenoid", "k": 1},
            },
            "transforms": "transforms.yaml",
            "select": {"libraries": ["mine", "terpenoid-1X"]},
            "memory": {"cap_mb": 3000},
            "chunk": {"products": 20},
        },
    )
    snakemake(folder, "--cores", 2)
    return folder


@pytest.fixture
def results(run: Path, tmp_path: Path) -> Path:
    """A copy of the run's results, to change."""
    copy = tmp_path / "results"
    shutil.copytree(run / "results", copy)
    catalogue(copy)
    return copy


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine, to open the report in")
    with sync_playwright() as playwright:
        launched = launch(playwright)
        expect.set_options(timeout=1000 * SAFETY_NET)
        yield launched
        launched.close()


def launch(playwright: Playwright, attempts: int = 3) -> Browser:
    """Start Chromium, which on a busy machine now and then ends in a trap of its own as it starts."""
    try:
        return playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--disable-sync"])
    except Error:
        if attempts == 1:
            raise
        return launch(playwright, attempts - 1)


@dataclass
class Opened:
    """A report in a browser, with what it should not have done."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def open_report(browser: Browser, path: Path, job: str = "", **how: object) -> Opened:
    opened = Opened(browser.new_page(**{"viewport": {"width": 1280, "height": 860}, **how}))
    opened.page.set_default_timeout(1000 * SAFETY_NET)
    opened.page.on("console", lambda message: opened.errors.append(message.text))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(path.as_uri() + job)
    opened.page.wait_for_selector("html[data-ready]")
    return opened


@pytest.fixture
def opened(browser: Browser, run: Path) -> Iterator[Opened]:
    found = open_report(browser, run / "results" / "report.html")
    yield found
    assert not found.errors
    assert [url for url in found.requests if not url.startswith("data:")] == [found.page.url.partition("#")[0]]
    found.page.close()


def open_second_part(page: Page) -> None:
    """Open what is closed at first: how the run went."""
    page.locator("#run > summary").click()


def cells(page: Page, table: str, column: int) -> list[str]:
    return page.locator(f"#{table} tbody tr > :nth-child({column})").all_inner_texts()


def test_everything_is_drawn(opened: Opened, run: Path) -> None:
    page = opened.page
    assert not page.locator("#memory").is_visible()
    open_second_part(page)
    charts = page.locator("[data-chart]")
    assert charts.count() == 7
    for number in range(charts.count()):
        assert charts.nth(number).locator("svg path, svg rect, svg circle, svg line").count() > 3
    assert page.locator("#memory").inner_text().count("3,000 MB") >= 1
    products = duckdb.sql(f"SELECT count(*) FROM read_parquet({str(run / 'results/products/*/*/*.parquet')!r})")
    assert page.locator("h1").inner_text() == f"{products.fetchall()[0][0]:,} products from 4 jobs"
    assert {"unparsable SMILES", "impossible molecule"} <= set(cells(page, "reject-table", 3))


def test_a_cell_of_the_matrix_opens_its_job(opened: Opened) -> None:
    page = opened.page
    link = page.get_by_role("link", name=re.compile("^mine, COOH → COOMe: "))
    link.click()
    page.wait_for_selector(f"#panel[data-job='mine/{COOME}']")
    assert page.url.endswith(f"#mine/{COOME}")
    assert link.get_attribute("aria-current") == "true"
    assert page.locator("#panel h3").first.inner_text().startswith("mine, COOH → COOMe: ")
    assert page.locator("#panel .reaction svg").count() == 1
    drawn = page.locator(".gallery .drawn")
    assert drawn.count() >= 3
    for number in range(drawn.count()):
        assert drawn.nth(number).locator("svg.mol").count() == 2
        assert drawn.nth(number).locator("svg.mol .m").count() >= 2
    assert page.locator("#panel .small figure").count() == len(DESCRIPTORS)


def test_a_job_has_an_address(browser: Browser, run: Path) -> None:
    report = run / "results" / "report.html"
    page = open_report(browser, report, f"#terpenoid-1X/{OME}").page
    assert page.locator("#panel").get_attribute("data-job") == f"terpenoid-1X/{OME}"
    assert page.locator("#choose-library").input_value() == "terpenoid-1X"
    page.select_option("#choose-library", "mine")
    page.wait_for_selector("#panel[data-job='mine']")
    assert page.url.endswith("#mine")
    page.close()


ADDRESSES = (
    "%",
    "%E0%A4%A",
    "100%/of%2Fit",
    "<img src=x onerror=alert(1)>",
    "'\"`",
    "__proto__",
    "\\",
    "mine/",
    "/",
    "",
)


def test_the_page_opens_with_any_address(browser: Browser, run: Path) -> None:
    for text in ADDRESSES:
        opened = open_report(browser, run / "results" / "report.html", f"#{text}")
        page = opened.page
        assert page.locator("#panel").get_attribute("data-job") in {"/".join(job) for job in JOBS}, text
        page.evaluate("text => { location.hash = text; }", f"{text}%")
        page.evaluate("text => { location.hash = text; }", f"mine/{COOME}")
        page.wait_for_selector(f"#panel[data-job='mine/{COOME}']")
        assert page.locator("img").count() == 0
        assert not opened.errors, text
        page.close()


def test_a_library_has_drawings_beside_its_natural_products(opened: Opened) -> None:
    page = opened.page
    page.locator("#matrix").get_by_role("link", name=re.compile("^terpenoid-1X: ")).click()
    page.wait_for_selector("#panel[data-job='terpenoid-1X']")
    assert "terpenoids, after 1 step" in page.locator("#panel h3").first.inner_text()
    beside = page.locator("#panel .drawn:not(.alone)")
    assert beside.count() > 1
    assert all(beside.nth(number).locator("svg.mol .m").count() >= 2 for number in range(beside.count()))
    made_of = page.locator("#panel .gallery .meta").all_inner_texts()
    names = {name for text in made_of for name in re.findall(r"made of (\w+)", text)}
    assert len(names) > 1 and names <= {name for name, _ in TINY}
    assert page.locator("#panel .small figure").count() == len(DESCRIPTORS)


def test_the_search_finds_what_is_drawn(opened: Opened) -> None:
    """All words, in names of any case, or pieces of SMILES as they are."""
    page = opened.page
    page.fill("#search-words", "CARVACROL Br")
    page.wait_for_selector("#search-found li")
    found = page.locator("#search-found li").all_inner_texts()
    assert all("carvacrol" in text and "Br" in text for text in found)
    count, of = map(int, re.findall(r"\d+", page.locator("#search-count").inner_text())[:2])
    assert len(found) == min(count, 24) < of
    page.locator("#search-found a").first.click()
    page.wait_for_function("document.activeElement.id === 'panel'")
    page.fill("#search-words", "carvacrol xyzzy")
    expect(page.locator("#search-count")).to_have_text(f"0 of {of} drawn molecules")
    page.fill("#search-words", "C(C)=CCC")
    page.wait_for_selector("#search-found li")
    assert all("C(C)=CCC" in text for text in page.locator("#search-found li").all_inner_texts())


def test_a_link_into_the_second_part_opens_it(browser: Browser, run: Path) -> None:
    page = open_report(browser, run / "results" / "report.html", "#time").page
    assert page.locator("#time").is_visible()
    assert page.locator("#time .chart svg").first.bounding_box()["width"] > 300
    page.close()


def test_a_job_without_products_says_so(opened: Opened) -> None:
    page = opened.page
    page.get_by_role("link", name=re.compile("^terpenoid-1X, aryl NH2 → F: 0 products")).click()
    page.wait_for_selector(f"#panel[data-job='terpenoid-1X/{ARYL_F}']")
    assert "no products to describe" in page.locator("#panel").inner_text()


def test_sorting_sorts(opened: Opened) -> None:
    page = opened.page
    open_second_part(page)
    header = page.locator("#job-table thead th", has_text="Products")

    def shown() -> list[int]:
        return [int(text.replace(",", "")) for text in cells(page, "job-table", 5)]

    header.click()
    expect(header).to_have_attribute("aria-sort", "descending")
    assert shown() == sorted(shown(), reverse=True)
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert shown() == sorted(shown())
    assert len(set(shown())) > 2


@pytest.fixture
def long_report(results: Path, tmp_path: Path) -> Path:
    """The report of so many jobs that their table has pages."""
    multiply(results, "mine", OME, 24)
    return write_report(results, tmp_path / "long.html")


def test_search_and_filter(browser: Browser, long_report: Path) -> None:
    page = open_report(browser, long_report).page
    open_second_part(page)
    tools = page.locator(".tools", has=page.get_by_label("Search jobs"))
    assert tools.locator("output").inner_text() == "28 rows"
    assert page.locator("#job-table tbody tr").count() == 15
    page.get_by_label("Search jobs").fill("terpenoid")
    assert set(cells(page, "job-table", 1)) == {"terpenoid-1X"}
    assert tools.locator("output").inner_text() == "2 of 28 rows"
    page.get_by_label("Search jobs").fill("")
    tools.get_by_label("Transform, filter").select_option("phenols: T → T07")
    assert cells(page, "job-table", 2) == ["phenols: T → T07"]
    tools.get_by_label("Transform, filter").select_option("")
    tools.get_by_label("Library, filter").select_option("terpenoid-1X")
    assert set(cells(page, "job-table", 1)) == {"terpenoid-1X"}
    tools.get_by_label("Library, filter").select_option("")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#job-table tbody tr").count() == 28
    page.close()


CONTRAST = (Path(__file__).parent / "contrast.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out(browser: Browser, run: Path, scheme: str) -> None:
    page = open_report(browser, run / "results" / "report.html", color_scheme=scheme).page
    open_second_part(page)
    page.fill("#search-words", "carvacrol")
    page.wait_for_selector("#search-found .mol")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background)[:3])) < 60) == (scheme == "dark")
    assert page.evaluate(CONTRAST) == []
    page.close()


UNNAMED = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const label = (element) => (element.getAttribute("aria-label") || "").trim();
  return [
    ...all("svg[role=img]").filter((element) => !label(element)),
    ...all("figure svg, .drawn svg").filter((element) => !element.closest("[role=img]")),
    ...all("table").filter((element) => !element.caption),
    ...all("select, input").filter((element) => !element.labels.length && !label(element)),
    ...all("section").filter((element) => !document.getElementById(element.getAttribute("aria-labelledby"))),
  ].map((element) => element.outerHTML.slice(0, 120));
}"""


def test_everything_has_a_name_for_a_screen_reader(opened: Opened) -> None:
    open_second_part(opened.page)
    unnamed = opened.page.evaluate(UNNAMED)
    assert unnamed == []
    ids = opened.page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert [name for name, count in Counter(ids).items() if count > 1] == []


def test_a_keyboard_is_enough(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.matrix') !== null"):
            break
    page.keyboard.press("Tab")
    name = page.evaluate("document.activeElement.getAttribute('href')").removeprefix("#")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#panel[data-job='{name}']")
    assert page.evaluate("document.activeElement.id") == "panel"


def test_it_fits_a_phone_and_paper(browser: Browser, run: Path) -> None:
    opened = open_report(browser, run / "results" / "report.html", viewport={"width": 380, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 380
    assert opened.page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
    assert not opened.errors
    opened.page.close()


def multiply(results: Path, library: str, transform: str, times: int) -> None:
    """Make a job stand there under so many other names, which no configuration knows."""
    products = results / f"products/library={library}/transform={transform}/products.parquet"
    stats = results / f"stats/products/{library}/{transform}.json"
    for number in range(times):
        name = f"FG_PHENOL_MOD__T__TO__T{number:02}"
        copy = results / f"products/library={library}/transform={name}/products.parquet"
        copy.parent.mkdir()
        os.link(products, copy)
        stats.with_stem(name).write_text(json.dumps(json.loads(stats.read_text()) | {"transform": name}))
    catalogue(results)


def test_many_jobs_share_the_bytes(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    multiply(results, "mine", OME, 96)
    jobs = 96 + len(JOBS)
    whole = write_report(results, tmp_path / "whole.html")
    assert len(job_of(whole, 5)["gallery"]) == ON_PAGE // (jobs + len(LIBRARIES))
    for limit in (whole.stat().st_size - 200_000, whole.stat().st_size - 500_000):
        monkeypatch.setattr(page, "MAX_BYTES", limit)
        out = tmp_path / "small.html"
        page.write_report(results, out, configuration=[], overrides="", scratch=tmp_path / "scratch", memory_mb=500)
        assert out.stat().st_size <= limit
        assert len(re.findall(r'id="job-\d+"', out.read_text())) == jobs


def test_a_report_without_monitor_benchmarks_and_libraries(browser: Browser, results: Path, tmp_path: Path) -> None:
    (results / "monitor.parquet").unlink()
    shutil.rmtree(results / "benchmarks")
    shutil.rmtree(results / "libraries/library=mine")
    opened = open_report(browser, write_report(results, tmp_path / "bare.html"), f"#mine/{OME}")
    open_second_part(opened.page)
    assert "No memory was recorded" in opened.page.locator("#memory").inner_text()
    assert "No task was timed" in opened.page.locator("#time").inner_text()
    assert opened.page.locator(".gallery .drawn.alone").count() >= LEAST
    assert not opened.errors
    opened.page.close()


def test_a_report_of_no_jobs(browser: Browser, results: Path, tmp_path: Path) -> None:
    for tree in ("products", "stats/products", "rejects/products"):
        shutil.rmtree(results / tree)
    catalogue(results)
    opened = open_report(browser, write_report(results, tmp_path / "none.html"))
    page = opened.page
    assert "There are no jobs" in page.locator("#products").inner_text()
    molecules = sum(pq.read_metadata(path).num_rows for path in results.glob("libraries/*/molecules.parquet"))
    assert page.locator("h1").inner_text() == f"{molecules} molecules in {len(LIBRARIES)} libraries"
    assert page.locator("#panel").get_attribute("data-job") in LIBRARIES
    assert page.locator("#panel .gallery .mol").count() >= LEAST
    assert not opened.errors
    opened.page.close()


def test_a_report_of_files_without_descriptors(browser: Browser, results: Path, tmp_path: Path) -> None:
    for path in [*results.rglob("products.parquet"), *results.rglob("molecules.parquet")]:
        table = pq.read_table(path, partitioning=None).drop_columns(list(DESCRIPTORS))
        pq.write_table(table.replace_schema_metadata(pq.read_metadata(path).metadata), path)
    catalogue(results)
    opened = open_report(browser, write_report(results, tmp_path / "bare.html"), f"#mine/{OME}")
    assert "carry no descriptors" in opened.page.locator("#panel").inner_text()
    assert opened.page.locator(".gallery .mol").count() >= 2 * LEAST
    assert not opened.errors
    opened.page.close()


def test_a_report_of_an_adopted_job(browser: Browser, tmp_path: Path) -> None:
    write_earlier(tmp_path / "earlier", ("polyphenol-1X", OME), EARLIER[:3])
    results = tmp_path / "results"
    words = ["-m", "halogenator", "adopt", tmp_path / "earlier", "--results", results]
    subprocess.run([sys.executable, *map(str, words)], check=True, cwd=REPOSITORY)
    (results / "stats" / "libraries").mkdir()
    shutil.copy(REPOSITORY / "tests/end_to_end/library.json", results / "stats" / "libraries" / "polyphenol-1X.json")
    catalogue(results)
    report = write_report(results, tmp_path / "adopted.html", REPOSITORY / "configs" / "transforms.yaml")
    opened = open_report(browser, report)
    assert "Adopted from an earlier pipeline" in opened.page.locator("#panel").inner_text()
    assert opened.page.locator(".gallery .drawn.alone").count() == 3
    assert opened.page.locator("#panel .reaction svg").count() == 1
    assert not opened.errors
    opened.page.close()


def test_where_rdkit_cannot_draw_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch, results: Path, tmp_path: Path, browser: Browser
) -> None:
    lack_drawing(monkeypatch)
    opened = open_report(browser, write_report(results, tmp_path / "bare.html"))
    panel = opened.page.locator("#panel").inner_text()
    assert "RDKit could not draw where this page was made: libXrender.so.1" in panel
    assert opened.page.locator("#panel figure").count() > 0
    assert not opened.errors
    opened.page.close()


def test_snakemakes_report_is_made_too(run: Path) -> None:
    out = run / "snakemake.html"
    snakemake(run, "--report", out)
    text = out.read_text()
    assert "results/report.html" in text
    assert "results/summary.tsv" in text
    assert "at most 3000 MB" in " ".join(text.split())
