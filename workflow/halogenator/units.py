"""Quantities as text for people, and the megabyte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MB = 1_000_000  # bytes, as Snakemake's mem_mb counts


def duration(seconds: float) -> str:
    """Return a time, given in seconds, in units that suit its size.

    Examples:
        >>> duration(0.4), duration(12), duration(200), duration(18_120)
        ('0.4 s', '12 s', '3 min 20 s', '5 h 02 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min"


def counted(number: int, word: str) -> str:
    """Return a number with its noun, which gets an ending if it is not one of them.

    Examples:
        >>> counted(1, "library"), counted(2_000, "library"), counted(0, "reject")
        ('1 library', '2,000 libraries', '0 rejects')
    """
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def size(count: float) -> str:
    """Return a number of bytes in B, kB, MB, GB or TB, with powers of 1000.

    Examples:
        >>> size(812), size(1_234_000), size(5e12)
        ('812 B', '1.2 MB', '5.0 TB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def prepared_words(stats: Mapping[str, Any]) -> str:
    """Return, from a library's statistics, how many rows were changed on reading and how many had enhanced stereo.

    Examples:
        >>> prepared_words({"prepared": {"fragments": 1200, "charges": 3}, "enhanced_stereo": 7})
        'prepared: fragments 1,200, charges 3; enhanced stereo 7'
    """
    changed = [f"{word} {rows:,}" for word, rows in stats.get("prepared", {}).items()]
    stereo = [f"enhanced stereo {stats['enhanced_stereo']:,}"] if stats.get("enhanced_stereo") else []
    return f"prepared: {', '.join(changed) or 'nothing'}" + "".join(f"; {words}" for words in stereo)
