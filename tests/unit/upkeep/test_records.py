"""Damage of the small files that record results: statistics, the summary, manifests, what `apply` made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from halogenator.cli import main
from helpers.runs import OME, write_molecules

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "NUL bytes": lambda content: bytes(len(content)),
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "an empty object": lambda _: b"{}",
    "not UTF-8": lambda content: content.replace(b"mine", b"m\xefne"),
    "endless nesting": lambda _: 100_000 * b"[",
    "another count": lambda content: content.replace(b'"products": ', b'"products": 1'),
    "a key less": lambda content: json.dumps(_without(json.loads(content), "bytes")).encode(),
    "a text for a number": lambda content: json.dumps({**json.loads(content), "duplicates": "none"}).encode(),
    "old, and a key less": lambda content: json.dumps(_without(json.loads(content), "sha256", "chunks")).encode(),
    "old, and a list for a number": lambda content: json.dumps(
        {**_without(json.loads(content), "sha256"), "products": []}
    ).encode(),
}


def _without(values: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in keys}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a library and a job, from `apply`'s own folder."""
    folder = tmp_path_factory.mktemp("applied")
    write_molecules(folder / "mine.csv", [("catechol", "Oc1ccccc1O"), ("slip", "Oc"), ("phenol", "Oc1ccccc1")])
    words = ["--transform", OME, "--input", folder / "mine.csv", "--outdir", folder / "applied"]
    assert main(["apply", *map(str, words)]) == 0
    return folder


@pytest.fixture
def applied(laid_out: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(laid_out / "applied", tmp_path / "applied"))


def bad(capsys: pytest.CaptureFixture[str], *paths: Path) -> dict[str, str]:
    """What `verify` calls bad: {name: why}."""
    capsys.readouterr()
    status = main(["verify", *map(str, paths)])
    lines = [line.split("  ", 2) for line in capsys.readouterr().out.splitlines()]
    found = {Path(line[1]).name: line[2] for line in lines if line[0] == "BAD"}
    assert status == (1 if found else 0)
    return found


# ---- apply -----------------------------------------------------------------------------------------------------------


def test_verify_knows_what_apply_recorded(applied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bad(capsys, applied) == {}
    capsys.readouterr()
    main(["verify", str(applied)])
    assert "3 files are whole, 3 of them as they were recorded" in capsys.readouterr().out


@pytest.mark.parametrize("what", [name for name in DAMAGE if not name.startswith("old")])
def test_verify_finds_damaged_statistics_of_apply(applied: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    stats = applied / "stats.json"
    stats.write_bytes(DAMAGE[what](stats.read_bytes()))
    assert "stats.json" in bad(capsys, applied)


@pytest.mark.long
def test_verify_finds_a_file_of_another_apply(
    applied: Path, laid_out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--transform", OME.replace("OMe", "NH2"), "--input", laid_out / "mine.csv", "--outdir", tmp_path / "other"]
    assert main(["apply", *map(str, words)]) == 0
    for name in ("products.parquet", "rejects.parquet", "molecules.parquet"):
        shutil.copy(tmp_path / "other" / name, applied / name)
    assert "products.parquet" in bad(capsys, applied)
    (applied / "molecules.parquet").unlink()
    assert "missing" in bad(capsys, applied)["molecules.parquet"]
