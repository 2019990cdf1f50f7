"""Kills a task, its run, or both at the very rename that makes an output appear. Python imports it at its start.

``HALOGENATOR_AMBUSH`` names a JSON file: a list of {verb, name, when, victim}. ``when`` is "before" or "after" the
rename to a file whose name ends in ``name``; ``victim`` is "worker", "snakemake" or "group". Each strikes once: a file
beside the list marks it as done.
"""

import json
import os
import signal
import sys
from pathlib import Path

PLAN = os.environ.get("HALOGENATOR_AMBUSH")


def snakemake():
    """The process id of the run that this task belongs to."""
    pid, found = os.getppid(), None
    while pid > 1:
        if b"snakemake" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            found = pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


def strike(number, victim):
    try:
        os.close(os.open(f"{PLAN}.{number}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    if victim == "worker":
        os.kill(os.getpid(), signal.SIGKILL)
    elif victim == "snakemake":
        os.kill(snakemake(), signal.SIGKILL)
    else:
        os.killpg(0, signal.SIGKILL)


def lie_in_wait(verb):
    waiting = [(number, each) for number, each in enumerate(json.loads(Path(PLAN).read_text())) if each["verb"] == verb]
    renamed = []

    def hook(event, arguments):
        if event == "os.rename":
            target = os.fspath(arguments[1])
            near = [(number, each) for number, each in waiting if target.endswith(each["name"])]
            renamed.extend(pair for pair in near if pair[1]["when"] == "after")
            for number, each in near:
                if each["when"] == "before":
                    strike(number, each["victim"])
        elif event == "os.remove" and renamed:  # the clearing away of the temporary name, which follows at once
            for number, each in renamed:
                strike(number, each["victim"])
            renamed.clear()

    if waiting:
        sys.addaudithook(hook)


if PLAN and sys.orig_argv[1:3] == ["-m", "halogenator"]:
    lie_in_wait(sys.orig_argv[3])
