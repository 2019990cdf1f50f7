"""Takes pictures of a report for the documentation (make pictures): light, dark, one job, and on a phone."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
DESK = {"width": 1280, "height": 1000}
PHONE = {"width": 390, "height": 900}
# Name -> (colour scheme, size of the window, where to scroll to).
PICTURES = {
    "report-light": ("light", DESK, "#main"),
    "report-dark": ("dark", DESK, "#panel .small"),
    "report-molecules": ("light", DESK, ".gallery"),
    "report-narrow": ("light", PHONE, "#main"),
}


def main(report: Path, folder: Path) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium on this machine, to open the report in")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (scheme, size, place) in PICTURES.items():
            picture(browser, report, folder / f"{name}.png", scheme, size, place)
        browser.close()


def picture(browser: Browser, report: Path, out: Path, scheme: str, size: dict[str, int], place: str) -> None:
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(report.resolve().as_uri())
    page.wait_for_selector("html[data-ready]")
    page.evaluate("(place) => document.querySelector(place).scrollIntoView()", place)
    page.screenshot(path=out)
    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
