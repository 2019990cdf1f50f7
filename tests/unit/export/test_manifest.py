"""The note of an unfinished export, as a crash may leave it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from halogenator.export.manifest import Manifest, Split
from halogenator.tables.seal import sha256


def begun(out: Path, count: int) -> list[Split]:
    """Files of an export that was cut off after some of them."""
    splits = []
    with Manifest(out, ".smi", "identity", force=False).unfinished({}) as add:
        for number in range(count):
            path = out.with_name(f"out-{number + 1:04}.smi")
            path.write_text(f"{number * 'C'}O\tm{number}\n")
            splits.append(Split(number, path.name, 1, number, number + 1, sha256(path), path.stat().st_size))
            add(splits[-1])
    return splits


@pytest.mark.parametrize("torn", [b"", b'{"number": 2, "fi', bytes(90) + b'"}\n', b"\xff\n{}\n"])
def test_a_torn_note_of_an_export_costs_its_last_files(tmp_path: Path, torn: bytes) -> None:
    """Of the last line there is nothing, its beginning, or zeros; a crash leaves them where a block was not written."""
    out = tmp_path / "out.smi"
    splits = begun(out, 2)
    with (tmp_path / "out.smi.part").open("ab") as file:
        file.write(torn)
    assert Manifest(out, ".smi", "identity", force=False).splits == dict(enumerate(splits))


def test_a_finished_export_is_tidied_up_by_the_next_run(tmp_path: Path) -> None:
    """The manifest is on the disk, and the removal of the note and of an earlier export's file is lost."""
    out = tmp_path / "out.smi"
    splits = begun(out, 2)
    part, earlier = tmp_path / "out.smi.part", tmp_path / "out-0009.smi"
    earlier.write_text("CO\tm9\n")
    replaced = Split(8, earlier.name, 1, 0, 1, sha256(earlier), earlier.stat().st_size)
    noted = part.read_text().replace('"replaces": []', f'"replaces": [{json.dumps(asdict(replaced))}]')
    Manifest(out, ".smi", "identity", force=False).finish(splits, request={})
    part.write_text(noted)
    Manifest(out, ".smi", "identity", force=False).read()
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["out-0001.smi", "out-0002.smi", "out.smi.json"]
