"""Takes pictures of the pages of the verb browse for the documentation (make pictures)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from make_screenshots import DESK, FLAGS, PHONE, find_chromium
from playwright.sync_api import Page, sync_playwright

QUERCETIN = "/?parent=quercetin&library=polyphenol-2X&mw_max=400&sort=clogp"
# Name -> (address, or None for the first molecule of the page before, colour scheme, size of the window).
PICTURES = {
    "browse-light": (QUERCETIN, "light", DESK),
    "browse-product": (None, "light", DESK),
    "browse-dark": ("/?smarts=cBr&transform=FG_AMINE_AR__NH2__TO__NHAc", "dark", DESK),
    "browse-narrow": (QUERCETIN, "light", PHONE),
}


def main(results: Path, folder: Path) -> None:
    """Take the pictures of a results folder of the default configuration."""
    words = [sys.executable, "-m", "halogenator", "browse", "--results", str(results), "--no-open"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout
        address = server.stdout.readline().split()[-1]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        shown = QUERCETIN
        for name, (path, scheme, size) in PICTURES.items():
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.goto(address)
            see(page, address.partition("/?")[0] + (path or shown))
            if path is None:
                page.locator(".drawn-link").first.click()
                wait(page)
            page.screenshot(path=folder / f"{name}.png")
            if path is None:
                page.locator("section:has(.routes)").evaluate("each => each.scrollIntoView()")
                wait(page)
                page.screenshot(path=folder / "browse-routes.png")
            page.close()
        browser.close()
        server.terminate()


def see(page: Page, address: str) -> None:
    """Open a page, and wait until its search is done and what is in sight is drawn."""
    page.goto(address)
    wait(page)


def wait(page: Page) -> None:
    page.wait_for_selector("html[data-ready]")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
