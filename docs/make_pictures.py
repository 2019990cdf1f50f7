"""Takes the pictures of docs/images of a run of the default configuration (make pictures; needs tmux and Chromium)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import make_browse_screenshots
import make_screenshots
from rich.console import Console
from rich.text import Text

REPOSITORY = Path(__file__).parents[1]
IMAGES = REPOSITORY / "docs" / "images"
CHOOSE = """
select: {libraries: [polyphenol-1X], transforms: [FG_CARBOXYL__COOH__TO__COCl]}
exclude: [gem_halohydrin, alpha_halo_ether, anhydride_by_itself]
"""
EXPLAINED = "COc1cc(C(=O)O)cc(O)c1F"
SESSIONS: list[str] = []  # of tmux, that were begun
SHARE = 0.35  # of the jobs, when the picture of the progress is taken


def terminal(folder: Path, command: str, until: str) -> str:
    """Run a command in a terminal of 112 columns until its screen matches, and return the screen with its colours."""
    name = f"pictures-{time.monotonic_ns()}"
    start = ["tmux", "new-session", "-d", "-s", name, "-x", "112", "-y", "60", f"cd {folder} && {command}; sleep 600"]
    subprocess.run(start, check=True)
    for _ in range(1_000):
        time.sleep(0.3)
        shown = subprocess.run(["tmux", "capture-pane", "-e", "-p", "-t", name], capture_output=True, text=True)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout)
        if re.search(until, plain):
            SESSIONS.append(name)
            return shown.stdout
    raise SystemExit(f"{command}: nothing like {until} within five minutes; the screen:\n{shown.stdout}")


def save(screen: str, name: str, title: str) -> None:
    lines = screen.rstrip().splitlines()
    console = Console(record=True, width=112, file=(IMAGES / name).open("w", encoding="utf-8"))
    console.print(Text.from_ansi("\n".join(lines)))
    console.save_svg(str(IMAGES / name), title=title)


def progress(folder: Path) -> None:
    words = f"{sys.executable} -m snakemake --cores 2 --directory {folder}"
    merged = int(118 * SHARE)
    screen = terminal(REPOSITORY, words, rf"merges +\S+ +({'|'.join(map(str, range(merged, merged + 15)))})/118")
    save(screen, "progress.svg", "snakemake --cores 2")
    while not (folder / "results" / "report.html").exists():
        time.sleep(1)


def plan(folder: Path) -> None:
    """After a job was lost, one was damaged, and a library with its jobs was removed."""
    products = folder / "results" / "products"
    shutil.rmtree(products / "library=lipid-2X")
    shutil.rmtree(folder / "results" / "libraries" / "library=lipid-2X")
    damaged = products / "library=lipid-1X" / "transform=FG_CARBOXYL__COOH__TO__COCl" / "products.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-50])
    (products / "library=lipid-1X" / "transform=FG_AMINE_ALIPH__NH2__TO__NHAc" / "products.parquet").unlink()
    (folder / "my.yaml").write_text("select: {libraries: [lipid-1X, lipid-2X]}\n", encoding="utf-8")
    command = f"clear && {sys.executable} -m halogenator plan my.yaml"
    save(terminal(folder, command, r"No run makes it anew"), "plan.svg", "python -m halogenator plan my.yaml")


def exported(folder: Path) -> Path:
    """Make a page of reactions of quercetin, as docs/how-to/export.md has it, and return it."""
    page = folder / "quercetin.html"
    words = ["--parent", "quercetin", "--library", "polyphenol-1X", "--reaction", "--out", page, "--sample", "12"]
    results = ["--results", folder / "results"]
    subprocess.run([sys.executable, "-m", "halogenator", "export", *words, *results], check=True, cwd=REPOSITORY)
    return page


def explained(folder: Path) -> Path:
    """Make the page of the first example of docs/how-to/explain.md, and return it."""
    page = folder / "ways.html"
    words = [EXPLAINED, "--out", page, "--results", folder / "results"]
    subprocess.run([sys.executable, "-m", "halogenator", "explain", *words], check=True, cwd=REPOSITORY)
    return page


def preview(folder: Path) -> Path:
    """Make the preview of the first example of docs/how-to/choose.md, and return its page."""
    page, config = folder / "preview.html", folder / "choose.yaml"
    config.write_text(CHOOSE, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "halogenator", "preview", config, "--out", page], check=True, cwd=REPOSITORY)
    return page


def tutorial(folder: Path) -> Path:
    """Make the preview of docs/tutorial.md with its files, and return its page."""
    text, page = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8"), folder / "tutorial.html"
    for block in re.finditer(r"^```(csv|yaml)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        name = re.findall(rf"`([\w-]+\.{block[1]})`", text[: block.start()])[-1]
        (folder / name).write_text(block[2], encoding="utf-8")
    words = [sys.executable, "-m", "halogenator", "preview", "chosen.yaml", "--out", page]
    subprocess.run(words, check=True, cwd=folder)
    return page


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        progress(Path(folder))
        pages = {"report": Path(folder) / "results" / "report.html", "preview": preview(Path(folder))}
        pages |= {"export": exported(Path(folder)), "explain": explained(Path(folder))}
        make_screenshots.main({**pages, "tutorial": tutorial(Path(folder))}, IMAGES)
        make_browse_screenshots.main(Path(folder) / "results", IMAGES)
        plan(Path(folder))
    for name in SESSIONS:  # others may use tmux, too
        subprocess.run(["tmux", "kill-session", "-t", name], check=False)


if __name__ == "__main__":
    main()
