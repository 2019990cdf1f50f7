"""In what encoding a text file is: stated, by its first bytes, UTF-8, or what its first lines that are no ASCII show.

A text of a few names is little to go by, so a guess is taken only where it is clear; else the file is refused and its
encoding has to be stated. Nothing is replaced: a byte that is no character is never read as one.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

from halogenator.errors import UserError, did_you_mean

# Western letters and signs as names of compounds have them, in the encoding that Windows and Excel write there.
_WESTERN = set("éèêëàâäáãåæçñóôöõßúûüíîïœÉÈÊÀÂÄÁÅÆÇÑÓÔÖÜÚÍ°µ±®™©–—‘’“”…·²§×«»\xa0\xad†•€")
_IN_WORDS = set("²§×±©®°")  # signs that stand beside words, not between two letters

# What the detector chooses between; others, which are easily taken for one of these, have to be stated.
_CANDIDATES = (
    "cp1252", "cp1250", "cp1254", "cp1257", "cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "cp874", "cp1258",
    "cp932", "gb18030", "big5hkscs", "cp949",
)  # fmt: skip
_CLEAR = 1.5  # a guess is clear where it is so many times as likely as the next one that reads another text
_MOSTLY = 0.5  # share of the lines that are no ASCII which are UTF-8 in a file of that

_STATABLE = "utf-8, cp1252 (Western, of Windows), latin-1, cp1250, cp1251, koi8-r, shift_jis, gb18030, big5, euc_kr, …"
_MULTIBYTE = {"utf-8", "cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213", "gb18030", "gbk", "gb2312", "big5"} | {
    "big5hkscs", "cp950", "cp949", "euc_kr", "euc_jp", "euc_jis_2004", "euc_jisx0213", "johab",
}  # fmt: skip

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_encoding(name: str | None) -> None:
    """Check that an encoding that is stated is one.

    Raises:
        UserError: it is not.
    """
    if name is None:
        return
    try:
        "".encode(name)
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, UnicodeError, ValueError):
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
    """Return the encoding that a text's first bytes show, UTF-16 or UTF-32; None for any other."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    half = len(data) // 2
    # Without a mark: every other byte of a text that is mostly ASCII is 0.
    if half >= 8:
        if data[1::2].count(0) > 0.8 * half and data[::2].count(0) == 0:
            return "utf-16-le"
        if data[::2].count(0) > 0.8 * half and data[1::2].count(0) == 0:
            return "utf-16-be"
    return None


def extends_ascii(name: str) -> bool:
    """Return whether an encoding has ASCII's bytes for ASCII alone, so that a text can be cut at line ends."""
    known = codecs.lookup(name).name.replace("-", "_")
    if known in {other.replace("-", "_") for other in _MULTIBYTE}:
        return True
    try:
        bytes(range(128, 256)).decode(name, "replace")
        return bytes(range(128)).decode(name) == bytes(range(128)).decode("ascii") and not known.startswith(
            ("utf", "iso2022", "hz", "unicode", "raw_unicode", "punycode", "idna")
        )
    except UnicodeError:
        return False


def find_encoding(lines: Sequence[bytes], where: object) -> str:
    """Return the encoding of lines of which none is ASCII.

    Args:
        lines: some of them.
        where: the first one's place, for messages.

    Raises:
        UserError: more than one would do.
    """
    if sum(map(_is_utf8, lines)) >= _MOSTLY * len(lines):
        return "utf-8"
    # Without what stands between them: SMILES and numbers look like some language too.
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
    """Return the error of a line that is no text in the encoding that was stated, or that the first bytes show."""
    return UserError(
        f"the text is not {name}",
        where=where,
        value=text[:100],
        allowed=f"text in the encoding {name}",
        fix="leave encoding out, so that it is found out, or set it to what the file has (often cp1252)"
        if name != "cp1252"
        else "leave encoding out, so that it is found out, or set it to what the file has",
    )


def _is_odd(text: str) -> bool:
    """Whether a reading has what no text has: controls, boxes; a capital or another script between small letters."""
    inside = re.findall(r"(?<=[a-z])([^\x00-\x7f])(?=[a-z])", text)
    return any("\x80" <= letter < "\xa0" or "\u2500" <= letter < "\u25a0" for letter in text) or any(
        letter.isupper() or letter == "€" or not unicodedata.name(letter, "LATIN").startswith(("LATIN", "MICRO"))
        for letter in inside
        if letter.isalpha() or letter == "€"
    )


def _is_utf8(data: bytes) -> bool:
    return _read_as(data, "utf-8") is not None


def _is_western(words: Sequence[bytes]) -> bool:
    text = _read_as(b" ".join(words), "cp1252")
    if text is None or not {character for character in text if character > "\x7f"} <= _WESTERN:
        return False
    # Another script's letters come one after the other; é and µ stand between others.
    runs = re.findall(r"[^\x00-\x7f]+", text)
    alone = sum(len(run) == 1 for run in runs)
    inside = re.findall(r"(?<=[A-Za-z])([^\x00-\x7f])(?=[A-Za-z])", text)
    return alone >= 0.7 * len(runs) and not _IN_WORDS.intersection(inside)


def _read_as(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError):
        return None
