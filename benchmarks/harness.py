"""What the benchmarks share: commands measured by what the system counts for them, figures beside their targets."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "results" / "work" / "bench"
MB = 1_000_000
_PACKAGES = ("rdkit", "pyarrow", "duckdb", "snakemake", "numpy", "cmeel-mimalloc")

# ---- figures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """A measured value and what it should be.

    Attributes:
        value: the median of ``rounds``, where there are any.
        target: the bound, or None for a figure that only informs.
        at_least: whether the target is a lower bound.
        rounds: the raw values, in the order measured.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    rounds: Sequence[Any] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the value keeps the target; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def middle(name: str, rounds: Iterable[float], unit: str, target: float | None = None, **settings: Any) -> Figure:
    """Return the figure whose value is the median of its rounds."""
    values = [round(value, 4) for value in rounds]
    return Figure(name, median(values), unit, target, rounds=values, **settings)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned text, a line each."""
    rows = [("name", "value", "unit", "target", "")]
    for figure in figures:
        bound = "" if figure.target is None else f"{'≥' if figure.at_least else '≤'} {figure.target:g}"
        value = f"{figure.value:,.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.4g}"
        rows.append((figure.name, value, figure.unit, bound, {None: "", True: "met", False: "MISSED"}[figure.met]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, value, *rest in rows:
        cells = [text.ljust(width) for text, width in zip(rest, widths[2:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), value.rjust(widths[1]), *cells]).rstrip())
    return "\n".join(lines)


def conditions() -> dict[str, object]:
    """Return what figures depend on: the machine, how busy it is, and the versions of what is measured."""
    from halogenator import ENGINE_VERSION, __version__

    packages = {name: version(name) for name in _PACKAGES}
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    processors = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": processors[0] if processors else platform.machine(),
        "cores": psutil.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // MB,
        "load_average": os.getloadavg(),
        "versions": {
            "halogenator": __version__,
            "engine": ENGINE_VERSION,
            "python": platform.python_version(),
            **packages,
        },
    }


def progress(text: str) -> None:
    """Say on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


# ---- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Used:
    """What a finished command used, all the descendants that it waited for included.

    Attributes:
        wall_seconds: from its start to its end.
        cpu_seconds: user and system time.
        rss_mb: the largest resident set of any one of the processes, in MB.
        peak_mb: highest sum of their unique set sizes (memory that would be freed if they ended), sampled five times a
            second, in MB; 0 unless it was asked for.
        output: standard output and error.
    """

    wall_seconds: float
    cpu_seconds: float
    rss_mb: float
    peak_mb: float
    output: str

    @property
    def record(self) -> dict[str, Any]:
        """The JSON object in the last line of the output."""
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


class Watch:
    """A thread that follows a number while a ``with`` block runs.

    Args:
        value: gives the number.
        every: seconds from one look to the next.

    Attributes:
        highest: the highest number seen.
        cpu_seconds: what looking cost.
    """

    def __init__(self, value: Callable[[], float], every: float = 0.2) -> None:
        self.highest = self.cpu_seconds = 0.0
        self._value, self._every = value, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def _follow(self) -> None:
        while not self._ended.wait(self._every):
            self.highest = max(self.highest, self._value())
            self.cpu_seconds = time.thread_time()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def tree_memory(pid: int) -> tuple[int, float]:
    """Return how many processes a process and its descendants are, and the sum of their unique set sizes in MB."""
    count, size = 0, 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.Error):  # it has ended
                size += process.memory_full_info().uss
                count += 1
    return count, size / MB


def environment(*, mimalloc: bool = True) -> dict[str, str]:
    """Return the environment that the workflow gives its tasks; without ``mimalloc``, with the default allocator."""
    from halogenator.process.environment import preload_allocator, prepare_tasks

    given = dict(os.environ)
    prepare_tasks(given)
    if mimalloc:
        preload_allocator(given)
    path = os.pathsep.join([given["PYTHONPATH"], str(Path(__file__).parent)])  # tasks import no neighbours
    return {**given, "PYTHONPATH": path}


def run(
    command: Sequence[object],
    *,
    mimalloc: bool = True,
    sample: bool = False,
    on_sample: Callable[[int, float], object] | None = None,
    watch: Callable[[psutil.Process], object] | None = None,
) -> Used:
    """Run a command in the repository to its end; return what it used.

    Args:
        command: program and arguments.
        mimalloc: whether it runs under the tasks' allocator or the default one.
        sample: whether to sample its memory.
        on_sample: takes the number of processes and their memory in MB; it is then called once a second.
        watch: takes the command's process; called five times a second instead of sampling memory.

    Raises:
        RuntimeError: if it fails, with the end of what it printed.
    """
    words = [str(word) for word in command]
    began = time.monotonic()
    process = subprocess.Popen(
        words,
        cwd=REPOSITORY,
        env=environment(mimalloc=mimalloc),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout

    def look() -> float:
        if watch:
            with suppress(psutil.Error):  # it has ended
                watch(psutil.Process(process.pid))
            return 0.0
        processes, size = tree_memory(process.pid)
        if on_sample:
            on_sample(processes, size)
        return size

    observer = Watch(look, 1.0 if on_sample else 0.2)
    with observer if sample or on_sample or watch else nullcontext():
        output = process.stdout.read()
        # Of this process and of all those it has waited for.
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}\n{output[-4000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Used(time.monotonic() - began, cpu, usage.ru_maxrss * 1024 / MB, round(observer.highest), output)


def run_together(commands: Sequence[Sequence[object]]) -> list[Used]:
    """Run commands side by side under the tasks' allocator; return what each used."""
    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))


def halogenator(verb: str, *words: object) -> list[object]:
    """Return the command line of a verb of the package."""
    return [sys.executable, "-m", "halogenator", verb, *words]


def snakemake(folder: Path, cores: int, *words: object) -> list[object]:
    """Return the command line of Snakemake on ``folder/config.yaml``, with results in the same folder."""
    start = [sys.executable, "-m", "snakemake", "--cores", cores, "--directory", folder]
    return [*start, *words, "--configfile", folder / "config.yaml"]


# ---- what is run -----------------------------------------------------------------------------------------------------


def write_configuration(folder: Path, libraries: Sequence[str], transforms: int, **settings: object) -> None:
    """Write ``config.yaml`` and ``transforms.yaml``: libraries that are read from ``mine.smi``, and phenol ethers.

    Args:
        folder: where to.
        libraries: their names.
        transforms: how many: T1 makes methyl ethers, T2 ethyl ethers and so on.
        settings: more keys of the configuration.
    """
    ethers = [
        {"name": f"T{size}", "scope_classes": ["polyphenol"], "smirks": f"[c:1][OX2H:2]>>[c:1][O:2]{'C' * size}"}
        for size in range(1, transforms + 1)
    ]
    (folder / "transforms.yaml").write_text(yaml.safe_dump({"transforms": ethers}))
    named = {name: {"class": "polyphenol", "path": "mine.smi"} for name in libraries}
    config = {"libraries": named, "select": {"libraries": list(named)}, "transforms": "transforms.yaml", **settings}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
