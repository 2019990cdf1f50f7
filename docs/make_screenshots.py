"""Takes pictures of a report, a preview and an export for the documentation (make pictures)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
DESK = {"width": 1280, "height": 1000}
PHONE = {"width": 390, "height": 900}
# Name -> (page, what is there once it is drawn, colour scheme, size of the window, where to scroll to).
PICTURES = {
    "report-light": ("report", "html[data-ready]", "light", DESK, "#main"),
    "report-dark": ("report", "html[data-ready]", "dark", DESK, "#panel .small"),
    "report-molecules": ("report", "html[data-ready]", "light", DESK, ".gallery"),
    "report-narrow": ("report", "html[data-ready]", "light", PHONE, "#main"),
    "preview": ("preview", "body", "light", DESK, "body"),
    "explain": ("explain", "body", "light", {"width": 1280, "height": 900}, "section:nth-of-type(2)"),
    "export-page": ("export", "body", "light", {"width": 1280, "height": 760}, "body"),
    "choices": ("tutorial", "body", "light", {"width": 1280, "height": 760}, "#left-out"),
}


def main(pages: Mapping[str, Path], folder: Path) -> None:
    """Take the pictures of those pages that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for name, (page, drawn, scheme, size, place) in PICTURES.items():
            if page in pages:
                picture(browser, pages[page], folder / f"{name}.png", drawn, scheme, size, place)
        browser.close()


def find_chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or sys.exit("no Chromium on this machine, to open the pages in")


def picture(
    browser: Browser, shown: Path, out: Path, drawn: str, scheme: str, size: dict[str, int], place: str
) -> None:
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(shown.resolve().as_uri())
    page.wait_for_selector(drawn)
    page.evaluate("(place) => document.querySelector(place).scrollIntoView()", place)
    page.screenshot(path=out)
    page.close()


if __name__ == "__main__":
    main({sys.argv[1]: Path(sys.argv[2])}, Path(sys.argv[3]))
