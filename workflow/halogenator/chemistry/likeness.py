"""Likeness to a molecule: Tanimoto of Morgan fingerprints, and how much of it a product can have, told by its parent.

A *graft* (``chemistry.grafts``) changes the surroundings of its anchors only. The bits of a fingerprint stand for
surroundings of atoms, of radius 0, 1 and 2. Those without an anchor or an atom that comes or leaves are the same in
parent and product, with all that RDKit's invariants see of them: element, neighbours, hydrogens, charge, isotope, ring.
Nor does another choice fall among surroundings of the same bonds, of which RDKit keeps one: they have the same atoms,
so either all of them are changed or none. So of each anchor at most 1 + n1 + n2 surroundings change, where n1 and n2
count the atoms at most one and two bonds away, and of each atom that comes or leaves its own three. A product has the
other bits of its parent, and no more new ones than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, DataStructs

from halogenator.chemistry.maxmin import BITS, RADIUS, morgan_generator
from halogenator.chemistry.parent import is_flat, read_flat

_TINY = 1e-9  # by which a bound may be too low, as numbers are rounded
_OF_AN_ATOM = RADIUS + 1  # surroundings that it is the centre of
Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Reach:
    """How much a graft changes.

    Attributes:
        anchors, new, removed: numbers of atoms.
    """

    anchors: int
    new: int
    removed: int


@dataclass
class Known:
    """What is known of the fingerprints of molecules, one value each.

    Attributes:
        common: bits that an ancestor has in common with the query.
        bits: bits of the ancestor.
        near, far: the most atoms that are at most one, and at most two bonds away from an atom of the molecule.
        lost, gained: bits that the molecule may lack, and may have more, compared with the ancestor; both 0 if it is
            its own ancestor.
    """

    common: Counts
    bits: Counts
    near: Counts
    far: Counts
    lost: Counts
    gained: Counts

    @classmethod
    def nothing(cls, rows: int) -> Known:
        """Return that nothing is known of some molecules."""
        return cls(*(np.zeros(rows, np.int32) for _ in range(4)), *(np.full(rows, BITS, np.int32) for _ in range(2)))

    @classmethod
    def zeros(cls, rows: int) -> Known:
        """Return a place for what will be known of some molecules, which takes no memory until it is put there."""
        return cls(*(np.zeros(rows, np.int32) for _ in range(6)))

    def take(self, rows: npt.NDArray[np.int64]) -> Known:
        """Return what is known of some of them; of row -1 nothing is."""
        if not len(self.bits):
            return Known.nothing(len(rows))
        found = Known(*(values[rows] for values in vars(self).values()))
        for values, unknown in zip(vars(found).values(), (0, 0, 0, 0, BITS, BITS), strict=True):
            values[rows < 0] = unknown
        return found

    def put(self, rows: npt.NDArray[np.int64], other: Known) -> None:
        """Set what is known of some of them."""
        for values, new in zip(vars(self).values(), vars(other).values(), strict=True):
            values[rows] = new

    def after(self, *reaches: Reach) -> Known:
        """Return what is known of products of these molecules, after grafts one after the other."""
        found = self
        for reach in reaches:
            found = found._after_one(reach)
        return found

    def _after_one(self, reach: Reach) -> Known:
        """Return what is known after one graft. The next has the new atoms of this one near its anchors."""
        around = reach.anchors * (1 + self.near + self.far)
        return Known(
            self.common,
            self.bits,
            self.near + reach.new,
            self.far + reach.new,
            np.minimum(self.lost + around + _OF_AN_ATOM * reach.removed, BITS).astype(np.int32),
            np.minimum(self.gained + around + _OF_AN_ATOM * reach.new, BITS).astype(np.int32),
        )


class Likeness:
    """The likeness to a molecule, which is prepared as an input is.

    Args:
        text: its SMILES.
        least: the least Tanimoto that counts.

    Attributes:
        least: the same; it may be raised, once there are enough molecules that are more alike.
        size: the number of bits of the molecule's fingerprint.
        is_on: of each bit, whether it is on.

    Raises:
        UserError: it cannot be read.

    Examples:
        >>> quercetin = Likeness("O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12")
        >>> known = quercetin.of(["O=c1c(O)c(-c2ccc(O)cc2)oc2cc(O)cc(O)c12"], stored=True)  # kaempferol
        >>> quercetin.most(known).round(2)
        array([0.78])
    """

    def __init__(self, text: str, least: float = 0.0) -> None:
        from halogenator.chemistry.sought import sought  # and with it RDKit's standardisation

        self.least = least
        self._bits = morgan_generator().GetFingerprint(sought(text, "similar").mol)
        self.size = int(self._bits.GetNumOnBits())
        self.is_on = np.zeros(BITS, np.bool_)
        self.is_on[list(self._bits.GetOnBits())] = True

    def of(self, smiles: list[str], *, stored: bool, with_reach: bool = True) -> Known:
        """Return what the fingerprints of molecules themselves say; a molecule that RDKit cannot read has no bits.

        Args:
            smiles: their SMILES.
            stored: whether this program wrote them.
            with_reach: whether something is to be told of their products.
        """
        found = Known(*(np.zeros(len(smiles), np.int32) for _ in range(6)))
        for row, text in enumerate(smiles):
            mol = _read(text, stored=stored)
            if mol is None:
                continue
            bits = morgan_generator().GetFingerprint(mol)
            found.common[row] = (self._bits & bits).GetNumOnBits()
            found.bits[row] = bits.GetNumOnBits()
            if with_reach:
                found.near[row], found.far[row] = _around(mol)
        return found

    def may_count(self, known: Known) -> npt.NDArray[np.bool_]:
        """Return which molecules may be as alike as they have to be."""
        found: npt.NDArray[np.bool_] = self.most(known) >= self.least - _TINY
        return found

    def most(self, known: Known) -> npt.NDArray[np.float64]:
        """Return the highest Tanimoto that molecules can have: their own, if nothing is lost or gained."""
        gained = np.minimum(known.gained, self.size - known.common)
        lost = np.minimum(known.lost, known.bits - known.common)
        union = self.size + known.bits - lost - known.common
        most: npt.NDArray[np.float64] = (known.common + gained) / np.maximum(union, 1)
        return most

    def own(self, common: Counts, bits: Counts) -> npt.NDArray[np.float64]:
        """Return the Tanimoto of molecules by the number of their bits, and of those in common with this one."""
        found: npt.NDArray[np.float64] = common / np.maximum(self.size + bits - common, 1)
        return found


def packed_fingerprints(smiles: Sequence[str], *, stored: bool) -> npt.NDArray[np.uint8]:
    """Return (molecule, byte): fingerprints, eight bits a byte, bit 0 the lowest; none are on if RDKit cannot read it.

    Args:
        smiles: SMILES of the molecules.
        stored: whether this program wrote them.
    """
    found = np.zeros((len(smiles), BITS // 8), np.uint8)
    for row, text in enumerate(smiles):
        mol = _read(text, stored=stored)
        if mol is not None:
            bits = morgan_generator().GetFingerprint(mol)
            found[row] = np.frombuffer(DataStructs.BitVectToBinaryText(bits), np.uint8)
    return found


def _read(smiles: str, *, stored: bool) -> Chem.Mol | None:
    """Return a molecule for its fingerprint; None if RDKit cannot read it."""
    return read_flat(smiles, all_rings=False) if stored and is_flat(smiles) else Chem.MolFromSmiles(smiles)


def _around(mol: Chem.Mol) -> tuple[int, int]:
    """Return the most atoms that are at most one, and at most two bonds away from an atom, which is one of them."""
    distances: Any = Chem.GetDistanceMatrix(mol)
    return tuple(int((distances <= bonds).sum(axis=0).max()) for bonds in (1, 2))  # type: ignore[return-value]
