"""SDF as records: cut at ``$$$$`` before RDKit sees it, so that no record can spoil the next or outgrow memory.

An SDF has no list of its tags: those of the first records tell which is the id, and a pass over all lines finds the
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.column_choice import Choice, check_listed, choose
from halogenator.inputs.molfile import read_block
from halogenator.inputs.rows import Lines, Record, Source, make_record, not_text
from halogenator.model import Reading

MAX_RECORD = 10_000_000  # bytes that a record may take in memory
MAX_TAGS = 1_000  # distinct tags of a file that come along
TITLE = "title line"  # what the first line of a record is called among the tags

_SAMPLE_LINES, _SAMPLE_RECORDS = 20_000, 200
_LINE_OVERHEAD = 64  # bytes that CPython adds to each str in a list


class Tags(NamedTuple):
    """What an SDF's tags are taken for: the names of those of id, name and others."""

    id: str | None
    name: str | None
    others: tuple[str, ...]


def sdf_blocks(lines: Lines) -> Iterator[str | None]:
    """Yield the text of each record, without its ``$$$$``; None for one that takes more than ``MAX_RECORD``."""
    for block, _ in _blocks(lines):
        yield block


def sdf_records(lines: Lines, tags: Tags) -> Iterator[Record]:
    """Yield a record per molecule, with its molecule as CXSMILES."""
    for row, (block, not_decoded) in enumerate(_blocks(lines), 1):
        if block is None:
            problem = f"SDF record larger than {MAX_RECORD:,} bytes, or a line of it too long"
            yield make_record(row, None, None, extra=(None,) * len(tags.others), problem=problem)
            continue
        found = sdf_properties(block)
        identifier, name = (None if tag is None else found.get(tag) for tag in (tags.id, tags.name))
        extra = tuple([found.get(tag) for tag in tags.others])
        smiles, reason = read_block(block, row)
        identifier = identifier.split("\n")[0] if identifier else None
        name = name.split("\n")[0] if name else None
        yield make_record(row, smiles, identifier, name, extra, not_decoded or reason)


def sdf_tags(lines: Lines, where: object, reading: Reading, like: Source | None) -> Tags:
    """Return what the tags are taken for, by the first records, which still come.

    Raises:
        UserError: ``smiles_column`` is set; or a tag that is named is in no record of a short file.
    """
    if reading.smiles_column:
        raise UserError(
            "smiles_column is set for an SDF, whose molecules are its structures",
            where=where,
            value=reading.smiles_column,
            fix="leave smiles_column out",
        )
    taken = lines.peek(_SAMPLE_LINES)
    every = list(islice(_blocks(Lines.of(taken)), _SAMPLE_RECORDS + 1))
    whole = len(taken) < _SAMPLE_LINES and len(every) <= _SAMPLE_RECORDS and not _is_cut(taken)
    records = [sdf_properties(block) for block, _ in (every if whole or len(every) == 1 else every[:-1]) if block]
    names = _in_order(records)
    if whole:
        check_listed(names, reading, where)
    elif reading.id_column and reading.id_column not in names:
        names = (*names, reading.id_column)  # further down, it may be
    return _chosen(names, records, reading, where, like)


def all_tags(lines: Lines, tags: Tags, where: object, reading: Reading) -> Tags:
    """Return the tags with all that any record of the file has among the others.

    Raises:
        UserError: a tag that is named is in no record, or there are more than ``MAX_TAGS``.
    """
    names: dict[str, None] = dict.fromkeys([TITLE])
    titled, at_title = False, True
    for line in lines:
        if at_title:
            titled = titled or bool(line and line.strip())
            at_title = False
        elif line and line[0] == ">" and (name := _tag(line)) is not None:
            names.setdefault(name)
            if len(names) > 100 * MAX_TAGS:
                break
        elif line and line.startswith("$$$$"):
            at_title = True
    if not titled:
        names.pop(TITLE)
    if reading.id_column and reading.id_column not in names:
        _chosen(tuple(names), [], reading, where, None)  # raises
    check_listed(tuple(names), reading, where)
    others = [name for name in names if name not in (tags.id, tags.name)]
    if reading.columns == "none":
        others = []
    elif not isinstance(reading.columns, str):
        others = [name for name in others if name in reading.columns]
    if len(others) > MAX_TAGS:
        raise UserError(
            "the SDF has more tags than can come along as columns",
            where=where,
            value=f"{len(others):,} tags: {', '.join(others[:5])}, …",
            allowed=f"at most {MAX_TAGS:,}",
            fix="name those to bring along, columns: [...], or set columns: none",
        )
    return Tags(tags.id, tags.name, tuple(others))


def sdf_properties(block: str) -> dict[str, str]:
    """Return the values of a record's tags, of several lines where they have them, and its title line."""
    title = block.partition("\n")[0].strip()
    found = {TITLE: title} if title else {}
    tag: str | None = None
    for line in block[max(block.find("M  END"), 0) :].split("\n"):
        if tag is None:
            tag = _tag(line) if line.startswith(">") else None
        elif line.strip():
            found[tag] = f"{found[tag]}\n{line.strip()}" if tag in found else line.strip()
        else:
            tag = None
    return found


def _chosen(
    names: Sequence[str], records: Sequence[dict[str, str]], reading: Reading, where: object, like: Source | None
) -> Tags:
    rows = [[record.get(name) for name in names] for record in records]
    title = list(names).index(TITLE) if TITLE in names else None
    choice: Choice = choose(names, rows, reading, where, like=like, structures=True, title=title)
    identifier, name = (None if i is None else names[i] for i in (choice.id, choice.name))
    if like is not None:
        identifier = like.id if reading.id_column is None and like.id in names else identifier
        name = like.name if like.name in names and like.name != identifier else name
    return Tags(identifier, name, tuple(names[i] for i in choice.others))


def _in_order(records: Sequence[dict[str, str]]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    return tuple(names)


def _tag(line: str) -> str | None:
    start, end = line.find("<") + 1, line.rfind(">")
    return line[start:end] if 0 < start < end else None


def _is_cut(taken: Sequence[str | None]) -> bool:
    """Return whether ``peek`` may have stopped for the sake of memory."""
    return sum(len(line or "") for line in taken) > 1_900_000


def _blocks(lines: Lines) -> Iterator[tuple[str | None, str | None]]:
    """Yield each record's text, None where it is too large, and what is wrong with a line of it."""
    block: list[str] = []
    size, problem = 0, None
    for line in lines:
        if line is not None and line.startswith("$$$$"):
            yield ("\n".join(block) + "\n" if size <= MAX_RECORD else None), problem
            block, size, problem = [], 0, None
            continue
        size += MAX_RECORD + 1 if line is None else len(line) + _LINE_OVERHEAD
        if size > MAX_RECORD or line is None:
            block.clear()
        else:
            problem = problem or not_text(line)
            block.append(line)
    if size > MAX_RECORD or any(line.strip() for line in block):
        yield ("\n".join(block) + "\n" if size <= MAX_RECORD else None), problem
