"""SDF as records: cut at ``$$$$`` before RDKit sees it, so that no record can spoil the next or outgrow memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from halogenator import limits
from halogenator.storage.readers_base import Lines, Record, find_column

MAX_RECORD = 10_000_000  # bytes that a record may take in memory
MAX_ATOMS = (
    5_000  # atoms of a record, hydrogens and counterions included; the time to write a SMILES is quadratic in it
)

# Atoms that a record announces: RDKit reads as many, or refuses it.
_COUNTS = re.compile(r"(?:.*\n){3}(?:(?P<old>[ \d]{3}).*V2000|.*V3000\n(?:.*\n)*?M  V30 COUNTS +(?P<new>\d+))")

_LINE_OVERHEAD = 64  # bytes that CPython adds to each str in a list


def sdf_blocks(lines: Lines) -> Iterator[str | None]:
    """Yield the text of each record, without its ``$$$$``; None for one that takes more than ``MAX_RECORD``."""
    block: list[str] = []
    size = 0
    for line in lines:
        if line is not None and line.startswith("$$$$"):
            yield "\n".join(block) + "\n" if size <= MAX_RECORD else None
            block, size = [], 0
            continue
        size += MAX_RECORD + 1 if line is None else len(line) + _LINE_OVERHEAD
        if size > MAX_RECORD or line is None:
            block.clear()
        else:
            block.append(line)
    if size > MAX_RECORD or any(line.strip() for line in block):
        yield "\n".join(block) + "\n" if size <= MAX_RECORD else None


def sdf_records(lines: Lines, id_column: str | None) -> Iterator[Record]:
    """Yield a record per molecule; its id is the property ``id_column`` if named, else title, else a known property."""
    parse = _sdf_parser()
    for row, block in enumerate(sdf_blocks(lines), 1):
        if block is None:
            yield Record(
                row, None, None, None, f"SDF record larger than {MAX_RECORD:,} bytes, or a line of it too long"
            )
            continue
        name = _sdf_id(block, id_column)
        slow = limits.begin(row)
        smiles, problem = (None, slow) if slow else parse(block)
        yield Record(row, name, None, smiles, f"SDF record has no readable molecule: {problem}" if problem else None)


def sdf_properties(block: str) -> dict[str, str]:
    """Return the first line of each property of a record."""
    lines = block[max(block.find("M  END"), 0) :].split("\n")
    properties: dict[str, str] = {}
    for line, value in pairwise(lines):
        if line.startswith(">") and 0 < (start := line.find("<") + 1) < (end := line.rfind(">")):
            properties.setdefault(line[start:end], value.strip())
    return properties


def announced_atoms(block: str) -> int:
    """Return the number of atoms in a record's counts line; 0 where there is none."""
    found = _COUNTS.match(block)
    digits = (found["new"] or found["old"]).strip() if found else ""
    return int(digits[:9]) if digits.isdecimal() else 0


def check_sdf_property(lines: Lines, where: object, name: str) -> None:
    """Check that one of the records has the property.

    Raises:
        UserError: none has.
    """
    blocks = (block for block in sdf_blocks(lines) if block is not None)
    find_column("id", list(dict.fromkeys(key for block in blocks for key in sdf_properties(block))), where, name)


def _sdf_id(block: str, id_column: str | None) -> str | None:
    title = block.partition("\n")[0].replace("\0", "").strip()
    if title and not id_column:
        return title
    properties = sdf_properties(block)
    if id_column:
        return properties.get(id_column) or None
    names = list(properties)
    found = find_column("id", names, None, None)
    return None if found is None else properties[names[found]] or None


def _sdf_parser() -> Callable[[str], tuple[str | None, str | None]]:
    """Return the function from a record's text to its SMILES, or to None and the reason."""
    from rdkit import Chem, rdBase

    def parse(block: str) -> tuple[str | None, str | None]:
        if "\0" in block:
            return None, "NUL byte in the record"
        if announced_atoms(block) > MAX_ATOMS:
            return None, f"{announced_atoms(block):,} atoms; at most {MAX_ATOMS:,} are read"
        try:
            with rdBase.BlockLogs():
                molecule = Chem.MolFromMolBlock(block)
                if molecule is not None:
                    return Chem.MolToSmiles(molecule), None
                return None, _rdkit_reason(block, Chem, rdBase)
        except (RuntimeError, ValueError) as error:  # what RDKit's own checks raise
            return None, _first_sentence(str(error))

    return parse


def _rdkit_reason(block: str, chem: Any, rd_base: Any) -> str:
    """Have RDKit say what is wrong: of its readers, only the SDF supplier writes parse errors to the error log."""
    with rd_base.CaptureErrorLog() as log:
        supplier = chem.SDMolSupplier()
        supplier.SetData(f"{block}$$$$\n")
        if len(supplier):
            supplier[0]
    return _first_sentence(log.messages)


def _first_sentence(messages: str) -> str:
    """Return the line of RDKit's log that says what happened, without time stamps, banners and stack traces."""
    for line in messages.splitlines():
        text = line[line.startswith("[") and line.find("] ") + 2 :].removeprefix("ERROR: ").strip(" *")
        if text and not text.endswith(" Violation"):
            return text
    return "it has no molecule"
