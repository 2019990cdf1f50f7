"""Files dated in the future, as they are after a clock was set back: nothing made from them could be newer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from halogenator.errors import UserError

_TOLERANCE = 60  # seconds that clocks of a network may differ


def redate(folder: Path) -> int:
    """Date files below a folder that are from the future to now, in the order that they have; return how many.

    The order is all that decides what is up to date. Files of one time still share one; the others are a microsecond
    apart, and all are younger than those from the past.
    """
    now = time.time_ns()
    found: dict[int, list[str]] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = f"{parent}/{name}"
            try:
                dated = os.lstat(path).st_mtime_ns
            except FileNotFoundError:  # removed by a task that outlives its run
                continue
            if dated > now:
                found.setdefault(dated, []).append(path)
    for rank, dated in enumerate(sorted(found)):
        for path in found[dated]:
            os.utime(path, ns=(now, now + 1_000 * rank), follow_symlinks=False)
    return sum(map(len, found.values()))


def check_dates(paths: Iterable[Path]) -> None:
    """Check that no input file is from the future.

    Raises:
        UserError: if one is.
    """
    for path in paths:
        ahead = path.stat().st_mtime - time.time() if path.exists() else 0
        if ahead > _TOLERANCE:
            raise UserError(
                f"an input file is dated {ahead:,.0f} seconds in the future, so that no result could be newer",
                where=path,
                fix="is the clock right? if it is, touch the file",
            )
