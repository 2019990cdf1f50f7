"""Fingerprints as packed bytes, for columns that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fingerprint:
    """A kind of fingerprint.

    Attributes:
        name: name in options and configuration; the column is called fp_<name>.
        bits: number of bits.
        text: what it is.
        maker: function that returns a function from a molecule to RDKit's bit vector.
    """

    name: str
    bits: int
    text: str
    maker: Callable[[int], Callable[[Any], Any]]

    @property
    def meaning(self) -> str:
        """What the bytes of the column mean."""
        return f"{self.text}; bit i is bit i % 8 of byte i // 8: numpy.unpackbits(…, bitorder='little')[:{self.bits}]"


def _morgan(bits: int) -> Callable[[Any], Any]:
    from halogenator.chemistry.maxmin import morgan_generator

    return morgan_generator().GetFingerprint  # type: ignore[no-any-return]


def _paths(bits: int) -> Callable[[Any], Any]:
    from rdkit.Chem import rdFingerprintGenerator

    return rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=bits).GetFingerprint  # type: ignore[no-any-return]


def _maccs(bits: int) -> Callable[[Any], Any]:
    from rdkit.Chem import rdMolDescriptors

    return rdMolDescriptors.GetMACCSKeysFingerprint  # type: ignore[no-any-return]


FINGERPRINTS = {
    each.name: each
    for each in (
        Fingerprint("morgan", 2048, "Morgan, radius 2, 2048 bits, that of find and diverse; close to ECFP4", _morgan),
        Fingerprint("rdkit", 2048, "RDKit's, of paths of 1 to 7 bonds, 2048 bits", _paths),
        Fingerprint("maccs", 167, "MACCS keys 1 to 166 as RDKit has them; bit 0 is never set", _maccs),
    )
}


def packed(name: str, smiles: Sequence[str]) -> list[Any]:
    """Return a fingerprint of each molecule as bytes, or its RejectError if it cannot be read.

    Examples:
        >>> [found] = packed("morgan", ["CCO"])
        >>> len(found), sum(byte.bit_count() for byte in found)
        (256, 6)
    """
    from rdkit import DataStructs

    from halogenator.chemistry.molecules import RejectError, parse_smiles

    make = FINGERPRINTS[name].maker(FINGERPRINTS[name].bits)
    found: list[Any] = []
    for text in smiles:
        try:
            found.append(DataStructs.BitVectToBinaryText(make(parse_smiles(text))))
        except RejectError as error:
            found.append(error)
    return found
