"""Processes that are to end do so."""

from __future__ import annotations

import signal
import subprocess
import sys

from halogenator.process.running import end_all


def test_a_process_that_is_stopped_ends_all_the_same() -> None:
    """Ctrl-Z, or a debugger, may have stopped it: it would not notice that it is asked to end."""
    code = "import signal; signal.signal(signal.SIGTERM, lambda *_: exit(7)); print('here', flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGSTOP)
    end_all([process])
    assert process.returncode == 7


def test_a_process_that_will_not_end_is_killed() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"here\n"
    end_all([process], patience=0.1)
    assert process.wait() == -signal.SIGKILL
