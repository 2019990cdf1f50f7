"""Results in a store beside those of the same run on this disk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq
import yaml

BUCKET = "results"


class Readable(Protocol):
    """A store that tests look into."""

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]: ...

    def read(self, bucket: str, key: str) -> bytes: ...


def configure(folder: Path, mine: str) -> None:
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    settings["libraries"]["mine"]["path"] = mine
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))


def same_tables(store: Readable, prefix: str, local: Path) -> int:
    """Compare every table of a local run with its object, row for row; return how many."""
    paths = [path for path in sorted((local / "results").rglob("*.parquet")) if path.name != "monitor.parquet"]
    for path in paths:
        here = pq.read_table(path, partitioning=None)
        there = pq.read_table(io.BytesIO(store.read(BUCKET, f"{prefix}/{path.relative_to(local)}")))
        if "source" in here.column_names:  # the path of the input file
            here, there = here.drop_columns("source"), there.drop_columns("source")
        assert there.schema.remove_metadata() == here.schema.remove_metadata(), path
        assert there.equals(here), path
    names = [key.removeprefix(f"{prefix}/") for key in store.objects(BUCKET, f"{prefix}/") if key.endswith(".parquet")]
    assert sorted(name for name in names if "monitor" not in name) == sorted(str(p.relative_to(local)) for p in paths)
    return len(paths)
