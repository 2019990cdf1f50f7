"""SDF files as records. They are cut at ``$$$$`` before RDKit sees them, so that no record can spoil the next one.

An SDF has no list of its tags. Those of the first records show which one is the id; all lines are read to find the
others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from halogenator.errors import UserError
from halogenator.inputs.column_choice import check_listed, choose, named, wanted
from halogenator.inputs.lines import Lines
from halogenator.inputs.molfile import read_molfile
from halogenator.inputs.rows import SAMPLE_ROWS, Opened, Record, Source, make_record, not_text, text_type, too_much
from halogenator.model import Reading

MAX_RECORD = 10_000_000  # bytes of a record in memory
MAX_TAGS = 1_000  # distinct tags of a file that are kept as columns
TITLE = "title line"  # the name, among tags, of the first line of a record

_COUNTS = re.compile(r"[ \d]{5}\d.*V[23]000\s*$")  # the fourth line of a record

_SAMPLE_LINES = 20_000
_SAMPLE_CHARACTERS = 1_900_000  # a little less than ``Lines.peek`` gives at most
_LINE_OVERHEAD = 64  # bytes that CPython needs for each str in a list


def open_sdf(
    lines: Lines, where: object, reading: Reading, like: Source | None, all_lines: Iterable[str | None] | None = None
) -> Opened:
    """Choose the tags that are id, name and other columns, by the first records.

    Args:
        lines: the lines of the file.
        where: the file, for messages.
        reading: what the user says of the columns.
        like: the columns of an earlier file of the same library; its other columns are taken here too.
        all_lines: the same lines once more, to find all tags; None: the tags of the first records are taken.

    Raises:
        UserError: ``smiles_column`` is set, a tag is missing, or there are more than ``MAX_TAGS`` tags.
    """
    if reading.smiles_column:
        raise UserError(
            "smiles_column is set for an SDF, whose molecules are its structures",
            where=where,
            value=reading.smiles_column,
            fix="leave smiles_column out",
        )
    taken = lines.peek(_SAMPLE_LINES)
    every = list(islice(_blocks(Lines.of(taken)), SAMPLE_ROWS + 1))
    short = len(taken) < _SAMPLE_LINES and sum(len(line or "") for line in taken) <= _SAMPLE_CHARACTERS
    whole = short and len(every) <= SAMPLE_ROWS
    records = [sdf_properties(block) for block, _ in (every if whole or len(every) == 1 else every[:-1]) if block]
    names = list(dict.fromkeys(name for record in records for name in record))
    if whole:
        check_listed(names, reading, where)
    elif reading.id_column and reading.id_column not in names:
        names.append(reading.id_column)  # later records may have it
    source = _source(names, records, reading, where, like)
    if all_lines is not None:
        source = source._replace(others=_other_tags(all_lines, source, where, reading))
    elif like is not None:
        source = source._replace(others=tuple((name, text_type()) for name, _ in like.others))
    return Opened(source, lambda: _records(lines, source))


def count_records(lines: Lines) -> int:
    """Return the number of records of an SDF."""
    return sum(1 for _ in _blocks(lines))


def sdf_properties(block: str) -> dict[str, str]:
    """Return {tag: value} of a record, with its title line. A value can have several lines."""
    title = block.partition("\n")[0].strip()
    found = {TITLE: title} if title else {}
    tag: str | None = None
    for line in block[max(block.find("\nM  END"), 0) :].split("\n"):
        if tag is None:
            tag = _tag(line) if line.startswith(">") else None
        elif line.strip():
            found[tag] = f"{found[tag]}\n{line.strip()}" if tag in found else line.strip()
        else:
            tag = None
    return found


def _source(
    names: Sequence[str], records: Sequence[dict[str, str]], reading: Reading, where: object, like: Source | None
) -> Source:
    rows = [[record.get(name) for name in names] for record in records]
    title = list(names).index(TITLE) if TITLE in names else None
    return choose(names, rows, reading, where, like=like, structures=True, title=title).source(names)


def _other_tags(
    lines: Iterable[str | None], source: Source, where: object, reading: Reading
) -> tuple[tuple[str, object], ...]:
    """Return the (name, type) of all tags in the file that are kept, without those of the id and the name."""
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
    if reading.id_column:
        named(list(names), reading.id_column, "id_column", where)  # raises if no record has it
    check_listed(list(names), reading, where)
    others = ["" if name in (source.id, source.name) else name for name in names]
    others = [others[i] for i in wanted(others, reading)]
    if len(others) > MAX_TAGS:
        raise UserError(
            "the SDF has more tags than can come along as columns",
            where=where,
            value=f"{len(others):,} tags: {', '.join(others[:5])}, …",
            allowed=f"at most {MAX_TAGS:,}",
            fix="name those to bring along, columns: [...], or set columns: none",
        )
    return tuple((name, text_type()) for name in others)


def _records(lines: Lines, source: Source) -> Iterator[Record]:
    for row, (block, not_decoded) in enumerate(_blocks(lines), 1):
        if block is None:
            problem = f"SDF record larger than {MAX_RECORD:,} bytes, or a line of it too long"
            yield make_record(row, None, None, extra=(None,) * len(source.others), problem=problem)
            continue
        found = sdf_properties(block)
        identifier, name = (found.get(tag or "", "").partition("\n")[0] for tag in (source.id, source.name))
        extra = tuple([found.get(tag) for tag, _ in source.others])
        smiles, reason = read_molfile(block, row)
        yield make_record(row, smiles, identifier, name, extra, not_decoded or reason or too_much(extra))


def _tag(line: str) -> str | None:
    start, end = line.find("<") + 1, line.rfind(">")
    return line[start:end] if 0 < start < end else None


def _is_title(following: Lines) -> bool:
    """Return whether a line ``$$$$`` at the beginning of a record is its title: the counts come three lines later."""
    lines = following.peek(3)
    return len(lines) == 3 and _COUNTS.match(lines[2] or "") is not None


def _blocks(lines: Lines) -> Iterator[tuple[str | None, str | None]]:
    """Yield the text of each record, None if it is too large, and the problem of its lines, if they have one."""
    block: list[str] = []
    size, problem = 0, None
    for line in lines:
        if line is not None and line.startswith("$$$$") and not (size == 0 and _is_title(lines)):
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
