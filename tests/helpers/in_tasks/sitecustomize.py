"""Does to tasks what a test has planned (see ``helpers/planned.py``). Python imports it at its start."""

import json
import os
import signal
import sys
import time
from pathlib import Path

SERVER = "serve-tasks"
PLAN = os.environ.get("PLANNED_IN_TASKS", "")


def hold(mark):
    """Stand still until the test lets go, or this process is killed."""
    while not Path(f"{mark}.let-go").exists():
        time.sleep(0.02)


def swell(mark):
    """Take 6,000 MB, and wait for being killed: what is killed by nothing must not look like a success."""
    held = []
    for _ in range(300):
        held.append(b"x" * 20_000_000)
    hold(mark)


DOES = {
    "hold": hold,
    "swell": swell,
    "kill the task": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "kill Snakemake": lambda _: os.kill(os.getsid(0), signal.SIGKILL),  # tests start it in a session of its own
    "kill all": lambda _: os.killpg(0, signal.SIGKILL),
}


def strike(number, planned):
    """Do it, unless it has been done: the mark, a file beside the plan, names the process that did."""
    mark = f"{PLAN}.{number}"
    try:
        Path(f"{mark}.claimed").touch(exist_ok=False)
    except FileExistsError:
        return
    Path(f"{mark}.new").write_text(str(os.getpid()))
    Path(f"{mark}.new").rename(f"{mark}.reached")
    DOES[planned["does"]](mark)


def watch(verb):
    waiting = [(number, each) for number, each in enumerate(json.loads(Path(PLAN).read_text())) if each["verb"] == verb]
    renamed = []

    def hook(event, arguments):
        if event == "os.rename":
            target = os.fspath(arguments[1])
            near = [(number, each) for number, each in waiting if each["name"] and target.endswith(each["name"])]
            renamed.extend(pair for pair in near if pair[1]["when"] == "after")
            for number, each in near:
                if each["when"] == "before":
                    strike(number, each)
        elif event == "os.remove" and renamed:  # the clearing away of the temporary name, which follows at once
            for number, each in renamed:
                strike(number, each)
            renamed.clear()

    if waiting:
        sys.addaudithook(hook)
    for number, each in waiting:
        if each["when"] == "at its start":
            strike(number, each)


def watch_served():
    """Watch a task that the task server forks: by then the words are its own, and it is its guard's child."""
    if sys.orig_argv[3] != SERVER:
        watch(sys.orig_argv[3])


if PLAN and sys.orig_argv[1:3] == ["-m", "halogenator"]:
    if sys.orig_argv[3] == SERVER:
        os.register_at_fork(after_in_child=watch_served)
    else:
        watch(sys.orig_argv[3])
