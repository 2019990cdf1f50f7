"""Makes one task of a run take more memory than its allocation has, beside what Halogenator's own guard looks at.

Python imports it at its start. ``HALOGENATOR_SWELL`` names a file that is not there yet: the first task of verb
transform-chunk makes it and swells until it is killed.
"""

import os
import sys
import time

MARK = os.environ.get("HALOGENATOR_SWELL")


def swell():
    try:
        os.close(os.open(MARK, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    held = []
    for _ in range(300):  # to 6,000 MB and for a minute: what is killed by nothing goes on with its work
        held.append(b"x" * 20_000_000)
        time.sleep(0.02)
    time.sleep(60)


if MARK and sys.orig_argv[1:4] == ["-m", "halogenator", "transform-chunk"]:
    swell()
