"""The pages of the verb browse in a real browser: by mouse, by keys, narrow, dark, and with texts that would run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from helpers.browsing import browsing
from helpers.finished import PHENOLS, Finished
from helpers.runs import OME
from helpers.samples import SAFETY_NET

pytestmark = pytest.mark.long
CHROMIUM_FLAGS = "--no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-component-update"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
EVIL = "\"'><img src=x onerror=document.title='run'><script>document.title='run'</script>"
NAME = str(PHENOLS[1][0])
UNNAMED = """() => [...document.querySelectorAll("img, input:not([type=hidden]), select, button, a, progress, summary")]
  .filter((each) => !(each.getAttribute("aria-label") || each.alt || each.querySelector("img")?.alt))
  .filter((each) => !(each.labels?.length || each.textContent.trim()))
  .map((each) => each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def address(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    results = finished.copy(tmp_path_factory.mktemp("browse")) / "results"
    path = results / "libraries/library=other-0X/molecules.parquet"
    table = pq.ParquetFile(path).read()
    names = table.set_column(table.schema.get_field_index("name"), table.schema.field("name"), [[EVIL] * len(table)])
    pq.write_table(names, path)
    with browsing(results) as site:
        yield site.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine, to open the pages in")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=[*CHROMIUM_FLAGS.split(), "--disable-sync"]
        )
        expect.set_options(timeout=1000 * SAFETY_NET)
        yield launched
        launched.close()


@pytest.fixture(params=[(1280, "light"), (380, "dark"), (3840, "dark")], ids=str)
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A window on the first page, which asks nobody but the server, and in which nothing fails or runs."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(1000 * SAFETY_NET)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_(page, address)
    yield page
    assert said == []
    own = address.partition("?")[0]
    assert [url for url in asked if not url.startswith((own, "data:"))] == []
    context.close()


def open_(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-ready]")


def open_side(page: Page) -> None:
    """Open the filters, which a narrow window folds."""
    if page.locator("#side").get_attribute("open") is None:
        page.locator("#side > summary").click()


def check(page: Page) -> None:
    """Nothing is wider than the window, all text stands out, and all that one can use or see has a name."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == []


def test_a_chemist_filters_looks_keeps_and_saves(page: Page, tmp_path: Path) -> None:
    check(page)
    page.keyboard.press("/")
    page.keyboard.type(NAME)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/?parent={NAME}")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("h1")).to_have_text(re.compile(r"^[1-9]\d* of \d+ products$"))
    expect(page.locator(".tags li").first).to_contain_text(f"from {NAME}")
    first = page.locator(".card").first
    first.locator("img").evaluate("image => image.decode()")
    assert first.locator("img").evaluate("image => image.naturalWidth") > 20
    check(page)

    first.get_by_role("button", name="keep in the basket").click()
    expect(first.locator(".keep")).to_have_text("Kept")
    expect(page.locator("#basket-count")).to_have_text("(1)")
    first.locator(".drawn-link").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**/molecule?**")
    page.wait_for_selector("html[data-ready]")
    for image in page.locator(".drawn img").all():
        image.evaluate("image => image.decode()")
    assert page.locator(".drawn img").count() == 2
    check(page)
    page.locator(".copy .keep").click()
    expect(page.locator("#basket-count")).to_have_text("(2)")

    page.get_by_role("link", name="Basket").click()
    expect(page.locator("#kept .card")).to_have_count(2)
    check(page)
    page.get_by_label("Save as").select_option("smi")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save").click()
    saved.value.save_as(tmp_path / "kept.smi")
    names = [line.split("\t")[1] for line in (tmp_path / "kept.smi").read_text().splitlines()]
    assert len(names) == 2 and all(name.startswith(NAME) for name in names)
    page.get_by_role("button", name="Empty the basket").click()
    expect(page.locator("#kept .card")).to_have_count(0)
    expect(page.locator("#basket")).to_be_hidden()


def test_keys_turn_pages_and_a_condition_is_taken_away(page: Page) -> None:
    shown = page.locator("code[title]").all_inner_texts()
    page.keyboard.press("n")
    page.wait_for_url("**/?after=**")
    page.wait_for_selector("html[data-ready]")
    assert not set(shown) & set(page.locator("code[title]").all_inner_texts())
    page.keyboard.press("p")
    page.wait_for_url("**/?before=**")
    page.wait_for_selector("html[data-ready]")
    assert page.locator("code[title]").all_inner_texts() == shown
    open_(page, re.sub(r"/\?.*", f"/?transform={OME}&smarts=cI&sort=mw", page.url))
    page.get_by_label("without: has cI").click()
    page.wait_for_url(f"**/?transform={OME}&sort=mw")


def test_a_name_that_would_run_is_a_name(page: Page) -> None:
    open_(page, re.sub(r"/(\?.*)?$", "/?library=other-1X", page.url))
    expect(page.locator(".from").first).to_contain_text("<script>document.title='run'</script>")
    page.locator(".drawn-link").first.click()
    page.wait_for_url("**/molecule?**")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator(".routes").first).to_contain_text("<script>document.title='run'</script>")
    assert page.title() != "run" and page.locator("img[src=x]").count() == 0
    open_(page, re.sub(r"/molecule.*$", "/", page.url))
    open_side(page)
    page.locator("#parent").press_sequentially("document.title")
    option = page.locator("#names option")
    option.wait_for(state="attached")
    assert option.get_attribute("value") == EVIL
    page.locator("#parent").fill(EVIL)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?parent=**")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator(".tags li").first).to_contain_text(EVIL)
    assert page.title() != "run" and page.locator("img[src=x]").count() == 0


def test_a_range_is_dragged_and_set_by_keys(page: Page) -> None:
    open_side(page)
    field = page.locator(".window[data-name=mw]")
    high = field.get_by_label("mw, at most").nth(1)
    high.scroll_into_view_if_needed()
    all_ = page.locator("h1").inner_text()
    box = high.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 5, middle)
    page.mouse.down()
    for share in (0.9, 0.7, 0.5):
        page.mouse.move(box["x"] + share * box["width"], middle)
    page.mouse.up()
    page.wait_for_url("**/?mw_max=**")
    bound = re.findall(r"mw_max=([\d.]+)", page.url)[0]
    assert page.locator("input[name=mw_max]").input_value() == bound
    expect(page.locator(".tags li").first).to_contain_text(f"mw :{bound}")
    expect(page.locator("#results")).to_have_attribute("data-done", "true")
    assert re.match(r"[1-9]\d* of ", page.locator("h1").inner_text())
    for value in page.locator(".card dl div:first-child dd").all_inner_texts():
        assert float(value) <= float(bound)
    check(page)

    high.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: f"mw_max={bound}" not in url)
    assert high.evaluate("each => each === document.activeElement")
    assert re.fullmatch(r"[\d.]+, about \d+ % of all", str(high.get_attribute("aria-valuetext")))
    page.keyboard.press("End")
    page.wait_for_url(lambda url: "mw_max" not in url)
    expect(page.locator("h1")).to_have_text(all_)
    assert high.get_attribute("aria-valuetext") == "no bound"
    page.go_back()
    page.wait_for_url("**/?mw_max=**")
    page.wait_for_selector("html[data-ready]")
    open_side(page)
    assert page.locator("input[name=mw_max]").input_value() in page.url

    plot = field.locator("svg").bounding_box()
    assert plot
    page.mouse.move(plot["x"] + 0.3 * plot["width"], plot["y"] + 4)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.8 * plot["width"], plot["y"] + 6, steps=3)
    page.mouse.up()
    page.wait_for_url("**mw_min=**")


def test_a_ring_is_drawn_and_looked_for(page: Page) -> None:
    open_side(page)
    for button, address in (("Draw a substructure", "/?smarts=c1ccccc1"), ("Draw a molecule", "/?similar=c1ccccc1&")):
        page.get_by_role("button", name=button).click()
        page.locator("#canvas > *").wait_for()
        box = page.locator("#canvas").bounding_box()
        assert box
        page.mouse.click(box["x"] + 34, box["y"] + 202)  # the tool for benzene rings, then the place of one
        page.mouse.click(box["x"] + 150, box["y"] + 220)
        page.get_by_role("button", name="Look for it").click()
        page.wait_for_url(f"**{address}*")
        page.wait_for_selector("html[data-ready]")
        open_(page, page.url.partition("?")[0])
        open_side(page)
