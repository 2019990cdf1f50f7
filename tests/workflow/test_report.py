"""The report in a real browser: it opens from disk, draws, sorts, searches, and asks nobody for anything."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from halogenator.report import page as report_page
from workflow.flow import ARYL_F, COOME, OME, named_parents, shipped, snakemake, transform, write_molecules, write_yaml
from workflow.test_adopt import write_earlier

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
NORMAL = transform("RING_N_OXIDE", "[n;X2:1]>>[n+:1][O-]", ["polyphenol"], "c1ccncc1", "[O-][n+]1ccccc1")
PARENTS = [("twice", "Oc1ccc(O)cc1"), *named_parents("polyphenol"), ("again", "OC1=CC=C(O)C=C1"), ("slip", "C1CC(")]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: an external and a built library, jobs with and without products, one of them adopted."""
    folder = tmp_path_factory.mktemp("report") / "o'brien & co <2026>"
    folder.mkdir()
    write_molecules(folder / "mine.csv", PARENTS)
    write_molecules(folder / "other.smi", named_parents("other")[3:5], header=None)
    entries = [shipped(OME, "polyphenol", "other"), shipped(COOME, "polyphenol"), shipped(ARYL_F, "other"), NORMAL]
    write_yaml(folder / "transforms.yaml", {"transforms": entries})
    write_yaml(
        folder / "config.yaml",
        {
            "parents": {"other": "other.smi"},
            "libraries": {"mine": {"class": "polyphenol", "path": "mine.csv"}, "other-1X": {"class": "other", "k": 1}},
            "transforms": "transforms.yaml",
            "select": {"libraries": ["mine", "other-1X"]},
            "chunk": {"products": 20},
        },
    )
    write_earlier(folder / "earlier", ("other-1X", OME), ["COc1ccccc1F", "COc1ccccc1Cl"])
    words = [sys.executable, "-m", "halogenator", "adopt", "earlier", "--configfile", "config.yaml"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    output = snakemake(folder, "--cores", 2)
    assert "Trying to restart" not in output
    return folder / "results"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


def opened(browser: Browser, path: Path, **how: object) -> Page:
    """The page, drawn; whatever it says or asks for beside itself fails the test."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}, **how).new_page()
    page.on("console", lambda message: pytest.fail(f"console: {message.text}"))
    page.on("pageerror", lambda error: pytest.fail(f"error: {error}"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    return page


@pytest.fixture
def page(browser: Browser, results: Path) -> Page:
    return opened(browser, results / "report.html")


def summary(results: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (results / "summary.tsv").open() as file:
        return {(row["library"], row["transform"]): row for row in csv.DictReader(file, delimiter="\t")}


def choose(page: Page, library: str, name: str) -> None:
    page.click(f'.matrix a[href="#{library}/{name}"]')
    page.wait_for_function(
        "name => document.getElementById('job-choice').selectedOptions[0].text === name", arg=f"{library} × {name}"
    )
    page.wait_for_selector(f'.matrix a[aria-current][href="#{library}/{name}"]')


def texts(page: Page, names: str, values: str) -> dict[str, str]:
    """{text: text} of what two selectors find."""
    return dict(zip(page.locator(names).all_inner_texts(), page.locator(values).all_inner_texts(), strict=True))


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_figures_are_those_of_the_summary(page: Page, results: Path) -> None:
    jobs = summary(results)
    shown = texts(page, ".figures dt", ".figures dd")
    assert number(shown["Jobs"]) == len(jobs)
    assert number(shown["Products"]) == sum(int(row["products"]) for row in jobs.values())
    for (library, name), row in jobs.items():
        cell = page.locator(f'.matrix a[href="#{library}/{name}"]')
        assert f"{int(row['products']):,} products" in cell.get_attribute("aria-label")
    assert page.locator(".matrix .none").count() == 2 * 4 - len(jobs)


def test_charts_are_drawn_and_told(page: Page) -> None:
    for place in ("memory-chart", "declared-chart", "stage-chart", "balance-chart"):
        assert page.locator(f"#{place} figure").count() >= 1, place
        assert page.locator(f"#{place} svg[role=img] path, #{place} svg rect, #{place} svg circle").count() > 0
    labels = page.eval_on_selector_all(
        "figure svg[role=img]", "all => all.map(each => each.getAttribute('aria-label'))"
    )
    assert len(labels) == page.locator("figure").count()
    assert all(re.search(r"\d", label) for label in labels if not label.startswith("Stages"))


def test_a_job_shows_its_funnel_distributions_and_molecules(page: Page, results: Path) -> None:
    choose(page, "mine", OME)
    row = summary(results)["mine", OME]
    funnel = texts(page, ".funnel th", ".funnel td:nth-child(2)")
    assert number(funnel["molecules in"]) == int(row["rows_in"])
    assert number(funnel["with a site"]) == int(row["matched"])
    assert number(funnel["products"]) == int(row["products"])
    assert page.locator("#job-title").inner_text() == "mine × phenol OH → OMe"
    assert page.locator("#job .charts figure").count() == 7  # six descriptors and the halogens
    pairs = page.locator(".gallery > li")
    assert pairs.count() == min(report_page.gallery.PAIRS, int(row["products"]))
    for at in range(pairs.count()):
        assert pairs.nth(at).locator("svg").count() == 2
        assert pairs.nth(at).locator("svg .m").count() >= 4  # what is marked of parent and product
    assert "Product C" in pairs.first.locator("svg").nth(1).get_attribute("aria-label")
    assert page.locator(".reaction svg").get_attribute("aria-label") == "Reaction: phenol OH → OMe"


def test_a_job_without_products_and_an_adopted_one(page: Page) -> None:
    choose(page, "other-1X", ARYL_F)
    assert "no product" in page.locator("#job-details").inner_text()
    choose(page, "other-1X", OME)
    assert page.locator(".funnel td:nth-child(2)").first.inner_text() == "not known"
    assert page.locator(".gallery > li").count() == 2
    assert page.locator(".gallery .drawn.alone").count() == 2


def test_a_job_has_an_address(browser: Browser, results: Path) -> None:
    page = browser.new_page()
    page.goto(f"{(results / 'report.html').resolve().as_uri()}#mine/{COOME}")
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#job-choice").evaluate("each => each.selectedOptions[0].text") == f"mine × {COOME}"


def test_tables_sort_and_search(page: Page, results: Path) -> None:
    def column(place: int) -> list[str]:
        return page.locator(f"#jobs-table tbody td:nth-child({place})").all_inner_texts()

    counts = sorted(int(row["products"]) for row in summary(results).values())
    heading = page.locator("#jobs-table th", has_text="products")
    heading.click()
    page.wait_for_selector('#jobs-table th[aria-sort="ascending"]')
    assert [number(text) for text in column(5)] == counts
    heading.click()
    page.wait_for_selector('#jobs-table th[aria-sort="descending"]')
    assert [number(text) for text in column(5)] == counts[::-1]
    page.get_by_label("Search jobs").fill("COOMe")
    assert column(2) == [COOME]
    page.get_by_label("Search jobs").fill("no such job")
    assert column(1) == ["No row matches"]
    page.get_by_label("Search rejects").fill("duplicate")
    assert page.locator("#rejects-table tbody tr").count() == 1


def test_it_is_used_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    cell = page.locator(f'.matrix a[href="#mine/{COOME}"]')
    cell.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_selector(f'.matrix a[aria-current][href="#mine/{COOME}"]')
    unnamed = "all => all.filter(each => !each.labels?.length && !each.getAttribute('aria-label')).length"
    assert page.eval_on_selector_all("input, select", unnamed) == 0
    assert page.locator("h1").count() == 1


CONTRAST = (Path(__file__).parent / "contrast.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_light_and_dark(browser: Browser, results: Path, scheme: str) -> None:
    """The contrast that WCAG 2 asks of text (4.5) and of drawings (3)."""
    page = opened(browser, results / "report.html", color_scheme=scheme)
    found = page.evaluate(CONTRAST)
    assert found["text"] >= 4.5 and found["cells"] >= 4.5 and found["drawn"] >= 3, found


def test_it_fits_a_narrow_screen_and_paper(browser: Browser, results: Path, tmp_path: Path) -> None:
    page = opened(browser, results / "report.html")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(400)  # it draws its charts anew
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 20_000
    page.emulate_media(media="print")
    assert not page.locator("header nav").is_visible()


def make_report(results: Path, out: Path) -> str:
    files = [results.parent / "config.yaml", results.parent / "transforms.yaml"]
    report_page.write_report(
        results, out, configuration=files, overrides="", scratch=out.parent / "scratch", memory_mb=500
    )
    return out.read_text()


def test_without_a_record_of_memory(browser: Browser, results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "results")
    (tmp_path / "results" / "monitor.parquet").unlink()
    make_report(tmp_path / "results", tmp_path / "report.html")
    page = opened(browser, tmp_path / "report.html")
    assert "is not there" in page.locator("#memory").inner_text()


def test_it_stays_below_its_size(
    browser: Browser, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With less room, jobs show fewer molecules, and say so."""
    whole = len(make_report(results, tmp_path / "whole.html").encode())
    assert whole < 8_000_000
    limit = whole - 8_000 + report_page._SPARE_BYTES
    monkeypatch.setattr(report_page, "MAX_BYTES", limit)
    make_report(results, tmp_path / "less.html")
    assert (tmp_path / "less.html").stat().st_size < limit - report_page._SPARE_BYTES + 500
    page = opened(browser, tmp_path / "less.html")
    choose(page, "mine", OME)
    assert "left out to keep the page small" in page.locator("#job-details").inner_text()


def test_what_is_the_same_gives_the_same_molecules(results: Path, tmp_path: Path) -> None:
    made = [make_report(results, tmp_path / name) for name in ("one.html", "two.html")]
    jobs = [re.findall(r'id="job-\d+">([^<]*)<', text) for text in made]
    assert jobs[0] == jobs[1] and len(jobs[0]) == len(summary(results))


def test_snakemakes_own_report_states_the_thresholds(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "snakemake.html"
    snakemake(results.parent, "--report", out)
    text = out.read_text()
    for words in ("500 g/mol", "Veber 2002", "memory.cap_mb", "report.html", "summary.tsv"):
        assert words in text, words
    assert out.stat().st_size < 20_000_000
