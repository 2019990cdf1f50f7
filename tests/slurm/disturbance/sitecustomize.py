"""Disturbs one task of a run from within, beside what Halogenator's own guard looks at.

Python imports it at its start. ``HALOGENATOR_DISTURB`` says how and names a file that is not there yet: the first task
of verb transform-chunk makes it and swells until it is killed, or waits for that.
"""

import os
import sys
import time


def swell():
    held = []
    for _ in range(300):  # to 6,000 MB and for a minute: what is killed by nothing goes on with its work
        held.append(b"x" * 20_000_000)
        time.sleep(0.02)
    wait()


def wait():
    time.sleep(60)


def first(mark):
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


how, _, mark = os.environ.get("HALOGENATOR_DISTURB", "").partition(":")
if mark and sys.orig_argv[1:4] == ["-m", "halogenator", "transform-chunk"] and first(mark):
    {"swell": swell, "wait": wait}[how]()
