"""Molecules that people look for: read as an input is, so that any form of writing means the same."""

from __future__ import annotations

from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.prepare import Prepared, prepare
from halogenator.errors import UserError
from halogenator.model import Reading

_USUAL, _AS_DRAWN = Reading(), Reading(fragments="keep", charges="keep")


def sought(text: str, where: str, reading: Reading = _USUAL) -> Prepared:
    """Return the molecule of a SMILES, prepared as that of an input.

    Args:
        text: the SMILES.
        where: the option or key that has it, for messages.
        reading: what is done to it.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return prepare(text, reading)
    except RejectError as error:
        raise UserError(
            f"this is no molecule: {error}",
            where=where,
            value=text,
            allowed="a SMILES of one molecule, such as Oc1ccccc1",
            fix="put it in quotes, '…', and mend what is misspelt; a name is looked for with parent",
        ) from error


def forms(text: str, where: str) -> list[tuple[str, str | None]]:
    """Return (SMILES, enhanced stereo) of a molecule as a library has it: prepared, and with its charges and fragments.

    Raises:
        UserError: it cannot be read.
    """
    found = [sought(text, where, reading) for reading in (_USUAL, _AS_DRAWN)]
    return list(dict.fromkeys((each.smiles, each.enhanced_stereo) for each in found))
