"""Workers answer in order, within the memory of all of them, and end with the process that asks."""

from __future__ import annotations

import psutil
import pytest

from halogenator.errors import UserError
from halogenator.process.workers import CrashError, answers

ADVICE = "run it again"


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]


def test_answers_come_in_the_order_of_requests() -> None:
    requests = [f"__import__('time').sleep({0.2 * (number % 3 == 0)}) or {number}" for number in range(9)]
    assert list(answers(eval, requests, 3, advice=ADVICE)) == list(range(9))
    assert not children()


def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(answers(eval, ["1", "1 / 0", "2"], 2, advice=ADVICE))
    with pytest.raises(CrashError, match="signal 6"):
        list(answers(eval, ["__import__('os').abort()"], 2, advice=ADVICE))
    with pytest.raises(UserError, match="a worker has ended"):
        list(answers(eval, ["__import__('os')._exit(3)"], 2, advice=ADVICE))
    assert not children()


def test_their_memory_is_counted_together() -> None:
    """Each of them has less than is allowed."""
    held = "(lambda held: __import__('time').sleep(30))(b'x' * 200_000_000)"
    with pytest.raises(MemoryError):
        list(answers(eval, [held, held], 2, advice=ADVICE, memory_mb=300 + own_mb()))
    assert not children()
    assert list(answers(eval, ["len(b'x' * 200_000_000)"], 2, advice=ADVICE, memory_mb=300 + own_mb())) == [200_000_000]


def own_mb() -> int:
    return psutil.Process().memory_info().rss // 1_000_000
