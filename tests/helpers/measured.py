"""The memory of a program and of all that it starts, as the system counts it: what ``/usr/bin/time`` shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from helpers.samples import SAFETY_NET

# A small process starts the program: the figure includes the memory that the starting process had.
_STARTER = """
import os, sys
child = os.fork()
if not child:
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(used.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Measured(NamedTuple):
    """An ended program.

    Attributes:
        code: its exit status.
        output: what it printed.
        peak_mb: the largest resident size of one of its processes, in MB of 10^6 bytes.
    """

    code: int
    output: str
    peak_mb: float


def measured(folder: Path, *words: object, **how: object) -> Measured:
    """Run a program; ``folder``: for the figure; ``how``: further arguments of ``subprocess.run``."""
    figure = folder / "peak.txt"
    done = subprocess.run(
        [sys.executable, "-S", "-c", _STARTER, str(figure), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SAFETY_NET,
        **how,
    )
    return Measured(done.returncode, done.stdout, int(figure.read_text()) / 1e6)
