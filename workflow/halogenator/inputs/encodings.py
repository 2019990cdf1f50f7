"""The encoding of a text file: stated by the user, shown by its first bytes, UTF-8, or guessed from its first lines.

A few names are little text to guess from. So a guess is taken only if it is clear; else the file is refused until the
user states its encoding. A byte that is no character in the encoding is never replaced by one.
"""

from __future__ import annotations

import codecs
import re
import string
import unicodedata
from collections.abc import Sequence

from halogenator.errors import UserError, did_you_mean

# Letters and signs of Western languages that names of compounds have. Windows and Excel write them as cp1252.
_WESTERN = set("éèêëàâäáãåæçñóôöõßúûüíîïœÉÈÊÀÂÄÁÅÆÇÑÓÔÖÜÚÍ°µ±®™©–—‘’“”…·²§×«»\xa0\xad†•€")
_IN_WORDS = set("²§×±©®°")  # signs that stand beside words, not between two letters

# The detector chooses between these. Others look too much like one of these, so the user has to state them.
_CANDIDATES = (
    "cp1252", "cp1250", "cp1254", "cp1257", "cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "cp874", "cp1258",
    "cp932", "gb18030", "big5hkscs", "cp949",
)  # fmt: skip
_CLEAR = 1.5  # a guess is clear if it is so many times as likely as the next guess, which gives another text
_MOSTLY = 0.5  # a file is UTF-8 if at least this share of its lines that are not ASCII is

_STATABLE = "utf-8, cp1252 (Western, of Windows), latin-1, cp1250, cp1251, koi8-r, shift_jis, gb18030, big5, euc_kr, …"
# Encodings (beginnings of their names) in which the bytes of ASCII characters can mean something else.
_STATEFUL = ("utf-16", "utf-32", "utf-7", "utf-8-sig", "iso2022", "hz", "unicode", "raw", "punycode", "idna")
_PLAIN = f"\t\n\r ,;|{string.ascii_letters}{string.digits}"

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_encoding(name: str | None) -> None:
    """Check that the user states the name of an encoding.

    Raises:
        UserError: there is no such encoding.
    """
    if name is None:
        return
    try:
        "".encode(name)
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        known = False
    if not known:
        names = [*_CANDIDATES, "utf-8", "utf-16", "latin-1", "shift_jis", "euc_jp", "euc_kr", "gbk", "mac_roman"]
        raise UserError(
            "this is not the name of an encoding",
            where="encoding",
            value=name,
            allowed=_STATABLE,
            fix=did_you_mean(name, names) or "take one of these, or leave it out",
        )


def by_first_bytes(data: bytes) -> str | None:
    """Return UTF-16 or UTF-32 if the first bytes of a text show it; else None."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    half = len(data) // 2
    # Without a byte order mark, every other byte of a text that is mostly ASCII is 0.
    if half >= 8:
        if data[1::2].count(0) > 0.8 * half and data[::2].count(0) == 0:
            return "utf-16-le"
        if data[::2].count(0) > 0.8 * half and data[1::2].count(0) == 0:
            return "utf-16-be"
    return None


def extends_ascii(name: str) -> bool:
    """Return whether letters, digits and line ends have the same bytes as in ASCII."""
    if codecs.lookup(name).name.startswith(_STATEFUL):
        return False
    try:
        return _PLAIN.encode().decode(name) == _PLAIN
    except UnicodeError:
        return False


def find_encoding(lines: Sequence[bytes], where: object) -> str:
    """Return the encoding of a file, guessed from lines that are not ASCII.

    Args:
        lines: some such lines.
        where: the place of the first line, for messages.

    Raises:
        UserError: the guess is not clear.
    """
    if sum(_read_as(line, "utf-8") is not None for line in lines) >= _MOSTLY * len(lines):
        return "utf-8"
    # Only words with such bytes: SMILES and numbers look like some language too.
    words = re.findall(rb"[A-Za-z]*[\x80-\xff][A-Za-z@-~\x80-\xff]*", b"\n".join(lines)[:100_000])
    if _is_western(words):
        return "cp1252"
    import chardet

    text = b" ".join(words)
    found = chardet.detect_all(text, ignore_threshold=True, include_encodings=_CANDIDATES)
    guesses = [(str(each["encoding"]), float(each["confidence"])) for each in found if each["encoding"]]
    readings: dict[str, tuple[str, float]] = {}
    for name, confidence in guesses:
        read = _read_as(text, name)
        if read is not None and not _is_odd(read):
            readings.setdefault(read, (name, confidence))
    best = sorted(readings.values(), key=lambda each: -each[1])
    mac = _read_as(text, "mac_roman")
    if not best and mac is not None and not _is_odd(mac):
        readings, best = {mac: ("mac_roman", 0.0)}, [("mac_roman", 0.0)]
    elif best and (len(best) == 1 or best[0][1] >= _CLEAR * best[1][1]):
        return codecs.lookup(best[0][0]).name
    shown = [f"{name} ({next(r for r, each in readings.items() if each[0] == name)[:20]})" for name, _ in best[:4]]
    raise UserError(
        "the text is not UTF-8, and it is not clear which encoding it has",
        where=where,
        value=lines[0][:60],
        allowed=f"UTF-8, or an encoding that is stated: {', '.join(shown) or _STATABLE}",
        fix=f"set encoding: {best[0][0].lower() if best else 'cp1252'} (or what reads right), or save it as UTF-8",
    )


def not_in_encoding(name: str, where: object, text: str) -> UserError:
    """Return the error of a line that is no text in its encoding, which was stated or which the first bytes show."""
    often = "" if name == "cp1252" else " (often cp1252)"
    fix = f"leave encoding out, so that it is found out, or set it to what the file has{often}"
    allowed = f"text in the encoding {name}"
    return UserError(f"the text is not {name}", where=where, value=text[:100], allowed=allowed, fix=fix)


def _is_odd(text: str) -> bool:
    """Return whether a text is not what people write.

    It is odd to have control characters or box drawings, or a capital or another script's letter between small letters.
    """
    inside = re.findall(r"(?<=[a-z])([^\x00-\x7f])(?=[a-z])", text)
    return any("\x80" <= letter < "\xa0" or "\u2500" <= letter < "\u25a0" for letter in text) or any(
        letter.isupper() or letter == "€" or not unicodedata.name(letter, "LATIN").startswith(("LATIN", "MICRO"))
        for letter in inside
        if letter.isalpha() or letter == "€"
    )


def _is_western(words: Sequence[bytes]) -> bool:
    """Return whether words in the encoding cp1252 look like names of compounds in a Western language."""
    text = _read_as(b" ".join(words), "cp1252")
    if text is None or not {character for character in text if character > "\x7f"} <= _WESTERN:
        return False
    # Letters of another script follow one another; é and µ stand between other letters.
    runs = re.findall(r"[^\x00-\x7f]+", text)
    alone = sum(len(run) == 1 for run in runs)
    inside = re.findall(r"(?<=[A-Za-z])([^\x00-\x7f])(?=[A-Za-z])", text)
    return alone >= 0.7 * len(runs) and not _IN_WORDS.intersection(inside)


def _read_as(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError):
        return None
