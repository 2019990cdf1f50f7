"""What the fingerprints beside results will take, in a run that is asked for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from halogenator.planning.speed import FILES_BYTES, FINGERPRINT_SECONDS, SCHEDULING_SECONDS, TASK_SECONDS

if TYPE_CHECKING:
    from halogenator.planning.estimate import Estimates
    from halogenator.planning.plan import Line

# Of a fingerprint in its file. Measured with 2.3 million ethers of 655,006 halogenated polyphenols: 2.4 and 14.
_PRODUCT_BYTES, _MOLECULE_BYTES = 3, 15

_RULES = "fingerprint_"  # begins the names of their rules


@dataclass(frozen=True)
class FingerprintLine:
    """The fingerprints of a library's molecules, or of a job's products, that a run will compute.

    Attributes:
        library: the name of the library.
        transform: the name of the job's transform; "" for the library itself.
        tasks: number of tasks that are still to run.
        rows: number of fingerprints to compute.
        seconds: processor time that is needed.
        bytes: size of the file.
    """

    library: str
    transform: str
    tasks: int
    rows: int
    seconds: float
    bytes: int


def is_of_fingerprints(rule: str) -> bool:
    """Return whether a rule makes fingerprints beside results."""
    return rule.startswith(_RULES)


def waiting_fingerprints(
    lines: Iterable[Line], estimates: Estimates, tasks: Iterable[tuple[str, str, str | None, bool]]
) -> Iterator[FingerprintLine]:
    """Yield a line for each file of fingerprints that a run will make.

    Args:
        lines: the plan of libraries and jobs.
        estimates: those of the configuration.
        tasks: (rule, library, transform, whether it will run) of each task; the transform is None for a library.
    """
    counts = Counter(
        (library, transform) for rule, library, transform, runs in tasks if is_of_fingerprints(rule) and runs
    )
    for line in lines:
        transform = line.transform or None
        count = counts[line.library, transform]
        if not count:
            continue
        chunks = estimates.fingerprint_chunks(estimates.config.libraries[line.library], transform)
        rows = line.products * (count - 1) // chunks if chunks else line.products  # some chunks may be there already
        seconds = count * (TASK_SECONDS + SCHEDULING_SECONDS) + rows * FINGERPRINT_SECONDS
        size = FILES_BYTES + (_PRODUCT_BYTES if transform else _MOLECULE_BYTES) * line.products
        yield FingerprintLine(line.library, line.transform, count, rows, round(seconds, 1), size)
