"""The speed that the plan learns from finished jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from halogenator.planning.speed import LIBRARY, finished_in, recorded_speed


def stats(**values: Any) -> str:
    figures = {"chunks": 1, "duplicates": 0, "bytes": 130_000, "usage": {"cpu_seconds": 20.0}}
    return json.dumps({**figures, **values})


def test_the_speed_of_all_that_was_ever_finished_counts(tmp_path: Path) -> None:
    for place, text in {
        "libraries/mine.json": stats(library="mine", **{"class": "lipid"}, molecules=10_000, k=None),
        "products/mine/T.json": stats(library="mine", transform="T", products=10_000),
        "products/mine/U.json": "{",
        "products/gone/T.json": "[]",
    }.items():
        path = tmp_path / "stats" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    speed = recorded_speed(finished_in(tmp_path))
    assert speed.recorded
    assert set(speed.row_seconds) == {LIBRARY, "lipid", "any class"}
    assert not recorded_speed(finished_in(tmp_path / "elsewhere")).recorded
