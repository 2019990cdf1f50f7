"""Molecules that people look for: read as an input is, so that any form of writing means the same."""

from __future__ import annotations

from contextlib import suppress

from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.prepare import Prepared, prepare
from halogenator.errors import UserError
from halogenator.model import Reading

_USUAL, _AS_DRAWN = Reading(), Reading(fragments="keep", charges="keep")


def sought(text: str, where: str) -> Prepared:
    """Return the molecule of a SMILES, prepared as that of an input.

    Args:
        text: the SMILES.
        where: the option or key that has it, for messages.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return prepare(text, _USUAL)
    except RejectError as error:
        raise UserError(
            f"this is no molecule: {error}",
            where=where,
            value=text,
            allowed="a SMILES of one molecule, such as Oc1ccccc1",
            fix="mend what is misspelt; in a shell put it in quotes, '…'; a name is looked for with parent",
        ) from error


def forms(text: str, where: str) -> list[tuple[str, str | None]]:
    """Return (SMILES, enhanced stereo) of a molecule as a library has it: prepared, and with its charges and fragments.

    Raises:
        UserError: it cannot be read.
    """
    sought(text, where)  # which says what is wrong with it
    return prepared_forms(text)


def prepared_forms(text: str) -> list[tuple[str, str | None]]:
    """Return what ``forms`` does, for texts of a file.

    Raises:
        RejectError: it cannot be read.
    """
    found = [prepare(text, _USUAL)]
    if found[0].prepared:
        with suppress(RejectError):
            found.append(prepare(text, _AS_DRAWN))
    return list(dict.fromkeys((each.smiles, each.enhanced_stereo) for each in found))
