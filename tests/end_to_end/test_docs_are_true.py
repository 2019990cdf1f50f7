"""The tutorial and docs/how-to: the commands run, in order, from a clean checkout, with the files given beside them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.checkout import Checkout
from helpers.runs import REPOSITORY

DOCS = REPOSITORY / "docs"
OTHERWISE = {
    "browse": "its commands and addresses are read in test_browse.py, since the verb ends when it is interrupted",
    "export": "read by the verb's own parser in test_export.py, since its examples want the whole default run",
    "explain": "read by the verb's own parser in test_explain.py, likewise",
    "find": "read by the verb's own parser in test_find.py, for the same reason",
    "from-other-tools": "its Halogenator commands are those of other pages",
    "install": "done in test_installed_package.py",
    "slurm": "run by make test-slurm",
    "object-storage": "run by make test-s3",
    "kubernetes": "wants a cluster",
    "aws-batch": "wants AWS",
    "versions": "without commands",
    "publish": "its commands are run in test_publish.py and test_set_hash.py",
    "prepare": "what it says of molecules is in tests/unit/chemistry/test_prepare.py",
    "results": "run after the README by test_readme.py, and so is the next",
    "run": "",
}


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """Language, text, and the name of the file that was named last above the block."""
    text = (DOCS / f"{page}.md").read_text()
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
        named = re.findall(rf"`([\w-]+\.{match[1]})`", text[: match.start()])
        yield match[1], match[2], named[-1] if named else ""


def follow(page: str, copy: Checkout) -> list[tuple[str, str]]:
    """Put the files of a page in place, wherever it gives them, run its commands, and return each with its output."""
    for language, text, name in blocks(page):
        if language != "sh":
            (copy.root / name).write_text(text)
    ran = []
    for language, text, _ in blocks(page):
        for command in text.splitlines() if language == "sh" else ():
            if not command.startswith(("make ", "source ")):
                ran.append((command, copy.run(command)))
                assert "Traceback" not in ran[-1][1]
    return ran


@pytest.mark.long
def test_the_tutorial_goes_from_a_table_to_an_sdf(tmp_path: Path) -> None:
    from rdkit import Chem

    copy = Checkout(tmp_path)
    printed = dict(follow("tutorial", copy))
    (rejects,) = [text for command, text in printed.items() if "FROM rejects" in command]
    assert "a slip" in rejects
    (products,) = [text for command, text in printed.items() if "FROM products" in command]
    assert products.count("resveratrol") == 2 and "toluene" not in products
    ethers = [mol for mol in Chem.SDMolSupplier(str(copy.root / "ethers.sdf")) if mol]
    assert len(ethers) > 5 and all(mol.GetConformer().GetPositions().any() for mol in ethers)
    assert (copy.root / "results" / "report.html").stat().st_size > 500_000


@pytest.mark.parametrize(
    "page", ["how-to/one-job", "how-to/transforms", "how-to/libraries", "how-to/choose", "how-to/sequences"]
)
@pytest.mark.long
def test_commands_run(page: str, tmp_path: Path) -> None:
    ran = follow(page, Checkout(tmp_path))
    assert len(ran) >= 3
    for command, printed in ran:
        if command.startswith("snakemake -n"):
            assert "Merging MY_ETHER on lipid-1X" in printed


@pytest.mark.long
def test_a_run_is_planned_and_verified_as_told(tmp_path: Path) -> None:
    copy = Checkout(tmp_path)
    target = "results/products/library=lipid-1X/transform=FG_CARBOXYL__COOH__TO__COOMe/products.parquet"
    copy.run(f"snakemake --cores 2 {target}")
    printed = dict(follow("how-to/watch", copy))
    assert any("118 jobs: 117 to do, 1 done" in text for text in printed.values()), printed


def test_every_page_is_tested_and_listed() -> None:
    pages = {path.stem for path in (DOCS / "how-to").glob("*.md")}
    assert pages - set(OTHERWISE) == {"one-job", "transforms", "libraries", "choose", "sequences", "watch"}
    index = (DOCS / "README.md").read_text()
    for path in DOCS.rglob("*.md"):
        assert path.name in ("README.md", "index.md") or f"({path.relative_to(DOCS)})" in index, path


@pytest.mark.parametrize(
    ("page", "name"),
    [("slurm", "slurm"), ("object-storage", "s3"), ("kubernetes", "kubernetes"), ("aws-batch", "aws-batch")],
)
def test_make_sets_up_the_environment_of_a_page(page: str, name: str) -> None:
    """From the lock file of that name, and with this package, whose logger the profiles name."""
    text = (DOCS / "how-to" / f"{page}.md").read_text()
    assert f"make {name}\nsource .venv-{name}/bin/activate\n" in text
    words = ["make", "--dry-run", "--always-make", name]
    steps = subprocess.check_output(words, cwd=REPOSITORY, text=True)
    assert re.search(rf"^\.venv-{name}/bin/python .* --require-hashes .*-r envs/{name}\.txt$", steps, re.MULTILINE)
    assert re.search(rf"^\.venv-{name}/bin/python .* --editable \.$", steps, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for path in [*DOCS.rglob("*.md"), REPOSITORY / "README.md"]:
        prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\((?!http)([^)#]+)", prose):
            assert (path.parent / target).exists(), f"{path}: {target}"


def test_the_reference_is_what_the_program_says() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.pages().items():
        assert (DOCS / "reference" / path).read_text() == text, f"{path} is stale: run make docs"
